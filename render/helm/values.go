package helm

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"strings"

	yamlv3 "go.yaml.in/yaml/v3"
	"sigs.k8s.io/yaml"

	"sluice/render"
)

// dialect reads values as one major does. The setters change the map they are given.
type dialect struct {
	read                    func([]byte) (map[string]any, error)
	allDocuments            bool // read merges every document of a file; else it takes the first
	setJSON, set, setString func(string, map[string]any) error
	setFile                 func(string, map[string]any, func([]rune) (any, error)) error
}

// merge gives the user's values and the files read for them. The order is that of helm's MergeValues
// (pkg/cli/values/options.go), with the inline values as the last file.
func (d dialect) merge(r render.Release) (map[string]any, *valueFiles, error) {
	values := map[string]any{}
	files := &valueFiles{dir: r.Dir}
	for _, name := range r.Values.Files {
		raw, err := files.read(name)
		if err != nil {
			return nil, nil, err
		}
		read, err := d.read(raw)
		if err != nil {
			return nil, nil, valuesError(name, raw, err)
		}
		values = mergeMaps(values, read)
		files.unread = append(files.unread, d.unread(name, raw)...)
	}
	// Inline values go through YAML text so that their numbers arrive as a file's would: the reader makes float64 of
	// them, and templates print 1e+06 for a million in the one form and not in the other.
	if len(r.Values.Inline) > 0 {
		raw, err := yaml.Marshal(r.Values.Inline)
		if err != nil {
			return nil, nil, fmt.Errorf("writing the inline values: %w", err)
		}
		read, err := d.read(raw)
		if err != nil {
			return nil, nil, fmt.Errorf("reading the inline values: %w", err)
		}
		values = mergeMaps(values, read)
	}
	if err := d.sets(r.Values, values, files); err != nil {
		return nil, nil, err
	}
	return values, files, nil
}

// sets applies the flags over the files. The order is helm's and not that of the command line: --set-json, --set,
// --set-string, --set-file, whatever was typed first.
func (d dialect) sets(v render.Values, values map[string]any, files *valueFiles) error {
	setFile := func(s string, values map[string]any) error {
		return d.setFile(s, values, func(name []rune) (any, error) {
			raw, err := files.read(string(name))
			return string(raw), err
		})
	}
	for _, step := range []struct {
		name  string
		exprs []string
		apply func(string, map[string]any) error
	}{
		{"--set-json", v.SetJSON, d.setJSON},
		{"--set", v.Set, d.set},
		{"--set-string", v.SetString, d.setString},
		{"--set-file", v.SetFile, setFile},
	} {
		for _, expr := range step.exprs {
			if err := step.apply(expr, values); err != nil {
				// Nothing of a value may get into a message; the key is enough to find the flag.
				switch hint := "the form is key.path=value; commas, dots, brackets and = in a key or value are escaped with a backslash"; {
				case step.name == "--set-file":
					return fmt.Errorf("reading %s %q: %w", step.name, keyOf(expr), err)
				case keyOf(expr) == wholeObject: // the library's message quotes all of it
					return &render.Error{Err: fmt.Errorf("reading %s %q: it has no key", step.name, wholeObject), Hint: hint}
				case !strings.Contains(expr, "="):
					return &render.Error{Err: fmt.Errorf("reading %s %q: %w", step.name, expr, err), Hint: hint}
				default: // what stands behind a comma, which the message quotes, may be the rest of a value
					return &render.Error{
						Err: fmt.Errorf("reading %s %q: what follows the key is not well formed", step.name, keyOf(expr)), Hint: hint,
					}
				}
			}
		}
	}
	return nil
}

// mergeMaps gives a with b over it; maps merge, everything else is replaced, and a null in b stays a null.
func mergeMaps(a, b map[string]any) map[string]any {
	out := make(map[string]any, len(a)+len(b))
	for k, v := range a {
		out[k] = v
	}
	for k, v := range b {
		// Lists are replaced whole, as in helm: there is no key to match their entries by.
		over, isMap := v.(map[string]any)
		under, wasMap := out[k].(map[string]any)
		if isMap && wasMap {
			v = mergeMaps(under, over)
		}
		out[k] = v
	}
	return out
}

// valueFiles reads files below dir and remembers what it read.
type valueFiles struct {
	dir    fs.FS
	inputs []render.Input
	texts  map[string][]byte // what was read, by clean path
	unread []string          // what helm leaves out of them, see dialect.unread
}

// read gives the bytes of a file and records them as an input. It never takes a URL or "-" as helm does: what is
// fetched has to be pinned, and standard input is offered by the file system of the caller.
func (f *valueFiles) read(name string) ([]byte, error) {
	pos := render.Position{File: name}
	if f.dir == nil {
		return nil, &render.Error{Pos: pos, Err: errors.New("reading the values file: no directory is given to read it from")}
	}
	clean := path.Clean(name)
	raw, err := fs.ReadFile(f.dir, clean)
	if errors.Is(err, fs.ErrInvalid) { // what os.Root and os.DirFS say of a name that leaves them
		return nil, &render.Error{
			Pos:  pos,
			Err:  errors.New("reading the values file: the path leaves the directory it is relative to"),
			Hint: "keep values files inside the stack and name them relative to it",
		}
	}
	if err != nil {
		var at *fs.PathError
		if errors.As(err, &at) {
			err = at.Err
		}
		return nil, &render.Error{Pos: pos, Err: fmt.Errorf("reading the values file: %w", err)}
	}
	// An empty file is an input too: emptied by accident it would change the render without a trace.
	sum := sha256.Sum256(raw)
	if f.texts == nil {
		f.texts = map[string][]byte{}
	}
	f.texts[clean] = raw
	f.inputs = append(f.inputs, render.Input{Name: clean, Digest: "sha256:" + hex.EncodeToString(sum[:])})
	return raw, nil
}

// valuesError places a YAML error of a values file. The line is looked for in the whole file: helm reads a file in
// pieces, one per document, and counts in the piece.
func valuesError(name string, raw []byte, err error) error {
	pos := render.Position{File: name}
	cause, _ := plainShape(bareYAML(err.Error()))
	// The other reader may take what helm's refuses; then the message of helm stands, without a line.
	documents := yamlv3.NewDecoder(bytes.NewReader(raw))
	for {
		var node yamlv3.Node
		placed := documents.Decode(&node)
		if placed == nil {
			continue
		}
		start := render.Position{File: name, Line: 1}
		if at, what := start.Fault(placed, raw); at != start || strings.HasPrefix(placed.Error(), "yaml: line ") {
			pos, cause = at, what
		}
		break
	}
	return &render.Error{Pos: pos, Err: fmt.Errorf("reading the values file: %s", cause)}
}

// wholeObject stands for a --set-json expression without a key, which Helm 4 knows and Helm 3 does not.
const wholeObject = "{...}"

// keyOf gives what stands before the value of a --set expression; the value may be a secret.
func keyOf(expr string) string {
	key, _, found := strings.Cut(expr, "=")
	switch {
	case found:
		return key + "=..."
	case strings.HasPrefix(strings.TrimSpace(expr), "{"):
		return wholeObject
	}
	return expr
}
