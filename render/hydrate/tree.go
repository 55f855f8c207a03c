package hydrate

import (
	"bytes"
	"errors"
	"fmt"
	"path"
	"reflect"
	"regexp"
	"strings"

	"sluice/render"
)

var (
	// label is an RFC 1123 label, what layers and apps are named with.
	label = regexp.MustCompile(`^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$`)
	// skipMarker in a file makes Argo CD (3.1 and later) leave the file out without a word, wherever it stands.
	skipMarker = []byte("+argocd:skip-file-rendering")
)

// argoDir holds the Argo CD side; no layer may have its name.
const argoDir = "argo"

// Tree gives the hydrated tree of a plan.
//
// Results must hold exactly one result for each app of the plan. Applications are the objects of the Argo CD side; each
// goes to the path in its Provenance.File, below argo/. Made is what the results were rendered with; it goes into the
// provenance.
//
// Every file is parsed again and must give back its object. Errors name the app: a result is missing or of an unknown
// app, two objects of an app have one key (Argo CD would keep the last), an object's text would make Argo CD skip its
// file, an Application points at a directory that the tree does not have. All errors are found before any is returned.
func Tree(plan render.Plan, results []render.Result, applications []render.Object, made render.Toolchain) (Files, error) {
	b := builder{files: make(Files), folded: make(map[string]string)}
	ordered, err := match(plan, results)
	b.fail(err)
	p := provenance{Stack: plan.Name, Cluster: clusterOf(plan.Cluster, made, results), Engines: enginesOf(made), Refs: refsOf(plan)}
	for _, r := range ordered {
		p.Apps = append(p.Apps, b.app(r))
	}
	for _, o := range applications {
		b.application(o)
	}
	for _, o := range applications {
		b.fail(pointsInside(o, plan.Hydrate.RepoURL, b.files))
	}
	if err := errors.Join(b.errs...); err != nil {
		return nil, fmt.Errorf("hydrating stack %s: %w", plan.Name, err)
	}
	text, err := p.text()
	if err != nil {
		return nil, err
	}
	b.files[provenancePath] = text
	b.files[inventoryPath] = take(b.files).text()
	return b.files, nil
}

// match puts the results into the plan's order and finds what is missing or too much.
func match(plan render.Plan, results []render.Result) ([]render.Result, error) {
	var errs []error
	byName := make(map[string]render.Result, len(results))
	for _, r := range results {
		if _, twice := byName[r.App.Name]; twice {
			errs = append(errs, fmt.Errorf("app %s has two results", r.App.Name))
		}
		byName[r.App.Name] = r
	}
	var ordered []render.Result
	for _, app := range plan.Apps() {
		r, found := byName[app.Name]
		delete(byName, app.Name)
		switch {
		case !found:
			errs = append(errs, &render.Error{
				Pos: app.Pos, Err: fmt.Errorf("app %s has no result", app.Name),
				Hint: "a hydrated tree always holds all apps; render the whole stack",
			})
			continue
		case !label.MatchString(app.Layer) || !label.MatchString(app.Name) || app.Layer == argoDir:
			errs = append(errs, &render.Error{
				Pos: app.Pos, Err: fmt.Errorf("app %s of layer %s: no directory can have that name", app.Name, app.Layer),
				Hint: "names are lower-case letters, digits and dashes, and no layer is called " + argoDir,
			})
			continue
		}
		r.App = app
		ordered = append(ordered, r)
	}
	for _, r := range results {
		if _, left := byName[r.App.Name]; left {
			errs = append(errs, fmt.Errorf("app %s is not in the stack", r.App.Name))
			delete(byName, r.App.Name)
		}
	}
	return ordered, errors.Join(errs...)
}

// builder collects files and errors.
type builder struct {
	files  Files
	folded map[string]string // lower-case path -> path
	errs   []error
}

func (b *builder) fail(err error) {
	if err != nil {
		b.errs = append(b.errs, err)
	}
}

// put adds a file. It refuses paths that leave the tree and those that some file system takes for one that exists.
func (b *builder) put(p string, content []byte) error {
	if !safePath(p) {
		return fmt.Errorf("%q is no path for a file of the tree", p)
	}
	fold := strings.ToLower(p)
	if other, taken := b.folded[fold]; taken {
		return fmt.Errorf("files %s and %s are one on some file systems", other, p)
	}
	b.folded[fold] = p
	b.files[p] = content
	return nil
}

// app adds the files of one app and gives its part of the provenance.
func (b *builder) app(r render.Result) appProvenance {
	dir := path.Join(r.App.Layer, r.App.Name)
	record := appOf(r)
	repeated := duplicates(r)
	b.fail(repeated)
	if len(r.Set.Objects) == 0 {
		if !r.App.AllowEmpty {
			b.fail(&render.Error{
				Pos: r.App.Pos, Err: fmt.Errorf("app %s: no objects to hydrate", r.App.Name),
				Hint: "say allowEmpty: true if that is meant",
			})
		}
		// Argo CD fails on a directory that does not exist, and git keeps none without a file.
		b.fail(b.put(dir+"/.gitkeep", []byte{}))
	}
	twins := make(map[string]int)
	for _, o := range r.Set.Objects {
		text, err := encode(o)
		if err != nil {
			b.fail(fmt.Errorf("app %s: %w", r.App.Name, err))
			continue
		}
		file := objectFile(o, r.App.Namespace, text)
		if generated(o.Key) { // Equal objects with generateName are as many objects.
			if twins[file]++; twins[file] > 1 {
				file = fmt.Sprintf("%s-%d.yaml", strings.TrimSuffix(file, ".yaml"), twins[file])
			}
		}
		if _, taken := b.files[dir+"/"+file]; taken && repeated != nil {
			continue // said already, with both templates
		}
		if err := b.put(dir+"/"+file, text); err != nil {
			b.fail(fmt.Errorf("app %s: %s: %w", r.App.Name, o.Key, err))
		}
		record.Objects = append(record.Objects, objectProvenance{
			File: file, Source: o.Provenance.Source, Template: o.Provenance.Template,
		})
	}
	record.sort()
	return record
}

// application adds one object of the Argo CD side.
func (b *builder) application(o render.Object) {
	p := o.Provenance.File
	if !strings.HasPrefix(p, argoDir+"/") {
		b.fail(fmt.Errorf("%s: its path %q is not below %s/", o.Key, p, argoDir))
		return
	}
	text, err := encode(o)
	if err == nil {
		err = b.put(p, text)
	}
	if err != nil {
		b.fail(fmt.Errorf("%s: %w", o.Key, err))
	}
}

// encode gives an object's text and proves that the text is the object.
func encode(o render.Object) ([]byte, error) {
	text, err := (render.Set{Objects: []render.Object{o}}).Encode()
	if err != nil {
		return nil, err
	}
	if bytes.Contains(text, skipMarker) {
		return nil, &render.Error{
			Err:  fmt.Errorf("%s: its text has the marker %q, and Argo CD leaves such a file out", o.Key, skipMarker),
			Hint: "remove the marker from the source; with it the object would be pruned",
		}
	}
	set, err := render.Parse(o.Key.String(), text)
	if err != nil {
		return nil, fmt.Errorf("%s does not parse once encoded: %w", o.Key, err)
	}
	if len(set.Objects) != 1 || set.Objects[0].Key != o.Key || !reflect.DeepEqual(set.Objects[0].Tree, o.Tree) {
		return nil, fmt.Errorf("%s is another object once encoded and parsed", o.Key)
	}
	return text, nil
}

// duplicates finds objects of one app that Argo CD takes for one. An object without namespace and one in the app's own
// are the same to it: a namespaced kind gets the destination's namespace, any other loses the one it names.
func duplicates(r render.Result) error {
	first := make(map[render.Key]render.Object, len(r.Set.Objects))
	var errs []error
	for _, o := range r.Set.Objects {
		if generated(o.Key) {
			continue
		}
		key := o.Key
		if key.Namespace == r.App.Namespace {
			key.Namespace = ""
		}
		other, taken := first[key]
		if !taken {
			first[key] = o
			continue
		}
		errs = append(errs, &render.Error{
			Pos:  r.App.Pos,
			Err:  fmt.Errorf("app %s: %s comes twice, from %s and from %s", r.App.Name, o.Key, from(other), from(o)),
			Hint: "Argo CD would apply only the last of them; leave one out or rename it",
		})
	}
	return errors.Join(errs...)
}

// from names an object's template or file for messages.
func from(o render.Object) string {
	p := o.Provenance
	switch {
	case p.Template != "":
		return p.Template
	case p.File != "":
		return render.Position{File: p.File, Line: p.Line}.String()
	case p.Source != "":
		return p.Source
	}
	return "an unknown source"
}

// pointsInside checks that an Application which reads this tree reads a directory that exists in it.
func pointsInside(o render.Object, repoURL string, files Files) error {
	spec, _ := o.Tree["spec"].(map[string]any)
	source, _ := spec["source"].(map[string]any)
	dir, named := source["path"].(string)
	if !named || source["repoURL"] != repoURL {
		return nil
	}
	for p := range files {
		if strings.HasPrefix(p, dir+"/") {
			return nil
		}
	}
	return fmt.Errorf("%s points at the directory %q, which the tree does not have", o.Key, dir)
}
