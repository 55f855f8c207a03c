package helm

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/google/go-cmp/cmp"

	"sluice/render"
)

// A copy of the test program under one of these names is a helm: it renders what it is given with the linked library
// and then does as it is called. Nothing else tells it, as the engine hands no environment on.
func TestMain(m *testing.M) {
	if name, isHelm := strings.CutPrefix(filepath.Base(os.Args[0]), "helm-that-"); isHelm {
		os.Exit(actAsHelm(name))
	}
	os.Exit(m.Run())
}

func actAsHelm(name string) int {
	text, err := renderArguments()
	out := os.Stdout
	switch word, n, _ := strings.Cut(name, "-"); word {
	case "works":
	case "prints": // so many documents
		count, _ := strconv.Atoi(n)
		docs := strings.SplitAfter(text, "\n---\n")
		text = strings.Join(docs[:min(count, len(docs))], "")
		text = strings.TrimSuffix(text, "---\n")
	case "cuts": // after so many bytes
		count, _ := strconv.Atoi(n)
		text = text[:min(count, len(text))]
	case "dies":
		fmt.Fprint(out, text[:len(text)/2])
		if self, err := os.FindProcess(os.Getpid()); err == nil {
			_ = self.Kill()
			select {}
		}
	case "hangs":
		beat(2)
	case "beats":
		beat(1)
	case "leaves": // a child that holds the output
		child := exec.Command(os.Args[0])
		child.Args[0], child.Stdout = "helm-that-beats", out
		child.Args = append(child.Args, os.Args[1:]...)
		err = errors.Join(err, child.Start())
	case "says": // nothing
		text = ""
	case "warns":
		text = "WARNING: something\n" + text
	case "adds":
		text += "bye\n"
	case "floods":
		for block := []byte(strings.Repeat("x", 1<<16)); err == nil; {
			_, err = out.Write(block)
		}
	case "litters":
		err = errors.Join(err, os.Mkdir("litter", 0o700), os.WriteFile("litter/file", nil, 0o600),
			os.WriteFile(os.Getenv("HOME")+"/file", nil, 0o600), os.WriteFile("../file", nil, 0o600))
	case "lists": // its environment, and who else could read
		mode, statErr := os.Stat("..")
		input, readErr := io.ReadAll(os.Stdin)
		err = errors.Join(statErr, readErr, fmt.Errorf("%s %q %s", mode.Mode(), input, strings.Join(os.Environ(), " ")))
	}
	if err != nil {
		fmt.Fprintf(os.Stderr, "Error: %v\n", err)
		return 1
	}
	fmt.Fprint(out, text)
	return 0
}

// renderArguments renders the release that the arguments describe.
func renderArguments() (string, error) {
	archive, err := os.ReadFile("../chart.tgz")
	if err != nil {
		return "", err
	}
	_, files, err := unpack(archive)
	if err != nil {
		return "", err
	}
	r := render.Release{Name: os.Args[2], Chart: render.Tree{Files: files, Packed: true}, SkipCRDs: true, Dir: os.DirFS("..")}
	for _, arg := range os.Args[4:] {
		flag, value, _ := strings.Cut(arg, "=")
		switch flag {
		case "--namespace":
			r.Namespace = value
		case "--kube-version":
			r.Capabilities.KubeVersion = value
		case "--api-versions":
			r.Capabilities.APIVersions = append(r.Capabilities.APIVersions, value)
		case "--include-crds":
			r.SkipCRDs = false
		case "--skip-tests":
			r.SkipTests = true
		case "--no-hooks":
			r.SkipHooks = true
		case "--values":
			r.Values.Files = append(r.Values.Files, strings.TrimPrefix(value, "../"))
		case "--set":
			r.Values.Set = append(r.Values.Set, value)
		case "--set-file":
			r.Values.SetFile = append(r.Values.SetFile, strings.ReplaceAll(value, "=../", "="))
		default:
			return "", fmt.Errorf("unknown flag: %s", arg)
		}
	}
	out, err := Template3(context.Background(), r)
	return string(out.YAML), err
}

// beat writes to the file named by --set beat=file until it is ended; with deep more than one, a child does.
func beat(deep int) {
	if deep > 1 {
		child := exec.Command(os.Args[0], os.Args[1:]...)
		child.Args[0] = "helm-that-beats"
		if err := child.Start(); err != nil {
			panic(err)
		}
	}
	file := ""
	for _, arg := range os.Args {
		if name, ok := strings.CutPrefix(arg, "--set=beat="); ok {
			file = name
		}
	}
	for range 1000 { // 20 s: should the engine fail to end it, it ends by itself
		if deep == 1 && file != "" {
			f, err := os.OpenFile(file, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
			if err != nil {
				return
			}
			_, _ = f.WriteString(".")
			_ = f.Close()
		}
		time.Sleep(20 * time.Millisecond)
	}
}

// fake gives the engine of a program that acts as its name says, and the directory that its temporary files go to.
func fake(t *testing.T, name string) (e *external, temp string) {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "helm-that-"+name)
	if err := os.Symlink(self, path); err != nil {
		t.Fatal(err)
	}
	temp = t.TempDir()
	t.Setenv("TMPDIR", temp)
	if e, err = newExternal(path, Version3, 30*time.Second); err != nil {
		t.Fatal(err)
	}
	return e, temp
}

// severalDocuments has files of crds/, manifests, tests and hooks.
func severalDocuments() render.Tree {
	return chartWith(
		"crds/a.yaml", "kind: CustomResourceDefinition\nmetadata: {name: a}\n",
		"templates/x.yaml", configMap+"data: {v: {{ .Values | toJson | quote }}}\n---\nkind: Zebra\nmetadata: {name: z}\n",
		"templates/hook.yaml", "kind: Job\nmetadata: {name: h, annotations: {helm.sh/hook: pre-install}}\n",
		"templates/test.yaml", "kind: Zzz\nmetadata: {name: t, annotations: {helm.sh/hook: test}}\n",
		"charts/b/Chart.yaml", "apiVersion: v2\nname: b\nversion: 1.0.0\n", "charts/b/crds/b.yaml", "kind: CustomResourceDefinition\n",
		"charts/a/Chart.yaml", "apiVersion: v2\nname: a\nversion: 1.0.0\n", "charts/a/crds/b.yaml", "kind: CustomResourceDefinition\n")
}

func TestExternalGivesWhatTheLinkedEngineGives(t *testing.T) {
	e, temp := fake(t, "works")
	for _, change := range []func(*render.Release){
		func(*render.Release) {},
		func(r *render.Release) { r.SkipHooks = true },
		func(r *render.Release) { r.SkipTests, r.SkipCRDs, r.Namespace = true, true, "" },
		func(r *render.Release) {
			r.Capabilities.APIVersions = []string{"example.com/v1", "example.com/v1/Widget"}
		},
		func(r *render.Release) { r.Chart = chartWith() },
		func(r *render.Release) {
			r.Dir = fstest.MapFS{"a,b.yaml": {Data: []byte("k: 1\n")}, "-": {Data: []byte("input")}, "$ref/x": {Data: []byte("x")}}
			r.Values = render.Values{
				Files: []string{"a,b.yaml"}, Inline: map[string]any{"i": 1},
				Set: []string{"s=--help"}, SetFile: []string{"f=-,g=./$ref/x", "h=$ref/../$ref/x"},
			}
		},
	} {
		r := releaseAs(severalDocuments())
		change(&r)
		want, err := Template3(t.Context(), r)
		if err != nil {
			t.Fatal(err)
		}
		got, err := e.template(t.Context(), r)
		if err != nil || !cmp.Equal(got, want) {
			t.Errorf("%v\n%s", err, cmp.Diff(want, got))
		}
	}
	isEmpty(t, temp)
}

func isEmpty(t *testing.T, dir string) {
	t.Helper()
	if left, err := os.ReadDir(dir); err != nil || len(left) > 0 {
		t.Errorf("left behind are %v, %v", left, err)
	}
}

func TestExternalRefusesWhatIsNotComplete(t *testing.T) {
	tests := []struct {
		does, want string
		change     func(*external)
	}{
		{"hangs", "did not end within 300ms", func(e *external) { e.limit = 300 * time.Millisecond }},
		{"dies", "was ended: signal: killed", nil},
		{"says-nothing", "it does not begin with a document", nil},
		{"warns", "it does not begin with a document", nil},
		{"adds", "something follows the last hook", nil},
		{"floods", "printed more than 1048576 bytes", func(e *external) { e.most = 1 << 20 }},
		{"leaves", "keeps the output open", func(e *external) { e.linger = 300 * time.Millisecond }},
		{"works", `the binary says that it is helm "v3.22.0"`, func(e *external) { e.version = "3.16.3" }},
		{"is not there", "no such file", func(e *external) { e.path += "-at-all" }},
	}
	for _, test := range tests {
		t.Run(test.does, func(t *testing.T) {
			e, temp := fake(t, test.does)
			if test.change != nil {
				test.change(e)
			}
			start := time.Now()
			out, err := e.template(t.Context(), releaseAs(severalDocuments()))
			if err == nil || !strings.Contains(err.Error(), test.want) || !strings.Contains(err.Error(), "rendering chart web 1.0.0") {
				t.Errorf("got %v, want %q", err, test.want)
			}
			if !cmp.Equal(out, render.Output{}) {
				t.Errorf("an error comes with the output %s", out.YAML)
			}
			if took := time.Since(start); took > 15*time.Second {
				t.Errorf("it took %v", took)
			}
			isEmpty(t, temp)
		})
	}
}

// TestExternalFindsEveryCut cuts the output after each document and at every byte near the end marks.
func TestExternalFindsEveryCut(t *testing.T) {
	r := releaseAs(severalDocuments())
	copied, err := copyChart(r)
	if err != nil {
		t.Fatal(err)
	}
	marked := r
	_, files, err := unpack(copied.archive)
	if err != nil {
		t.Fatal(err)
	}
	marked.Chart.Files, marked.Chart.Packed = files, true
	whole, err := Template3(t.Context(), marked)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := copied.unmark(whole.YAML, true); err != nil {
		t.Fatalf("the whole is refused: %v", err)
	}
	for n := range whole.YAML {
		if _, err := copied.unmark(whole.YAML[:n], true); err == nil {
			t.Errorf("cut after %d of %d bytes, it is taken for whole:\n%s", n, len(whole.YAML), whole.YAML[:n])
		}
	}
	for n := 1; n < 9; n++ {
		e, _ := fake(t, "prints-"+strconv.Itoa(n))
		if out, err := e.template(t.Context(), r); err == nil {
			t.Errorf("with %d documents it is taken for whole:\n%s", n, out.YAML)
		}
	}
	e, _ := fake(t, "prints-99")
	if _, err := e.template(t.Context(), r); err != nil {
		t.Errorf("all documents are refused: %v", err)
	}
}

func TestExternalEndsWithItsContextAndAllThatItStarted(t *testing.T) {
	e, temp := fake(t, "hangs")
	beats := filepath.Join(t.TempDir(), "beats")
	r := releaseAs(severalDocuments())
	r.Values.Set = []string{"beat=" + beats}
	ctx, cancel := context.WithCancel(t.Context())
	go func() {
		for size(beats) == 0 {
			time.Sleep(5 * time.Millisecond)
		}
		cancel()
	}()
	if out, err := e.template(ctx, r); err != context.Canceled || out.YAML != nil {
		t.Errorf("got %s, %v", out.YAML, err)
	}
	isEmpty(t, temp)
	before := size(beats)
	time.Sleep(200 * time.Millisecond)
	if after := size(beats); before == 0 || after != before {
		t.Errorf("the child went on: %d beats, then %d", before, after)
	}
}

func size(file string) int64 {
	entry, err := os.Stat(file)
	if err != nil {
		return 0
	}
	return entry.Size()
}

func TestExternalLeavesNothingBehind(t *testing.T) {
	e, temp := fake(t, "litters")
	if _, err := e.template(t.Context(), releaseAs(severalDocuments())); err != nil {
		t.Error(err)
	}
	isEmpty(t, temp)
}

func TestExternalSeesNothingOfThisEnvironment(t *testing.T) {
	for _, name := range []string{"HELM_NAMESPACE", "KUBECONFIG", "HTTPS_PROXY", "HELM_PLUGINS", "KUBERNETES_SERVICE_HOST"} {
		t.Setenv(name, "/inherited")
	}
	e, _ := fake(t, "lists")
	_, err := e.template(t.Context(), releaseAs(severalDocuments()))
	if err == nil {
		t.Fatal("no error")
	}
	words := strings.Fields(err.Error())
	words = words[slices.Index(words, `drwx------`):]
	slices.Sort(words)
	want := []string{
		`""`, "HELM_CACHE_HOME=home", "HELM_CONFIG_HOME=home", "HELM_DATA_HOME=home", "HOME=home",
		"HTTPS_PROXY=http://127.0.0.1:0", "HTTP_PROXY=http://127.0.0.1:0", "KUBECONFIG=home/none", "LANG=C", "PATH=",
		"TMPDIR=tmp", "TZ=UTC", "XDG_CACHE_HOME=home", "XDG_CONFIG_HOME=home", "XDG_DATA_HOME=home", "drwx------",
	}
	if !slices.Equal(words, want) {
		t.Errorf("got, -, want, +:\n%s", cmp.Diff(words, want))
	}
}

func TestExternalRefusesVersionsAndPaths(t *testing.T) {
	for _, test := range []struct{ path, version, want string }{
		{"/bin/helm", "2.17.0", "helm 2.17.0 is not supported"},
		{"/bin/helm", "3.9.4", "helm 3.9.4 is not supported"},
		{"/bin/helm", "5.0.0", "helm 5.0.0 is not supported"},
		{"/bin/helm", "3.16", `"3.16" is not a version`},
		{"/bin/helm", "", `"" is not a version`},
		{"helm", "3.16.3", "the path is not absolute"},
	} {
		if _, err := External(test.path, test.version, 0); err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s %s: got %v, want %q", test.path, test.version, err, test.want)
		}
	}
	for _, version := range []string{"3.10.0", "v3.16.3", "4.3.1", "4.0.0-rc.1"} {
		if _, err := External("/bin/helm", version, time.Second); err != nil {
			t.Errorf("%s: %v", version, err)
		}
	}
}
