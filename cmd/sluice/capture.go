package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"

	"sluice/render"
	"sluice/render/hydrate"
)

// mostCaptured bounds a capture; the largest cluster seen has some tens of megabytes.
const mostCaptured = 512 << 20

// capturedSide reads manifests that someone has rendered: one stream, or the files of a directory.
//
// A capture without objects is no error. It is what a pipeline leaves whose first command failed, and the very thing that
// must be seen as the loss of everything.
func (v *invocation) capturedSide(ctx context.Context, o operand, s *side) error {
	var set render.Set
	var text []byte
	stat, err := os.Stat(o.rest)
	switch {
	case o.scheme == "-":
		if text, err = awaited(ctx, func() ([]byte, error) { return captured("standard input", v.in) }); err == nil {
			set, err = s.parse("standard input", text)
		}
	case err != nil:
	case stat.IsDir():
		set, err = s.parseDir(ctx, o.rest)
	default: // a shell's <(...) is a named pipe
		if text, err = awaited(ctx, func() ([]byte, error) { return capturedFile(o.rest) }); err == nil {
			set, err = s.parse(o.rest, text)
		}
	}
	if err != nil {
		return err
	}
	if len(set.Objects) == 0 {
		s.notes = append(s.notes, s.name+" holds no object at all, so everything is compared as lost; "+
			"did the command that captured it fail? (set -o pipefail)")
	}
	s.results = []render.Result{{Set: set}}
	return nil
}

// parseDir reads every manifest of a directory.
func (s *side) parseDir(ctx context.Context, dir string) (render.Set, error) {
	files, err := hydrate.ReadDir(ctx, dir)
	if err != nil {
		return render.Set{}, err
	}
	if _, listed := files[".sluice/inventory"]; listed {
		return render.Set{}, &render.Error{Err: errors.New("the directory is a hydrated tree of many apps"), Hint: "did you mean tree:" + dir + "?"}
	}
	var sets []render.Set
	for _, p := range slices.Sorted(maps.Keys(files)) {
		if !isManifest(p) {
			continue
		}
		set, err := s.parse(filepath.Join(dir, p), files[p])
		if err != nil {
			return render.Set{}, err
		}
		sets = append(sets, set)
	}
	return render.Set{}.Append(sets...), nil
}

// captured reads a stream to its end.
func captured(name string, r io.Reader) ([]byte, error) {
	text, err := io.ReadAll(io.LimitReader(r, mostCaptured+1))
	if err == nil && len(text) > mostCaptured {
		err = fmt.Errorf("it is longer than %d bytes", mostCaptured)
	}
	if err != nil {
		return nil, fmt.Errorf("reading %s: %w", name, err)
	}
	return text, nil
}

func capturedFile(name string) ([]byte, error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return captured(name, f)
}

// parse takes the objects of a capture.
func (s *side) parse(name string, text []byte) (render.Set, error) {
	switch {
	case bytes.HasPrefix(text, []byte("\xff\xfe")) || bytes.HasPrefix(text, []byte("\xfe\xff")):
		return render.Set{}, &render.Error{
			Pos: render.Position{File: name}, Err: errors.New("the text is UTF-16"),
			Hint: "PowerShell writes it with >; capture with | Set-Content -Encoding utf8",
		}
	}
	// Every tool ends its output with a line end. A value that was cut is a valid, shorter one.
	if start := bytes.TrimSpace(text); len(start) > 0 && start[0] != '{' && start[0] != '[' && text[len(text)-1] != '\n' {
		s.notes = append(s.notes, name+" does not end with a line end; it may be cut short")
	}
	text, err := elements(text)
	if err != nil {
		return render.Set{}, fmt.Errorf("reading %s: %w", name, err)
	}
	set, err := render.Parse(name, text)
	if err == nil {
		return set, nil
	}
	// The parser may quote what it stumbles over, and that may be part of a Secret.
	pos := render.Position{File: name}
	var placed *render.Error
	if errors.As(err, &placed) {
		pos = placed.Pos
	}
	return render.Set{}, &render.Error{
		Pos: pos, Err: errors.New("it is no stream of Kubernetes objects from here on"),
		Hint: "is it cut short, or has a message of the tool got into it? its content is not repeated here, for it may be secret",
	}
}

// elements gives the elements of a JSON array of objects, as Argo CD's API has them, as a run of JSON values. Any other text it
// gives as it is.
func elements(text []byte) ([]byte, error) {
	if trimmed := bytes.TrimSpace(text); len(trimmed) == 0 || trimmed[0] != '[' {
		return text, nil
	}
	var list []json.RawMessage
	if json.Unmarshal(text, &list) != nil { // its error quotes the text
		return nil, errors.New("it begins like a JSON array and is none; it may be cut short")
	}
	var lines [][]byte
	for _, one := range list {
		lines = append(lines, one)
	}
	return bytes.Join(lines, []byte("\n")), nil
}
