// Package convention holds the rules of a house: what works without, and what a stack asks of itself all the same.
//
// A stack asks for a convention with a field of conventions, and for the usual hygiene with the severity of a rule, whose
// names are kube-linter's where both look for the same thing. What is asked for is judged by its effect where it has one: a
// NetworkPolicy by what it lets through and not by its name, a range of addresses by what is in it.
//
// What concerns a namespace as a whole is judged only where the whole stack is.
package convention

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"

	"sluice/render"
	"sluice/validate"
)

// Rules are the conventions, then the hygiene, in the order in which they are explained.
func Rules() []validate.Rule {
	house := slices.Concat(namespaceRules, networkRules, placementRules, fileRules, imageRules)
	house[0].Check = judgeHouse
	for i := range house {
		house[i].Convention = statedBy[house[i].ID]
		if house[i].ID == namespaceSuffix || house[i].ID == kustomizationNamespace {
			house[i].About = "app"
		}
	}
	clean := slices.Concat(resourceRules, probeRules, privilegeRules, accessRules, replicaRules)
	clean[0].Check = judgeHygiene
	return append(house, clean...)
}

// statedBy are the conventions that ask for a rule. latestTag is not here: its severity asks for it too.
var statedBy = map[string]string{
	namespaceSuffix: "namespaceSuffix", sharedNamespace: "oneAppPerNamespace", missingQuota: "quota", missingLimits: "quota",
	noDefaultDeny: "networkPolicies", missingAllow: "networkPolicies", internetEgress: "networkPolicies",
	missingSpread: "topologySpread", nodeRole: "nodeRole", podCIDR: "podCIDR", kustomizationNamespace: "kustomizationNamespace",
	noDigest: "images", registry: "images",
}

// settings are the conventions of a plan; what is nil is not asked for.
type settings struct {
	NamespaceSuffix        *suffixes             `json:"namespaceSuffix"`
	OneAppPerNamespace     *struct{ Shared set } `json:"oneAppPerNamespace"`
	NetworkPolicies        *policies             `json:"networkPolicies"`
	Quota                  *quota                `json:"quota"`
	TopologySpread         *spread               `json:"topologySpread"`
	NodeRole               *roles                `json:"nodeRole"`
	PodCIDR                bool                  `json:"podCIDR"`
	KustomizationNamespace bool                  `json:"kustomizationNamespace"`
	Images                 *images               `json:"images"`
	SecretPaths            any                   `json:"secretPaths"` // judged elsewhere
}

// set is a list of names.
type set []string

func (s set) has(name string) bool { return slices.Contains(s, name) }

// settingsOf reads the conventions of a plan. The definition of a stack has held them to their types already; a plan that
// was made otherwise may ask for what there is not.
func settingsOf(plan render.Plan) (settings, error) {
	var s settings
	raw, err := json.Marshal(plan.Conventions)
	if err == nil {
		dec := json.NewDecoder(bytes.NewReader(raw))
		dec.DisallowUnknownFields()
		err = dec.Decode(&s)
	}
	if err != nil {
		return s, fmt.Errorf("reading the conventions of the stack: %w", err)
	}
	return s, nil
}

// judge is the judgement of one stack.
type judge struct {
	settings
	in        validate.Input
	tier      map[string]string // by layer
	spaces    map[string]*space
	names     []string // of spaces, sorted
	workloads []*workload
	wide      *render.Object // a policy for several namespaces; nil where there is none
	found     []validate.Finding
	unchecked []validate.Unchecked
}

// judgeHouse holds a stack to its conventions.
func judgeHouse(ctx context.Context, in validate.Input) ([]validate.Finding, []validate.Unchecked, error) {
	if len(in.Plan.Conventions) == 0 && !asked(in.Plan, latestTag) {
		return nil, nil, nil
	}
	s, err := settingsOf(in.Plan)
	if err != nil {
		return nil, nil, err
	}
	j := newJudge(in)
	j.settings = s
	for _, look := range []func() error{
		j.suffix, j.apart, j.isolation, j.bounds, j.spreading, j.role, j.pool, j.kustomizations, j.pictures,
	} {
		if err := errors.Join(ctx.Err(), look()); err != nil {
			return nil, nil, err
		}
	}
	return j.found, j.unchecked, nil
}

// asked says whether a stack asks for a rule by its severity.
func asked(plan render.Plan, rule string) bool {
	word, stated := plan.Severities[rule]
	return stated && word != "off"
}

// say adds a finding of a rule about a field of an object.
func (j *judge) say(rule string, o *render.Object, at render.Path, message string) {
	f := validate.On(o, slices.Clone(at), message)
	f.Rule = rule
	j.found = append(j.found, f)
}

// sayOf adds a finding about an app as the stack has it.
func (j *judge) sayOf(rule string, app render.App, message string) {
	j.found = append(j.found, validate.Finding{Rule: rule, App: app.Name, Pos: app.Pos, Message: message})
}
