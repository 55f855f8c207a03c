// Package policy judges rendered objects by the policies of a stack, which are CUE.
//
// A policy says in match which objects it is about, and in check what they are unified with: what contradicts is a
// finding, and so is a field that check marks as required ("field!") and the object lacks. The files of the stack are
// compiled once more, here, so that nothing else has to know what a policy is. One that is wrong in itself, or that fails
// a test of its own, is an error with its place, and the others judge all the same.
//
// Placeholders are unified as any value, or where text surrounds them as any string. What depends on one, or on a field
// that the object does not have, is not decided, and said to be unchecked.
package policy

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"cuelang.org/go/cue"

	"sluice/render"
	"sluice/validate"
)

// ruleGeneric is the rule about policies themselves; that of a policy is called "policy-" and its name.
const ruleGeneric = "policy"

// patience is how long one evaluation of CUE may take. No context ends it, so it is left behind.
const patience = 20 * time.Second

// slow is how long a policy may take for all objects together before it is said.
const slow = time.Second

// Watch is told of policies that take long. It is for people: nothing that it is told is part of a finding. Its zero value
// watches nothing.
type Watch struct {
	Now func() time.Time
	// Slow is told once of a policy that took more than a second.
	Slow func(policy string, took time.Duration)
}

// policy is one policy of a stack.
type policy struct {
	name    string
	pos     render.Position
	value   cue.Value // all of it
	about   match
	check   cue.Value
	apps    []string // nil for all
	layers  []string
	message string // empty where it names fields of the object
	bound   bool   // it has a field object, to be filled in
	off     bool
	rule    validate.Rule
	tests   []test
	broken  bool
}

// book is the policies of a stack.
type book struct {
	encoder
	watch    Watch
	policies []*policy
}

// Rules gives that of [Rule], and one for each policy of the stack that a plan was read from. The first of them
// judges for all.
//
// The error joins what is wrong with policies, an *render.Error for each fault and each test that fails, in the order of
// their places. The rules are complete all the same: that of a wrong policy says that nothing was checked.
func Rules(ctx context.Context, plan render.Plan, watch Watch) ([]validate.Rule, error) {
	generic := Rule()
	said := func(f render.File) bool { return bytes.Contains(f.Data, []byte(policiesField)) }
	b := &book{watch: watch}
	any := false
	for _, f := range plan.Written {
		any = any || said(f)
	}
	if !any {
		return []validate.Rule{generic}, nil
	}
	var faults []*render.Error
	err := bounded(ctx, func(step step) error {
		err := step("the policies of the stack")
		if err != nil {
			return err
		}
		if faults, err = b.read(plan); err != nil {
			return err
		}
		slices.SortFunc(b.policies, func(a, b *policy) int { return strings.Compare(a.name, b.name) })
		failed, err := b.try(step)
		faults = append(faults, failed...)
		return err
	})
	if err != nil {
		return []validate.Rule{generic}, fmt.Errorf("reading the policies of the stack: %w", err)
	}
	generic.Check = b.judge
	rules := []validate.Rule{generic}
	for _, p := range b.policies {
		rules = append(rules, p.rule)
	}
	return rules, join(faults)
}

// step says what is evaluated next. Its error ends the work: nobody waits for it any more.
type step func(what string) error

// errGone is the error of a step.
var errGone = errors.New("nobody waits for it")

// bounded does work that CUE is part of, which looks at no context. The work says before each step what it is about; a
// step that takes too long, or the end of the context, ends the wait and not the work, which ends with the process.
func bounded(ctx context.Context, work func(step) error) error {
	steps, done := make(chan string), make(chan error, 1)
	stop := make(chan struct{})
	defer close(stop)
	go func() {
		defer func() {
			if cause := recover(); cause != nil {
				done <- fmt.Errorf("CUE gave up: %v", cause)
			}
		}()
		done <- work(func(what string) error {
			select {
			case steps <- what:
				return nil
			case <-stop:
				return errGone
			}
		})
	}()
	watch := time.NewTimer(patience)
	defer watch.Stop()
	at := ""
	for {
		select {
		case at = <-steps:
			watch.Reset(patience)
		case err := <-done:
			return err
		case <-ctx.Done():
			return ctx.Err()
		case <-watch.C:
			return &render.Error{
				Err:  fmt.Errorf("evaluating %s took more than %v", at, patience),
				Hint: "look for a comprehension over a long list, or over one inside another",
			}
		}
	}
}
