package hydrate

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"sluice/render"
)

// facts are what two results of one app must have in common after a round trip, objects by key.
func facts(t *testing.T, results []render.Result) map[string]any {
	t.Helper()
	got := make(map[string]any)
	for _, r := range results {
		trees := make(map[string][]any)
		for _, o := range r.Set.Objects {
			trees[o.Key.String()] = append(trees[o.Key.String()], []any{o.Tree, o.Provenance.Source, o.Provenance.Template, o.APIVersion})
		}
		for _, twins := range trees { // those of a generated name have files in the order of the names
			slices.SortFunc(twins, func(a, b any) int { return strings.Compare(fmt.Sprint(a), fmt.Sprint(b)) })
		}
		got[r.App.Name] = []any{r.App.Layer, r.App.Namespace, r.App.Secrets, trees}
	}
	return got
}

func mustResults(t *testing.T, files Files) ([]render.Result, []string) {
	t.Helper()
	results, notes, err := files.Results(nil)
	if err != nil {
		t.Fatal(err)
	}
	return results, notes
}

func TestATreeReadsBackAsItWasWritten(t *testing.T) {
	plan, rendered := exampleStack(t)
	files := exampleFiles(t)
	dir := t.TempDir()
	if _, err := WriteDir(t.Context(), files, dir); err != nil {
		t.Fatal(err)
	}
	repo, o := repository(t)
	summary := committed(t, repo, files, o)
	fromDir, err := ReadDir(t.Context(), dir)
	if err != nil {
		t.Fatal(err)
	}
	fromBranch, commit, err := ReadRevision(t.Context(), repo, "refs/heads/"+o.Branch, "")
	if err != nil {
		t.Fatal(err)
	}
	if commit != summary.Commit {
		t.Errorf("read commit %s, written %s", commit, summary.Commit)
	}
	delete(fromBranch, metadataPath)
	for name, read := range map[string]Files{"directory": fromDir, "branch": fromBranch} {
		if diff := cmp.Diff(files, read); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
		results, notes := mustResults(t, read)
		if len(notes) > 0 {
			t.Errorf("%s: notes on a clean tree: %q", name, notes)
		}
		if diff := cmp.Diff(facts(t, rendered), facts(t, results)); diff != "" {
			t.Errorf("%s, want -, got +:\n%s", name, diff)
		}
		var order []string
		for i, app := range plan.Apps() {
			order = append(order, app.Name)
			if results[i].App.Name != app.Name {
				t.Errorf("%s: app %d is %s, in the plan %s", name, i, results[i].App.Name, app.Name)
			}
		}
		if len(results) != len(order) || !slices.Equal(results[0].Capabilities.APIVersions, []string{"apps/v1", "v1"}) {
			t.Errorf("%s: %d results, capabilities %v", name, len(results), results[0].Capabilities)
		}
		objects, err := read.Applications()
		if err != nil || len(objects) != 1 || objects[0].Key.Kind != "Application" {
			t.Errorf("%s: applications %v, %v", name, objects, err)
		}
		if !read.Same(files, plan.Apps()[0]) {
			t.Errorf("%s: an equal app is another one", name)
		}
	}
}

// A damaged tree is an error that names the file, and none repeats what is in it.
func TestADamagedTreeIsAnError(t *testing.T) {
	const deployment = "bootstrap/traefik/deployment_traefik.yaml"
	replace := func(p, old, new string) func(Files) {
		return func(f Files) { f[p] = []byte(strings.ReplaceAll(string(f[p]), old, new)) }
	}
	reseal := func(f Files) { f[inventoryPath] = take(f).text() }
	for name, c := range map[string]struct {
		damage func(Files)
		want   string
	}{
		"a file is gone":              {func(f Files) { delete(f, deployment) }, deployment + ": the inventory lists"},
		"provenance gone":             {func(f Files) { delete(f, provenancePath) }, provenancePath + ": the inventory lists"},
		"provenance cut":              {func(f Files) { f[provenancePath] = f[provenancePath][:200] }, "not the JSON that sluice wrote"},
		"provenance edited":           {replace(provenancePath, "39.0.1", "39.0.2"), "edited by hand"},
		"inventory cut":               {func(f Files) { f[inventoryPath] = f[inventoryPath][:100] }, inventoryPath + ":"},
		"inventory gone":              {func(f Files) { delete(f, inventoryPath) }, "no inventory"},
		"interrupted":                 {func(f Files) { f[pendingPath] = []byte("") }, "did not come to its end"},
		"file and line gone":          {func(f Files) { delete(f, deployment); reseal(f) }, deployment + ": the provenance counts"},
		"a file more":                 {func(f Files) { f["bootstrap/traefik/x.yaml"] = f[deployment]; reseal(f) }, "counts no object"},
		"an app more":                 {func(f Files) { f["bootstrap/x/x.yaml"] = f[deployment]; reseal(f) }, "no such app"},
		"a file of no object":         {func(f Files) { f[deployment] = []byte("# secret\n") }, "holds 0 objects"},
		"a file of two objects":       {func(f Files) { f[deployment] = append(f[deployment], "---\n"+string(f[deployment])...) }, "holds 2 objects"},
		"a file that is no YAML":      {func(f Files) { f[deployment] = []byte("apiVersion: *secret\n") }, deployment + ":1:13: the file is not YAML"},
		"an app that leads elsewhere": {func(f Files) { replace(provenancePath, `"layer": "bootstrap"`, `"layer": ".."`)(f); reseal(f) }, "no directory can have"},
		"an app left out":             {func(f Files) { replace(provenancePath, `"name": "traefik"`, `"name": "other"`)(f); reseal(f) }, "no such app"},
	} {
		files := exampleFiles(t)
		c.damage(files)
		_, _, err := files.Results(nil)
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: error %v, want %q", name, err, c.want)
		}
		if err != nil && strings.Contains(err.Error(), "secret") {
			t.Errorf("%s: the error repeats the file: %v", name, err)
		}
	}
}

// What somebody changed by hand is live all the same.
func TestWhatIsLiveIsWhatTheTreeHas(t *testing.T) {
	const app = "bootstrap/traefik/"
	files := exampleFiles(t)
	files[app+"deployment_traefik.yaml"] = []byte(strings.Replace(string(files[app+"deployment_traefik.yaml"]), "replicas: 2", "replicas: 5", 1))
	files[app+"sub/extra.yml"] = []byte("apiVersion: v1\nkind: ConfigMap\nmetadata: {name: extra}\n---\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: more}\n")
	files[app+"values.yaml"] = []byte("replicas: 1\n")
	files[app+"broken.yaml"] = []byte("apiVersion: v1\nkind: Secret\nmetadata: *hunter2\n")
	files[app+"skipped.yaml"] = []byte("# +argocd:skip-file-rendering\nkind: x\n")
	files[app+"lib.jsonnet"] = []byte("{}")
	files[app+"README.md"] = []byte("x")
	files["elsewhere/app/x.yaml"] = files[app+"sub/extra.yml"]
	results, notes := mustResults(t, files)
	r := results[0]
	if r.App.Name != "traefik" || len(r.Set.Objects) != 5+2 {
		t.Fatalf("app %s has %d objects", r.App.Name, len(r.Set.Objects))
	}
	if got := r.Set.Objects[0].Tree["spec"].(map[string]any)["replicas"]; got != int64(5) {
		t.Errorf("replicas %v of the edited file, want 5", got)
	}
	foreign := 0
	for _, o := range r.Set.Objects {
		if o.Provenance.Source == Foreign {
			foreign++
		}
	}
	want := []string{
		"edited by hand since the last hydrate, compared as it is: bootstrap/traefik/deployment_traefik.yaml",
		"foreign, and left out by its own marker: bootstrap/traefik/skipped.yaml",
		"foreign, and no manifest: bootstrap/traefik/values.yaml",
		"foreign, and not readable: bootstrap/traefik/broken.yaml",
		"foreign, applied by Argo CD as well (objects: 2): bootstrap/traefik/sub/extra.yml",
		"foreign, evaluated by Argo CD and not compared: bootstrap/traefik/lib.jsonnet",
	}
	if diff := cmp.Diff(want, notes); diff != "" || foreign != 2 || len(r.Unchecked) != 2 {
		t.Errorf("foreign %d, unchecked %q, notes, want -, got +:\n%s", foreign, r.Unchecked, diff)
	}
	if files.Same(exampleFiles(t), r.App) {
		t.Error("an edited app is an equal one")
	}
}

func TestACheckoutWithWindowsLineEndsIsTheSameTree(t *testing.T) {
	files := exampleFiles(t)
	want, _ := mustResults(t, files)
	for p, content := range files {
		files[p] = []byte(strings.ReplaceAll(string(content), "\n", "\r\n"))
	}
	got, notes := mustResults(t, files)
	if diff := cmp.Diff(facts(t, want), facts(t, got)); diff != "" {
		t.Error(diff)
	}
	if len(notes) != 1 || !strings.Contains(notes[0], "CRLF") {
		t.Errorf("notes %q", notes)
	}
}

func TestAnotherToolsTree(t *testing.T) {
	const config = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\n"
	files := tree("prod/a/manifest.yaml", config+"---\n"+config, "prod/b/one.yaml", config, "prod/b/two.json", `{"apiVersion":"v1","kind":"Secret","metadata":{"name":"s"}}`,
		"prod/b/README.md", "x", ".github/workflows/x.yaml", "on: push\n", "package.json", `{"name": "x"}`)
	results, notes := mustResults(t, files)
	var got []string
	for _, r := range results {
		got = append(got, r.App.Name+" "+strings.Repeat("x", len(r.Set.Objects)))
	}
	if diff := cmp.Diff([]string{"prod/a xx", "prod/b xx"}, got); diff != "" {
		t.Error(diff)
	}
	if len(notes) != 2 || !strings.Contains(notes[1], "package.json") {
		t.Errorf("notes %q", notes)
	}
	for name, broken := range map[string]Files{
		"broken object": tree("a/x.yaml", "apiVersion: v1\nkind: Secret\nmetadata: *hunter2\n", "a/y.yaml", config),
		"kustomization": tree("a/kustomization.yaml", "resources: []\n", "a/y.yaml", config),
		"nothing":       tree("README.md", "x"),
		"tree below":    tree("rendered/.sluice/inventory", "", "a/y.yaml", config),
		"empty":         {},
	} {
		if _, _, err := broken.Results(nil); err == nil || strings.Contains(err.Error(), "hunter2") {
			t.Errorf("%s: error %v", name, err)
		}
	}
}

func TestADirectoryIsReadWholeOrNotAtAll(t *testing.T) {
	outside := t.TempDir()
	write(t, outside, "x.yaml", "x")
	for name, c := range map[string]struct {
		prepare func(dir string) error
		want    string
	}{
		"link to a file": {func(dir string) error { return os.Symlink("b.yaml", filepath.Join(dir, "a", "l.yaml")) }, ""},
		"link out": {func(dir string) error {
			return os.Symlink(filepath.Join(outside, "x.yaml"), filepath.Join(dir, "a", "l.yaml"))
		}, "a/l.yaml"},
		"link out, relative":  {func(dir string) error { return os.Symlink("../../x", filepath.Join(dir, "a", "l.yaml")) }, "a/l.yaml"},
		"link to nothing":     {func(dir string) error { return os.Symlink("nothing", filepath.Join(dir, "a", "l.yaml")) }, "a/l.yaml"},
		"link to a directory": {func(dir string) error { return os.Symlink("a", filepath.Join(dir, "l")) }, "l: it is a directory"},
		"too large":           {func(dir string) error { return os.Truncate(filepath.Join(dir, "a", "b.yaml"), 65<<20) }, "a/b.yaml: the file has"},
	} {
		dir := t.TempDir()
		write(t, dir, "a/b.yaml", "b")
		if err := c.prepare(dir); err != nil {
			t.Fatal(err)
		}
		files, err := ReadDir(t.Context(), dir)
		switch {
		case c.want == "" && (err != nil || string(files["a/l.yaml"]) != "b"):
			t.Errorf("%s: %v", name, err)
		case c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want)):
			t.Errorf("%s: error %v, want %q", name, err, c.want)
		}
	}
	if _, err := ReadDir(t.Context(), filepath.Join(t.TempDir(), "none")); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("a directory that is not there: %v", err)
	}
	dir := t.TempDir()
	write(t, dir, "a", "12345")
	if _, err := ReadDir(t.Context(), filepath.Join(dir, "a")); err == nil || !strings.Contains(err.Error(), "not a directory") {
		t.Errorf("a file: %v", err)
	}
	for _, p := range []string{"a", "b", "c"} {
		write(t, dir, p, "12345")
	}
	for _, most := range []bounds{{file: 5, total: 14, files: 9}, {file: 5, total: 99, files: 2}, {file: 4, total: 99, files: 9}} {
		if _, err := readDir(t.Context(), dir, most); err == nil {
			t.Errorf("read past %v", most)
		}
	}
	for _, size := range []int64{4, 6} { // of a file of five bytes, as another program is writing it
		c := collection{files: make(Files), most: limits}
		if err := c.add("a", size, strings.NewReader("12345")); err == nil {
			t.Errorf("a file of %d bytes that holds five is read", size)
		}
	}
	if files, err := readDir(t.Context(), dir, bounds{file: 5, total: 15, files: 3}); err != nil || len(files) != 3 {
		t.Errorf("%d files, %v", len(files), err)
	}
}

func TestKnownAppsAreNotParsedAgain(t *testing.T) {
	_, rendered := exampleStack(t)
	files := exampleFiles(t)
	asked := 0
	known := func(app render.App) (render.Set, bool) {
		if app.Name != "traefik" {
			return render.Set{}, false
		}
		asked++
		return rendered[1].Set, files.Same(exampleFiles(t), app)
	}
	results, _, err := files.Results(known)
	if err != nil || asked != 1 || &results[0].Set.Objects[0] != &rendered[1].Set.Objects[0] {
		t.Errorf("asked %d times, %v", asked, err)
	}
	files["bootstrap/traefik/foreign.yaml"] = []byte("apiVersion: v1\nkind: ConfigMap\nmetadata: {name: x}\n")
	if results, _, err = files.Results(known); err != nil || len(results[0].Set.Objects) != 6 {
		t.Errorf("with a foreign file: %d objects, %v", len(results[0].Set.Objects), err)
	}
	delete(files, "bootstrap/traefik/deployment_traefik.yaml")
	if _, _, err = files.Results(known); err == nil {
		t.Error("a known app without one of its files is whole")
	}
}
