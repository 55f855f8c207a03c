package yamllint

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"path"
	"slices"
	"strings"

	"sluice/render"
	"sluice/validate"
)

// What is read of a stack's directory at most: a repository given as a stack may hold anything.
const (
	maxFile  = 16 << 20
	maxFiles = 4000
)

// skippedDirs hold what other programs keep.
var skippedDirs = []string{"node_modules", "cue.mod", "vendor", "out", "build", "testdata"}

// edited is a file that people edit.
type edited struct {
	name   string
	dir    string // of the path that was asked about, "." for a stack: the configuration is looked for there and above
	values bool   // values of a chart, or its Chart.yaml: one document
	used   bool   // the plan names it
}

// finder finds the files.
type finder struct {
	ctx   context.Context
	files fs.FS
	list  []edited
	seen  map[string]bool
	left  int
	named map[string]bool // values that the plan names
	apart map[string]bool // files and directories that only apps name which a selection left out
	lost  []error         // what could not be read; it takes nothing from the rest
}

// editedFiles lists the files that are linted, ordered by name.
func editedFiles(ctx context.Context, in validate.Input) ([]edited, []validate.Unchecked, error) {
	f := finder{ctx: ctx, files: in.Files, seen: map[string]bool{}, named: map[string]bool{}}
	for _, app := range in.Plan.Apps() {
		for _, source := range app.Sources {
			for _, name := range source.Values.Files {
				if _, _, elsewhere := in.Plan.Ref(name); !elsewhere && !strings.HasPrefix(name, "$") {
					f.named[path.Clean(name)] = true
				}
			}
		}
	}
	f.apart = leftOut(in.Plan)
	roots := []string{"."}
	if in.Paths != nil {
		roots = in.Paths
	}
	var unchecked []validate.Unchecked
	for _, root := range roots {
		root = path.Clean(root)
		if !fs.ValidPath(root) {
			unchecked = append(unchecked, validate.Unchecked{What: "the spelling of the YAML files of " + root, Why: "it is not below the directory that is judged"})
			continue
		}
		if err := f.walk(root); err != nil {
			return nil, nil, err
		}
	}
	for _, name := range slices.Sorted(maps.Keys(f.named)) {
		if entry, err := fs.Stat(f.files, name); fs.ValidPath(name) && err == nil && entry.Mode().IsRegular() {
			f.add(name, ".", entry)
		}
	}
	if f.left > 0 {
		unchecked = append(unchecked, validate.Unchecked{
			What: fmt.Sprintf("the spelling of %d YAML files", f.left), Why: "files over 16 MiB, and those behind the first 4000, are not read",
		})
	}
	slices.SortFunc(f.list, func(a, b edited) int { return strings.Compare(a.name, b.name) })
	return f.list, unchecked, errors.Join(f.lost...)
}

// leftOut lists the files and directories that only apps name which a selection left out: what is wrong in those is not asked
// about. What an app of the selection has too, or has something in, is not among them.
func leftOut(plan render.Plan) map[string]bool {
	named := func(apps []render.App) (names []string) {
		for _, app := range apps {
			for _, source := range app.Sources {
				names = append(append(names, source.Path), source.Values.Files...)
			}
		}
		return slices.DeleteFunc(names, func(name string) bool { return name == "" || strings.HasPrefix(name, "$") })
	}
	within := func(name, dir string) bool { return dir == "." || name == dir || strings.HasPrefix(name, dir+"/") }
	apart, selected := map[string]bool{}, named(plan.Apps())
	for _, name := range named(plan.Others) {
		name = path.Clean(name)
		apart[name] = !slices.ContainsFunc(selected, func(kept string) bool {
			return within(name, path.Clean(kept)) || within(path.Clean(kept), name)
		})
	}
	return apart
}

// walk finds the files below a path.
func (f *finder) walk(root string) error {
	dir := root
	err := fs.WalkDir(f.files, root, func(name string, d fs.DirEntry, err error) error {
		switch {
		case f.ctx.Err() != nil:
			return f.ctx.Err()
		case name == root && errors.Is(err, fs.ErrNotExist):
			return nil // a remote base; what lacks it says so
		case err != nil:
			f.lost = append(f.lost, fmt.Errorf("reading the files of the stack: %w", err))
			return nil
		case f.apart[name] && d.IsDir():
			return fs.SkipDir
		case f.apart[name]:
			return nil
		case d.IsDir():
			if name != root && f.foreign(name, d.Name()) {
				return fs.SkipDir
			}
			return nil
		}
		if name == root {
			dir = path.Dir(root)
		}
		if ext := path.Ext(name); ext != ".yaml" && ext != ".yml" || strings.HasPrefix(d.Name(), ".") && name != root {
			return nil
		}
		entry, err := d.Info()
		if err != nil || !entry.Mode().IsRegular() {
			return nil // a link leads to what is read elsewhere, or out
		}
		f.add(name, dir, entry)
		return nil
	})
	return err
}

// foreign says of a directory that what is in it is no YAML, or nothing that is edited here: templates of a chart, charts
// that were brought into one, what other programs keep.
func (f *finder) foreign(name, base string) bool {
	if strings.HasPrefix(base, ".") || slices.Contains(skippedDirs, base) {
		return true
	}
	above := path.Dir(name)
	switch base {
	case "templates":
		return f.has(above, "Chart.yaml")
	case "charts":
		return slices.ContainsFunc([]string{"Chart.yaml", "kustomization.yaml", "kustomization.yml", "Kustomization"}, func(name string) bool { return f.has(above, name) })
	}
	return false
}

func (f *finder) has(dir, name string) bool {
	_, err := fs.Stat(f.files, path.Join(dir, name))
	return err == nil
}

func (f *finder) add(name, dir string, entry fs.FileInfo) {
	if f.seen[name] {
		return
	}
	f.seen[name] = true
	if len(f.list) >= maxFiles || entry.Size() > maxFile {
		f.left++
		return
	}
	base := path.Base(name)
	one := f.named[name] || base == "Chart.yaml" || base == "values.yaml" && f.has(path.Dir(name), "Chart.yaml")
	f.list = append(f.list, edited{name: name, dir: dir, values: one, used: one})
}

// check holds the files of a stack to all rules.
func check(ctx context.Context, in validate.Input) ([]validate.Finding, []validate.Unchecked, error) {
	if in.Files == nil {
		return nil, nil, nil
	}
	list, unchecked, lost := editedFiles(ctx, in)
	if ctx.Err() != nil {
		return nil, nil, lost
	}
	asked := stated(in.Plan)
	configs := map[string]*config{}
	for _, e := range list {
		if _, read := configs[e.dir]; read {
			continue
		}
		c, err := configFor(in.Files, e.dir)
		if err != nil {
			return nil, nil, err
		}
		c = c.with(asked)
		if u, is := c.unordered(); is && !slices.Contains(unchecked, u) {
			unchecked = append(unchecked, u)
		}
		configs[e.dir] = c
	}
	var found []validate.Finding
	for _, said := range validate.Each(ctx, len(list), func(i int) opinion { return opinionOf(in.Files, list[i], configs[list[i].dir]) }) {
		lost = errors.Join(lost, said.err)
		found, unchecked = append(found, said.found...), append(unchecked, said.unchecked...)
	}
	return found, unchecked, cmp.Or(ctx.Err(), lost)
}

// unordered takes back the rule about the order of keys where that is by a locale: those are no part of the program.
func (c *config) unordered() (u validate.Unchecked, is bool) {
	if c == nil || c.locale == "" || c.rules["key-ordering"] == nil {
		return u, false
	}
	delete(c.rules, "key-ordering")
	return validate.Unchecked{
		What: "the order of keys in YAML files", Why: fmt.Sprintf("the configuration of yamllint in %s orders them by the locale %q, which is not known", c.dir, c.locale),
	}, true
}

// opinion is what is said of one file.
type opinion struct {
	found     []validate.Finding
	unchecked []validate.Unchecked
	err       error
}

// opinionOf reads and judges one file. Of one that is gone it says nothing.
func opinionOf(files fs.FS, e edited, c *config) (of opinion) {
	text, err := fs.ReadFile(files, e.name)
	switch {
	case errors.Is(err, fs.ErrNotExist):
	case err != nil:
		of.err = fmt.Errorf("reading the files of the stack: %w", err)
	default:
		var why string
		if of.found, why = judge(e, string(text), c); why != "" {
			of.unchecked = []validate.Unchecked{{What: "the spelling of " + e.name, Why: why}}
		}
	}
	return of
}

// stated lists the rules of yamllint that the stack itself asks for, by yamllint's names.
func stated(plan render.Plan) []string {
	var names []string
	for _, s := range styles() {
		if word, is := plan.Severities[prefix+s.name]; is && word != "off" {
			names = append(names, s.name)
		}
	}
	return names
}

// with adds rules that the stack asks for, with the options that yamllint gives them.
func (c *config) with(names []string) *config {
	if c == nil && len(names) == 0 {
		return nil
	}
	if c == nil {
		c = &config{dir: ".", rules: map[string]*setting{}}
	}
	for _, s := range styles() {
		if !slices.Contains(names, s.name) || c.rules[s.name] != nil {
			continue
		}
		set := &setting{level: validate.Warning, options: options{}}
		for _, o := range s.options {
			set.options[o.name] = o.value
		}
		c.rules[s.name] = set
	}
	return c
}
