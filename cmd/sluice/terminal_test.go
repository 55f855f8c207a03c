package main

import (
	"bufio"
	"bytes"
	"errors"
	"strings"
	"testing"

	"sluice/render"
)

func TestNothingThatATerminalObeysIsPrinted(t *testing.T) {
	const hostile = "a\x1b[31mb\u202ec\rd\u009be"
	const want = `a\u001b[31mb\u202ec\u000dd\u009be`
	var fault, notes, names bytes.Buffer
	printError(&fault, &render.Error{Err: errors.New(hostile), Hint: hostile})
	if got := fault.String(); got != "error: "+want+"\nhint: "+want+"\n" {
		t.Errorf("an error: %q", got)
	}
	v := &invocation{err: newProgress(&notes)}
	v.note("of %s\n\tand 日本", hostile)
	if got := notes.String(); got != "of "+want+"\n\tand 日本\n" {
		t.Errorf("a note: %q", got)
	}
	set := render.Set{Objects: []render.Object{{Key: render.Key{Kind: "ConfigMap", Name: hostile + "\nSecret x"}}}}
	w := bufio.NewWriter(&names)
	if err := printObjects(w, "names", []render.Result{{Set: set}}); err != nil {
		t.Fatal(err)
	}
	w.Flush()
	if got := names.String(); got != "ConfigMap "+want+`\nSecret x`+"\n" || strings.Count(got, "\n") != 1 {
		t.Errorf("a name: %q", got)
	}
}
