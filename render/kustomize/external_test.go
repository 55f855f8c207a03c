package kustomize_test

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"sluice/render"
	"sluice/render/kustomize"
)

// stage is a folder with programs that stand for kustomize and helm.
type stage struct{ dir, temp string }

// act gives an external engine whose kustomize is an actor.
func act(t *testing.T, actor string, fetch func(context.Context, render.Source) (render.Tree, error)) (kustomize.External, stage) {
	t.Helper()
	s := stage{dir: t.TempDir(), temp: t.TempDir()}
	program, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{actor, "helm", "sleep"} {
		if err := os.Symlink(program, filepath.Join(s.dir, actorPrefix+name)); err != nil && !errors.Is(err, fs.ErrExist) {
			t.Fatal(err)
		}
	}
	return kustomize.External{
		Fetch: fetch, Template: engine(nil).Template, Kustomize: filepath.Join(s.dir, actorPrefix+actor), Helm: filepath.Join(s.dir, actorPrefix+"helm"),
		Version: kustomize.Version, HelmVersion: "3.22.0", Temp: s.temp,
	}, s
}

// left fails where a private copy is still there, or helm was told to pull.
func (s stage) left(t *testing.T) {
	t.Helper()
	if found, err := os.ReadDir(s.temp); err != nil || len(found) > 0 {
		t.Errorf("the private copy is still there: %v, %v", found, err)
	}
	if text, err := os.ReadFile(filepath.Join(s.dir, "pulled")); err == nil {
		t.Errorf("helm was told to pull: %s", text)
	}
}

// twoMaps is a kustomization of two objects.
const twoMaps = "-- app/kustomization.yaml --\nresources: [a.yaml, b.yaml]\n-- app/a.yaml --\n" + object + "-- app/b.yaml --\napiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: two\n"

// What only the outer process sees must not pass for a build.
func TestExternalFaults(t *testing.T) {
	for _, c := range []struct {
		actor, version string
		change         func(*kustomize.External)
		want           string
	}{
		{actor: "nothing", want: "kustomize 5.8.1 gave 0 objects, and the linked one of the same version 2: without ConfigMap one, ConfigMap two"},
		{actor: "nothing", version: "5.7.1"},
		{actor: "garbage", want: "the output of kustomize 5.8.1: kustomize 5.8.1:1"},
		{actor: "cut", want: "the output of kustomize 5.8.1 has no end: its last line is cut"},
		{actor: "short", want: "without ConfigMap two"},
		{actor: "short", version: "5.7.1"},
		{actor: "other"},
		{actor: "flaky", version: "5.7.1", want: "gave one output, and another when it was asked again; the first was without ConfigMap two"},
		{actor: "silent", want: "kustomize 5.8.1: app/kustomization.yaml: it failed and did not say why"},
		{actor: "half", want: "was ended by a signal after 57 bytes of output: signal: killed"},
		{actor: "endless", change: func(e *kustomize.External) { e.MaxOutput = 4 << 20 }, want: "gave more than 4 MiB and was stopped"},
		{actor: "hang", change: func(e *kustomize.External) { e.Limit = time.Second }, want: "took longer than 1s and was stopped"},
		{actor: "secret", want: "app/kustomization.yaml: Helm stack trace: Error: no such thing: helm ended with signal: killed"},
		{actor: "panic", want: "app/kustomization.yaml: it stopped: it went wrong"},
		{actor: "pull", want: "wrote where nothing was to be written: app/charts/web-9/Chart.yaml appeared in the private copy"},
		{actor: "change", want: "app/a.yaml was changed in the private copy"},
		{actor: "lock"},
		{actor: "kustomize", change: func(e *kustomize.External) { e.Kustomize += "-gone" }, want: "starting kustomize 5.8.1: no such file or directory"},
		{actor: "kustomize", change: func(e *kustomize.External) { e.Kustomize = "kustomize" }, want: "are not absolute"},
		{actor: "kustomize", change: func(e *kustomize.External) { e.Temp += "/none" }, want: "making a private directory"},
	} {
		t.Run(c.actor+c.version, func(t *testing.T) {
			t.Parallel()
			e, s := act(t, c.actor, nil)
			if c.version != "" {
				e.Version = c.version
			}
			if c.change != nil {
				c.change(&e)
			}
			out, err := e.Build(t.Context(), render.Build{Dir: rooted(t, unpack(t, twoMaps)), Path: "app", Capabilities: cluster})
			switch {
			case c.want == "" && err != nil:
				t.Fatal(err)
			case c.want == "" && c.version != "":
				if notes := strings.Join(out.Unchecked, "\n"); !strings.Contains(notes, "ConfigMap two is left out by kustomize 5.7.1") {
					t.Errorf("nobody says what is missing: %q", notes)
				}
			case c.actor == "other" && !strings.Contains(strings.Join(out.Unchecked, "\n"), "whether every field is there: the linked kustomize of the same version gives others in ConfigMap one"):
				t.Errorf("nobody says that a field is another: %q", out.Unchecked)
			case c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want)):
				t.Errorf("got %v, want %q", err, c.want)
			}
			if err != nil && (strings.Contains(err.Error(), s.temp) || strings.Contains(err.Error(), "hunter2") || len(out.YAML) > 0) {
				t.Errorf("error says too much: %v", err)
			}
			s.left(t)
		})
	}
}

// gone waits for the end of the processes that an actor named.
func gone(t *testing.T, s stage) {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(s.dir, "pids"))
	if err != nil {
		t.Fatal(err)
	}
	for _, pid := range strings.Fields(string(text)) {
		for range 200 {
			// A process that has ended may wait for its new parent to notice.
			state, err := os.ReadFile("/proc/" + pid + "/stat")
			if _, rest, _ := strings.Cut(string(state), ") "); err != nil || strings.HasPrefix(rest, "Z") {
				pid = ""
				break
			}
			time.Sleep(10 * time.Millisecond)
		}
		if pid != "" {
			t.Errorf("process %s lives on", pid)
		}
	}
}

func TestExternalEndsWithItsContextAndLeavesNobody(t *testing.T) {
	t.Parallel()
	e, s := act(t, "hang", nil)
	ctx, cancel := context.WithCancel(t.Context())
	go func() {
		for range 1000 {
			if _, err := os.Stat(filepath.Join(s.dir, "pids")); err == nil {
				break
			}
			time.Sleep(5 * time.Millisecond)
		}
		cancel()
	}()
	_, err := e.Build(ctx, render.Build{Dir: rooted(t, unpack(t, twoMaps)), Path: "app", Capabilities: cluster})
	if !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
	gone(t, s)
	s.left(t)

	e, s = act(t, "leave", nil)
	e.Version = "5.7.1"
	if _, err := e.Build(t.Context(), render.Build{Dir: rooted(t, unpack(t, twoMaps)), Path: "app", Capabilities: cluster}); err != nil {
		t.Error(err)
	}
	gone(t, s)
}

func TestExternalIsToldNothing(t *testing.T) {
	t.Setenv("HELM_NAMESPACE", "other")
	t.Setenv("AWS_SECRET_ACCESS_KEY", "hunter2")
	t.Setenv("HTTPS_PROXY", "http://proxy.example.com")
	e, s := act(t, "told", engine(nil).Fetch)
	text := strings.Replace(twoMaps, "resources:", "helmCharts: [{"+pinned+"}]\nresources:", 1) + "-- app/unused.yaml --\n-- other/secret.yaml --\n"
	_, err := e.Build(t.Context(), render.Build{Dir: rooted(t, unpack(t, text)), Path: "app", Capabilities: cluster})
	if err == nil || !strings.HasSuffix(err.Error(), "told") {
		t.Fatal(err)
	}
	got, err := os.ReadFile(filepath.Join(s.dir, "told"))
	if err != nil {
		t.Fatal(err)
	}
	_, rest, _ := strings.Cut(string(got), "HOME="+s.temp+"/")
	at, _, _ := strings.Cut(rest, "/")
	list := strings.NewReplacer(s.temp+"/"+at, "T", s.dir, "STAGE").Replace(string(got))
	want := `stdin 0
build
--enable-helm
--helm-command
STAGE/actor-helm
--helm-kube-version
1.33.4
--helm-api-versions
apps/v1
--helm-api-versions
example.com/v1
--helm-api-versions
v1
T/sluice.root/app
PATH=T/empty
TMPDIR=T/tmp
HOME=T/home
LANG=C
TZ=UTC
HTTP_PROXY=http://127.0.0.1:9
HTTPS_PROXY=http://127.0.0.1:9
ALL_PROXY=http://127.0.0.1:9
XDG_CACHE_HOME=T/home/cache
XDG_CONFIG_HOME=T/home/config
XDG_DATA_HOME=T/home/data
XDG_STATE_HOME=T/home/state
HELM_CACHE_HOME=T/home/helm/cache
HELM_CONFIG_HOME=T/home/helm/config
HELM_DATA_HOME=T/home/helm/data
programs 0
drwx------ 
drwx------ /empty
drwx------ /home
drwx------ /sluice.root
drwx------ /sluice.root/app
-rw------- /sluice.root/app/a.yaml
-rw------- /sluice.root/app/b.yaml
drwx------ /sluice.root/app/charts
drwx------ /sluice.root/app/charts/web-1.2.3
drwx------ /sluice.root/app/charts/web-1.2.3/web
-rw------- /sluice.root/app/charts/web-1.2.3/web/Chart.yaml
drwx------ /sluice.root/app/charts/web-1.2.3/web/crds
-rw------- /sluice.root/app/charts/web-1.2.3/web/crds/crd.yaml
drwx------ /sluice.root/app/charts/web-1.2.3/web/templates
-rw------- /sluice.root/app/charts/web-1.2.3/web/templates/config.yaml
-rw------- /sluice.root/app/charts/web-1.2.3/web/templates/hook.yaml
drwx------ /sluice.root/app/charts/web-1.2.3/web/templates/tests
-rw------- /sluice.root/app/charts/web-1.2.3/web/templates/tests/test.yaml
-rw------- /sluice.root/app/charts/web-1.2.3/web/values-ha.yaml
-rw------- /sluice.root/app/charts/web-1.2.3/web/values.yaml
-rw------- /sluice.root/app/kustomization.yaml
drwx------ /tmp
`
	if diff := cmp.Diff(want, list); diff != "" {
		t.Error(diff)
	}
	s.left(t)
}

func TestExternalRefusesChartsThatItCannotInflate(t *testing.T) {
	const entry = "helmCharts: [{" + pinned + "}]\n"
	for _, c := range []struct{ version, helm, path, app, want, hint string }{
		{"5.4.3", "3.16.3", "", entry, "chart web: kustomize 5.4.3 executes helm itself, and this toolchain has no helm binary", "sluice toolchain install helm@3.16.3"},
		{"5.7.1", "4.3.1", "helm", entry, "chart web: kustomize 5.7.1 does not work with helm 4.3.1", "choose a helm 3, or kustomize 5.8.1 or newer"},
		{"5.8.1", "3.22.0", "helm", entry + "helmGlobals: {chartHome: /charts}\n", `chartHome "/charts" is an absolute path`, "write it relative to the kustomization"},
		{"5.8.1", "3.22.0", "helm", entry + "helmGlobals: {chartHome: ../../charts}\n", "path ../charts leaves the directory of the build", "nothing outside the directory of the stack is read; copy what is needed into it"},
	} {
		e, s := act(t, "kustomize", engine(nil).Fetch)
		e.Version, e.HelmVersion = c.version, c.helm
		if c.path == "" {
			e.Helm = ""
		}
		_, err := e.Build(t.Context(), render.Build{Dir: rooted(t, unpack(t, "-- app/kustomization.yaml --\n"+c.app)), Path: "app", Capabilities: cluster})
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("got %v, want %q", err, c.want)
		}
		hint := ""
		for wrong, ok := errors.AsType[*render.Error](err); ok; wrong, ok = errors.AsType[*render.Error](wrong.Err) {
			hint = wrong.Hint
		}
		if hint != c.hint {
			t.Errorf("hint %q, want %q", hint, c.hint)
		}
		s.left(t)
	}
}

// The copy must build to what the stack builds to.
func TestExternalBuildsWhatTheLinkedBuilds(t *testing.T) {
	inflated, err := os.ReadFile(filepath.Join("testdata", "inflated.txtar"))
	if err != nil {
		t.Fatal(err)
	}
	own := under("app/charts/own/", "-- Chart.yaml --\napiVersion: v2\nname: own\nversion: 1.0.0\n-- values.yaml --\n{}\n-- templates/a.yaml --\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: {{ .Release.Name }}-{{ .Values.a }}}\n-- v.yaml --\na: b\n")
	for name, text := range map[string]string{
		"inflated":     string(inflated),
		"two objects":  twoMaps,
		"nothing":      "-- app/kustomization.yaml --\nresources: [../base]\n-- base/kustomization.yml --\nnamespace: x\n",
		"all settings": "-- app/kustomization.yaml --\nhelmCharts: [{" + pinned + ", releaseName: r, namespace: web, includeCRDs: true, skipHooks: true, skipTests: true, debug: true, devel: true, kubeVersion: v1.29.1, apiVersions: [other.example.com/v1], valuesInline: {a: b}, valuesMerge: merge, additionalValuesFiles: [v.yaml]}]\n-- app/v.yaml --\nreplicas: 7\n",
		"folders of charts": "-- app/kustomization.yaml --\nhelmGlobals: {chartHome: deep/charts, configHome: /nowhere}\nhelmCharts: [{" + pinned + "}, {repo: 'https://charts.example.com', version: 1.0.0, name: database}]\n" +
			under("app/deep/charts/web-1.2.3/web/", charts["web 1.2.3"]),
		"own chart":       "-- app/kustomization.yaml --\nhelmCharts: [{name: own, valuesFile: charts/own/v.yaml}]\n" + own,
		"old fields":      "-- app/kustomization.yaml --\nbases: [../base]\nhelmChartInflationGenerator: [{chartName: web, chartVersion: 1.2.3, chartRepoUrl: 'https://charts.example.com', helmHome: /nowhere, releaseName: r}]\n-- base/kustomization.yml --\nresources: [a.yaml]\n-- base/a.yaml --" + configMap,
		"a base twice":    "-- app/kustomization.yaml --\nbuildMetadata: [originAnnotations]\nresources: [a, b]\n-- app/a/kustomization.yaml --\nnamespace: a\nresources: [../../mid]\n-- app/b/kustomization.yaml --\nnamespace: b\nresources: [../../mid]\n-- mid/kustomization.yaml --\nhelmCharts: [{" + pinned + ", skipHooks: true}]\n",
		"files of plugin": "-- app/kustomization.yaml --\ngenerators:\n- |-\n  apiVersion: builtin\n  kind: ConfigMapGenerator\n  metadata: {name: x}\n  files: [a=f.txt, g.txt]\n  envs: [e.env]\ntransformers: [t]\n-- app/f.txt --\nf\n-- app/g.txt --\ng\n-- app/e.env --\nA=1\n-- app/t/kustomization.yaml --\nresources: [p.yaml]\n-- app/t/p.yaml --\napiVersion: builtin\nkind: PatchTransformer\nmetadata: {name: p}\npath: j.yaml\ntarget: {kind: ConfigMap}\n-- app/j.yaml --\n- {op: add, path: /metadata/labels, value: {a: b}}\n",
		"text for a name": "-- app/kustomization.yaml --\nresources: [a.yaml]\npatchesStrategicMerge:\n- |-\n  apiVersion: v1\n  kind: ConfigMap\n  metadata: {name: one}\n  data: {a: ../../../../x}\n-- app/a.yaml --" + configMap,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			fetch := func(ctx context.Context, s render.Source) (render.Tree, error) {
				if s.Path == "" {
					return engine(nil).Fetch(ctx, s)
				}
				tree := treeOf(own)
				s.Path = strings.TrimPrefix(s.Path, "$up/")
				for i := range tree.Files {
					tree.Files[i].Path = strings.TrimPrefix(tree.Files[i].Path, s.Path+"/")
				}
				return tree, nil
			}
			dir := unpack(t, text)
			in := render.Build{Dir: rooted(t, dir), Path: "app", Origin: "$up", Capabilities: cluster}
			linked := engine(nil)
			linked.Fetch = fetch
			want, err := linked.Build(t.Context(), in)
			if err != nil {
				t.Fatal(err)
			}
			e, s := act(t, "kustomize", fetch)
			got, err := e.Build(t.Context(), in)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("linked (-) and external (+):\n%s", diff)
			}
			s.left(t)
		})
	}
}

func TestExternalFollowsLinksOfTheStack(t *testing.T) {
	dir := unpack(t, "-- real/app/kustomization.yaml --\nresources: [link.yaml, ../dir, ../../linked]\nhelmGlobals: {chartHome: charts}\nhelmCharts: [{"+pinned+", valuesFile: l/v.yaml}]\n-- real/app/a.yaml --"+configMap+
		"-- real/app/values/v.yaml --\nreplicas: 3\n-- other/kustomization.yaml --\nresources: [../shared]\nnameSuffix: -o\n-- shared/kustomization.yaml --\nresources: [s.yaml]\n-- shared/s.yaml --\napiVersion: v1\nkind: Secret\nmetadata: {name: s}\n-- more/kustomization.yaml --\nnamePrefix: m-\nresources: [../shared]\n-- real/app/folder/x --\n")
	for name, to := range map[string]string{"app": "real/app", "real/app/link.yaml": "a.yaml", "real/dir": "../other", "linked": "more", "real/app/l": "values", "real/app/charts": "folder"} {
		if err := os.Symlink(to, filepath.Join(dir, name)); err != nil {
			t.Fatal(err)
		}
	}
	in := render.Build{Dir: rooted(t, dir), Path: "app", Capabilities: cluster}
	want, err := engine(nil).Build(t.Context(), in)
	if err != nil {
		t.Fatal(err)
	}
	e, s := act(t, "kustomize", engine(nil).Fetch)
	got, err := e.Build(t.Context(), in)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("linked (-) and external (+):\n%s", diff)
	}
	s.left(t)
}

// Charts of an old kustomize lie under their name alone, and helm is not told of the cluster.
func TestExternalOfAnOldVersion(t *testing.T) {
	e, s := act(t, "told", engine(nil).Fetch)
	e.Version = "5.2.1"
	e.Prepare = func(tree render.Tree) render.Tree { tree.Files = tree.Files[:1]; return tree }
	in := render.Build{Dir: rooted(t, unpack(t, "-- app/kustomization.yaml --\nhelmCharts: [{"+pinned+"}]\n")), Path: "app", Capabilities: cluster}
	if _, err := e.Build(t.Context(), in); err == nil || !strings.HasSuffix(err.Error(), "told") {
		t.Fatal(err)
	}
	got, err := os.ReadFile(filepath.Join(s.dir, "told"))
	if err != nil {
		t.Fatal(err)
	}
	if text := string(got); strings.Contains(text, "versions") || !strings.Contains(text, "/sluice.root/app/charts/web/Chart.yaml\n") || strings.Contains(text, "templates") {
		t.Errorf("told %s", text)
	}
	in.Dir = rooted(t, unpack(t, "-- app/kustomization.yaml --\nresources: [a, b]\n-- app/a/kustomization.yaml --\nhelmGlobals: {chartHome: ../../charts}\nhelmCharts: [{"+pinned+", valuesFile: v.yaml}]\n"+
		"-- app/a/v.yaml --\n-- app/b/v.yaml --\n-- app/b/kustomization.yaml --\nhelmGlobals: {chartHome: ../../charts}\nhelmCharts: [{"+pinned+"2, valuesFile: v.yaml}]\n"))
	e.Fetch = func(ctx context.Context, s render.Source) (render.Tree, error) {
		return render.Tree{Files: []render.File{{Path: "Chart.yaml", Data: []byte("name: web\nversion: " + s.Version + "\n")}}}, nil
	}
	if _, err := e.Build(t.Context(), in); err != nil && !strings.HasSuffix(err.Error(), "told") {
		t.Errorf("two charts of other names: %v", err)
	}
	in.Dir = rooted(t, unpack(t, "-- app/kustomization.yaml --\nhelmCharts: [{"+pinned+", valuesFile: v.yaml}, {name: web, repo: 'https://charts.example.com', version: 2.0.0, valuesFile: v.yaml}]\n-- app/v.yaml --\n"))
	if _, err := e.Build(t.Context(), in); err == nil || !strings.Contains(err.Error(), "two charts belong at app/charts/web") {
		t.Errorf("two versions of one chart: %v", err)
	}
}

// Whether a chart asks for APIs decides whether its app is rendered again.
func TestBuildSaysThatAChartAsksForAPIs(t *testing.T) {
	in := render.Build{Dir: rooted(t, unpack(t, "-- app/kustomization.yaml --\nhelmCharts: [{"+pinned+"}, {repo: 'https://charts.example.com', version: 1.0.0, name: database}]\n")), Path: "app", Capabilities: cluster}
	for _, asks := range []bool{true, false} {
		e := engine(nil)
		template := e.Template
		e.Template = func(ctx context.Context, r render.Release) (render.Output, error) {
			out, err := template(ctx, r)
			out.AsksAPIs = asks && strings.Contains(string(out.YAML), "kind: Database")
			return out, err
		}
		outside, _ := act(t, "kustomize", e.Fetch)
		outside.Template = e.Template
		for _, build := range []func(context.Context, render.Build) (render.Output, error){e.Build, outside.Build} {
			if out, err := build(t.Context(), in); err != nil || out.AsksAPIs != asks {
				t.Errorf("asks %v: %v, %v", asks, out.AsksAPIs, err)
			}
		}
		outside.Template = nil
		out, err := outside.Build(t.Context(), in)
		if notes := strings.Join(out.Unchecked, "\n"); err != nil || !out.AsksAPIs || !strings.Contains(notes, "whether the output of kustomize 5.8.1 is whole: its charts were not rendered a second time") {
			t.Errorf("without a witness: %v, %q", err, notes)
		}
	}
}

// A chart that lost half of its objects on the way through helm.
func TestExternalFindsAHelmThatGivesLess(t *testing.T) {
	e, _ := act(t, "kustomize", engine(nil).Fetch)
	e.Template = func(ctx context.Context, r render.Release) (render.Output, error) {
		out, err := engine(nil).Template(ctx, r)
		out.YAML = append(out.YAML, "---\n# Source: web/templates/late.yaml\napiVersion: example.com/v1\nkind: Database\nmetadata: {name: late}\n"...)
		return out, err
	}
	in := render.Build{Dir: rooted(t, unpack(t, "-- app/kustomization.yaml --\nnamePrefix: p-\nhelmCharts: [{"+pinned+"}]\n")), Path: "app", Capabilities: cluster}
	if _, err := e.Build(t.Context(), in); err == nil || !strings.Contains(err.Error(), "without Database.example.com p-late") {
		t.Errorf("got %v", err)
	}
	e.Version = "5.8.0"
	e.HelmVersion = "3.22.0"
	out, err := e.Build(t.Context(), in)
	if err != nil || !strings.Contains(strings.Join(out.Unchecked, "\n"), "Database.example.com p-late is left out by kustomize 5.8.0") {
		t.Errorf("%v, %q", err, out.Unchecked)
	}
}
