package main

import (
	"context"
	"fmt"
	"io/fs"
	"maps"
	"path/filepath"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/txtar"

	"sluice/render"
	"sluice/render/toolchain"
	"sluice/schemas"
	"sluice/validate"
	"sluice/validate/definition"
	"sluice/validate/schema"
	"sluice/validate/server"
)

const defects = "../../testdata/defects"

// defectMinor is the Kubernetes minor whose API server was asked, see schemas/oracle.
const defectMinor = 36

// defect is a file of testdata/defects: an object with one defect, its twin without, and what the API server says of the
// first. It takes the second.
type defect struct {
	name, title        string
	wrong, right, kind []byte
	fields             []string // that the server names; empty where it names none
}

// unreadable are the defects that end the reading of a file, before any rule, in an error with the line.
var unreadable = []string{"custom/duplicate-key", "duplicate/yaml-key", "required/name"}

// Everything that the API server refuses is found, at the field that it names or at the one that is wrong, and nothing
// is found in what it takes. Of the rules only those that stand for the API server judge: to refer to what is not there
// is no defect to it.
func TestDefects(t *testing.T) {
	names := defectFiles(t)
	if len(names) < 150 {
		t.Fatalf("there are only %d defects", len(names))
	}
	for _, name := range names {
		d := readDefect(t, name)
		t.Run(d.name, func(t *testing.T) {
			t.Parallel()
			twin, err := render.Parse("clean.yaml", d.right)
			if err != nil {
				t.Fatalf("the clean twin cannot be read: %v", err)
			}
			for _, f := range judgeDefect(t, twin, d.kind) {
				t.Errorf("the clean twin has a finding of %s at %s: %s", f.Rule, f.Field, f.Message)
			}
			set, err := render.Parse("defect.yaml", d.wrong)
			if err != nil && slices.Contains(unreadable, d.name) {
				return
			}
			if err != nil {
				t.Fatalf("the defect cannot be read: %v", err)
			}
			found := judgeDefect(t, set, d.kind)
			if len(found) == 0 {
				t.Fatalf("%s: not found; the server names %q", d.title, d.fields)
			}
			places := d.places(twin, set)
			if !slices.ContainsFunc(found, func(f validate.Finding) bool { return nearAny(steps(f.Field), places) }) {
				for _, f := range found {
					t.Errorf("found elsewhere: %s at %s: %s", f.Rule, f.Field, f.Message)
				}
				t.Errorf("%s: want a finding near one of %q", d.title, places)
			}
		})
	}
}

func defectFiles(t *testing.T) []string {
	t.Helper()
	var names []string
	err := filepath.WalkDir(defects, func(name string, d fs.DirEntry, err error) error {
		if err == nil && filepath.Ext(name) == ".txtar" {
			names = append(names, name)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return names
}

func readDefect(t *testing.T, file string) defect {
	t.Helper()
	archive, err := txtar.ParseFile(file)
	if err != nil {
		t.Fatal(err)
	}
	rel, err := filepath.Rel(defects, file)
	if err != nil {
		t.Fatal(err)
	}
	d := defect{name: strings.TrimSuffix(filepath.ToSlash(rel), ".txtar"), title: strings.TrimSpace(string(archive.Comment))}
	said := false
	for _, f := range archive.Files {
		switch f.Name {
		case "defect.yaml":
			d.wrong = f.Data
		case "clean.yaml":
			d.right = f.Data
		case "crd.yaml":
			d.kind = f.Data
		case "server.txt":
			for line := range strings.Lines(string(f.Data)) {
				if strings.HasPrefix(line, "#") {
					continue
				}
				said = true
				if field, _, _ := strings.Cut(line, "\t"); field != "-" {
					d.fields = append(d.fields, field)
				}
			}
		}
	}
	if d.title == "" || d.wrong == nil || d.right == nil || !said {
		t.Fatalf("%s lacks a title, defect.yaml, clean.yaml or what the server says: run make defects", file)
	}
	return d
}

// No two rules say the same: of one field of one object there is one Error, in the oldest minor as in the newest.
func TestDefectsAreFoundOnce(t *testing.T) {
	for _, name := range defectFiles(t) {
		d := readDefect(t, name)
		t.Run(d.name, func(t *testing.T) {
			t.Parallel()
			set, err := render.Parse("defect.yaml", d.wrong)
			if err != nil {
				return
			}
			for _, minor := range []int{schemas.OldestMinor, defectMinor, schemas.NewestMinor} {
				first := map[string]validate.Finding{}
				for _, f := range judgeDefectAt(t, set, d.kind, minor) {
					at := f.Object.String() + " " + f.Field.String()
					if before, twice := first[at]; twice {
						t.Errorf("1.%d: %s and %s of one field:\n%s\n%s", minor, before.Rule, f.Rule, before.Message, f.Message)
					}
					first[at] = f
				}
			}
		})
	}
}

// judgeDefect gives the findings of a set that say that the API server refuses it.
func judgeDefect(t *testing.T, set render.Set, kind []byte) []validate.Finding {
	t.Helper()
	return judgeDefectAt(t, set, kind, defectMinor)
}

func judgeDefectAt(t *testing.T, set render.Set, kind []byte, minor int) []validate.Finding {
	t.Helper()
	app := render.App{Name: "example", Namespace: "example"}
	for i := range set.Objects {
		set.Objects[i].Provenance = render.Provenance{App: app.Name, Source: "manifests ."}
	}
	in := validate.Input{
		Plan: render.Plan{Layers: []render.Layer{{Name: "apps", Apps: []render.App{app}}}}, Minor: minor,
		Results: []render.Result{{App: app, Set: set}},
	}
	if kind != nil {
		definitions, err := render.Parse("crd.yaml", kind)
		if err != nil {
			t.Fatal(err)
		}
		in.Definitions = definitions.Objects
	}
	in.ClusterScoped = toolchain.Scopes(minor, slices.Concat(set.Definitions(), in.Definitions))
	in.Effective = []render.Set{set.Effective(app.Namespace, in.ClusterScoped)}
	said, err := validate.Run(context.Background(), in, slices.Concat(schema.Rules(), server.Rules(), definition.Rules(nil)))
	if err != nil {
		t.Fatal(err)
	}
	return slices.DeleteFunc(said.Findings, func(f validate.Finding) bool { return f.Severity != validate.Error })
}

// places are where a finding may stand: the fields that the server names, and where the twins differ. The server names
// none where decoding ends, and now and then one that there is not (spec.template.labels).
func (d defect) places(right, wrong render.Set) [][]string {
	var list [][]string
	for _, field := range d.fields {
		// Of a definition with one version it moves what that has to where all versions have it.
		if rest, ok := strings.CutPrefix(field, "spec.validation."); ok {
			field = "spec.versions[0].schema." + rest
		}
		list = append(list, serverSteps(field))
	}
	if len(right.Objects) == 1 && len(wrong.Objects) == 1 {
		list = append(list, apart(right.Objects[0].Tree, wrong.Objects[0].Tree, nil)...)
	}
	return list
}

// serverSteps takes a path apart as the server writes it: spec.containers[0].resources.limits[example.com/gpu].
func serverSteps(field string) []string {
	var list []string
	for field != "" {
		if rest, ok := strings.CutPrefix(field, "["); ok {
			key, after, _ := strings.Cut(rest, "]")
			list, field = append(list, key), strings.TrimPrefix(after, ".")
			continue
		}
		end := strings.IndexAny(field, ".[")
		if end < 0 {
			end = len(field)
		}
		list, field = append(list, field[:end]), strings.TrimPrefix(field[end:], ".")
	}
	return list
}

func steps(p render.Path) []string {
	list := make([]string, len(p))
	for i, step := range p {
		list[i] = fmt.Sprint(step)
	}
	return list
}

// apart lists the paths at which two trees differ, the deepest.
func apart(a, b any, at []string) [][]string {
	if reflect.DeepEqual(a, b) {
		return nil
	}
	var list [][]string
	left, mappings := a.(map[string]any)
	right, alike := b.(map[string]any)
	if mappings && alike {
		keys := slices.Collect(maps.Keys(left))
		for key := range right {
			if _, both := left[key]; !both {
				keys = append(keys, key)
			}
		}
		slices.Sort(keys)
		for _, key := range keys {
			list = append(list, apart(left[key], right[key], append(slices.Clone(at), key))...)
		}
		return list
	}
	one, lists := a.([]any)
	two, alike := b.([]any)
	if !lists || !alike {
		return [][]string{at}
	}
	for i := range max(len(one), len(two)) {
		var x, y any
		if i < len(one) {
			x = one[i]
		}
		if i < len(two) {
			y = two[i]
		}
		list = append(list, apart(x, y, append(slices.Clone(at), strconv.Itoa(i)))...)
	}
	return list
}

// nearAny says whether a path is one of the places, or at most two steps up, down or aside of it. Where the place has no
// indices, as in the errors of decoders, those of the path do not count.
func nearAny(path []string, places [][]string) bool {
	index := func(s string) bool { return s != "" && strings.Trim(s, "0123456789") == "" }
	return slices.ContainsFunc(places, func(place []string) bool {
		own := path
		if !slices.ContainsFunc(place, index) {
			own = slices.DeleteFunc(slices.Clone(path), index)
		}
		same := 0
		for same < min(len(own), len(place)) && own[same] == place[same] {
			same++
		}
		return len(own)+len(place)-2*same <= 2
	})
}

// What counts as near, by example.
func TestNearDefect(t *testing.T) {
	for _, c := range []struct {
		path, place string
		want        bool
	}{
		{"spec.replicas", "spec.replicas", true},
		{"spec.containers[1].env[0].value", "spec.containers.env.value", true},
		{"spec.containers[1].env[0].value", "spec.containers[0].env[0].value", false},
		{"spec.selector", "spec.template.metadata.labels", false},
		{"spec.strategy.type", "spec.strategy", true},
		{"spec", "spec.template.spec.containers[0].name", false},
		{"spec.ports[0].port", "spec.ports[0].name", true},
	} {
		if got := nearAny(serverSteps(c.path), [][]string{serverSteps(c.place)}); got != c.want {
			t.Errorf("%s is near %s: %t, want %t", c.path, c.place, got, c.want)
		}
	}
}
