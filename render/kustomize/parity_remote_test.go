//go:build parity

package kustomize_test

import (
	"bytes"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"sluice/render"
	"sluice/render/helm"
	"sluice/render/kustomize"
	"sluice/render/source"
)

// git runs git in a directory, with an identity and without anybody's configuration.
func git(t *testing.T, dir string, args ...string) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "git", args...)
	cmd.Dir = dir
	cmd.Env = []string{
		"PATH=" + os.Getenv("PATH"), "HOME=" + dir, "GIT_CONFIG_NOSYSTEM=1", "GIT_AUTHOR_NAME=a", "GIT_AUTHOR_EMAIL=a@example.com",
		"GIT_COMMITTER_NAME=a", "GIT_COMMITTER_EMAIL=a@example.com",
	}
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("git %s: %v (the package is git)\n%s", strings.Join(args, " "), err, out)
	}
}

// commit makes a repository of a txtar text, with the tag v1, and gives its address.
func commit(t *testing.T, text string) string {
	t.Helper()
	dir := unpack(t, text)
	git(t, dir, "init", "-q")
	git(t, dir, "add", ".")
	git(t, dir, "commit", "-q", "-m", "one")
	git(t, dir, "tag", "v1")
	return "file://" + dir
}

// remoteCase is a kustomization with remote entries. UP and OTHER stand for repositories, HTTP for a server of files.
type remoteCase struct {
	name, app string
	refuses   bool
}

func remoteCases() []remoteCase {
	a := "\n-- app/a.yaml --" + configMap
	own := "-- app/own/kustomization.yaml --\nresources: [a.yaml, 'UP//chain?ref=v1']\n-- app/own/a.yaml --" + strings.Replace(configMap, "one", "two", 1)
	return []remoteCase{
		{name: "base", app: "resources: ['UP//bases/web?ref=v1']\n"},
		{name: "base with a remote base", app: "resources: ['UP//chain?ref=v1']\n"},
		{name: "component", app: "resources: [a.yaml]\ncomponents: ['UP//components/labels?ref=v1']" + a},
		{name: "two of one repository", app: "resources: ['OTHER//c?ref=v1', 'OTHER//b?ref=v1']\n"},
		{name: "files", app: "resources: [a.yaml, 'HTTP/n.yaml']\nconfigMapGenerator: [{name: g, files: ['HTTP/x.ini', 'y=HTTP/x.ini'], envs: ['HTTP/x.ini']}]\n" +
			"patches: [{target: {kind: ConfigMap, name: one}, path: 'HTTP/patch'}]" + a},
		{name: "address of a directory above", app: "resources: ['UP//up/in?ref=v1']\n"},
		{name: "cycle of addresses", app: "resources: ['UP//round/a?ref=v1']\n", refuses: true},
		{name: "origins", app: "buildMetadata: [originAnnotations, transformerAnnotations]\nnamePrefix: x-\n" +
			"resources: ['UP//bases/web?ref=v1', 'HTTP/org/repo/raw/n.yaml', 'HTTP/n.yaml', own]\n" + own},
		{name: "path out of a repository", app: "resources: ['UP//out?ref=v1']\n", refuses: true},
		{name: "no such directory", app: "resources: ['OTHER//none?ref=v1']\n", refuses: true},
		{name: "the same twice", app: "resources: ['OTHER//c?ref=v1', 'OTHER//c?ref=v1']\n", refuses: true},
		{name: "cycle", app: "resources: ['UP//loop?ref=v1']\n", refuses: true},
	}
}

// TestParityOfRemoteEntries builds kustomizations with remote entries on both sides: the binary clones with git and asks
// a server, ours gets the same trees and files from a function.
func TestParityOfRemoteEntries(t *testing.T) {
	all := binaries(t, "kustomize-5.8.1", "kustomize-5.7.1", "kustomize-5.4.3")
	binary := all["kustomize-"+kustomize.Version]
	w := &world{repositories: map[string]string{}, files: map[string]string{}}
	served := map[string]string{
		"/org/repo/raw/n.yaml": "apiVersion: v1\nkind: Namespace\nmetadata: {name: n}\n",
		"/n.yaml":              "apiVersion: v1\nkind: Namespace\nmetadata: {name: m}\n",
		"/x.ini":               "x=1\n",
		"/patch":               "- {op: add, path: /metadata/labels, value: {p: q}}\n",
	}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprint(w, served[r.URL.Path])
	}))
	t.Cleanup(server.Close)
	for path, text := range served {
		w.files[server.URL+path] = text
	}
	text := "-- b/kustomization.yaml --\nnameSuffix: -o\nresources: [../c]\n-- c/kustomization.yaml --\nresources: [c.yaml]\n" +
		"-- c/c.yaml --\napiVersion: v1\nkind: Secret\nmetadata: {name: c}\n"
	other := commit(t, text)
	w.repositories[other] = text
	text, _, _ = strings.Cut(upstream, "-- charts/kustomization.yaml --")
	text += "-- chain/kustomization.yaml --\nnamePrefix: c-\nresources: [../bases/common, '" + other + "//b?ref=v1']\n" +
		"-- out/kustomization.yaml --\nresources: [../../x]\n" +
		"-- loop/kustomization.yaml --\nresources: [in]\n-- loop/in/kustomization.yaml --\nresources: [../../loop]\n"
	// A commit cannot hold its own address, so these lead through a link to the repository.
	link := "file://" + filepath.Join(t.TempDir(), "up")
	text += "-- up/kustomization.yaml --\nnameSuffix: -up\nresources: [../bases/common]\n" +
		"-- up/in/kustomization.yaml --\nresources: ['" + link + "//up?ref=v1']\n" +
		"-- round/a/kustomization.yaml --\nresources: [../b]\n" +
		"-- round/b/kustomization.yaml --\nresources: ['" + link + "//round/a?ref=v1']\n"
	up := commit(t, text)
	if err := os.Symlink(strings.TrimPrefix(up, "file://"), strings.TrimPrefix(link, "file://")); err != nil {
		t.Fatal(err)
	}
	w.repositories[link] = text
	w.repositories[up] = text
	addresses := strings.NewReplacer("HTTP", server.URL, "UP", up, "OTHER", other)
	for _, c := range remoteCases() {
		t.Run(c.name, func(t *testing.T) {
			dir := unpack(t, addresses.Replace("-- app/kustomization.yaml --\n"+c.app))
			out, err := w.engine().Build(t.Context(), render.Build{Dir: rooted(t, dir), Path: "app", Capabilities: cluster})
			our := parsed(t, out.YAML, err)
			cmd := exec.CommandContext(t.Context(), binary, "build", "app")
			cmd.Dir = dir
			cmd.Env = []string{"PATH=" + os.Getenv("PATH"), "HOME=" + t.TempDir(), "TMPDIR=" + t.TempDir()}
			var stdout, stderr bytes.Buffer
			cmd.Stdout, cmd.Stderr = &stdout, &stderr
			if err = cmd.Run(); err != nil {
				err = fmt.Errorf("%w: %s", err, stderr.String())
			}
			bin := parsed(t, stdout.Bytes(), err)
			if c.refuses != (our.err != nil) || c.refuses != (bin.err != nil) {
				t.Errorf("the case says refused: %v; linked: %v; binary: %v", c.refuses, our.err, bin.err)
			}
			for name, program := range all {
				e := kustomize.External{Fetch: w.engine().Fetch, Kustomize: program, Version: strings.TrimPrefix(name, "kustomize-"), Temp: t.TempDir()}
				out, err := e.Build(t.Context(), render.Build{Dir: rooted(t, dir), Path: "app", Capabilities: cluster})
				if d := difference(our, parsed(t, out.YAML, err)); d != "" {
					t.Errorf("linked (-) and external %s (+):\n%s", name, d)
				}
			}
			if c.refuses {
				return
			}
			if d := difference(our, bin); d != "" {
				t.Errorf("linked (-) and binary (+):\n%s", d)
			}
		})
	}
}

// TestParityOfVendoredCharts builds where the binary left the charts that it pulled: those are equal copies.
func TestParityOfVendoredCharts(t *testing.T) {
	names := []string{"kustomize-" + kustomize.Version, "helm-" + helm.Version3, "helm-" + helm.Version4}
	b := &bench{binaries: binaries(t, names...), urls: serveCharts(t, filepath.Join(casesDir, "charts"))}
	copies := 0
	for folder, cases := range readCases(t) {
		for _, c := range cases {
			if c.Departs || c.Refuses != "" || c.Says != "" || c.Path != "." {
				continue
			}
			for _, name := range names[1:] {
				dir := copyCase(t, c.folder, b.urls)
				cmd := exec.CommandContext(t.Context(), b.binaries[names[0]], "build", "--enable-helm", "--helm-command", b.binaries[name], "--helm-kube-version", c.Kube, ".")
				home := t.TempDir()
				cmd.Dir, cmd.Env = dir, []string{"HOME=" + home, "TMPDIR=" + home}
				if out, err := cmd.CombinedOutput(); err != nil {
					t.Fatalf("%s: %v\n%s", folder, err, out)
				}
				left, err := filepath.Glob(filepath.Join(dir, "charts", "*-*", "*"))
				if err != nil {
					t.Fatal(err)
				}
				copies += len(left)
				charts := &source.Reader{Dir: dir}
				engine := kustomize.Engine{Fetch: charts.Fetch}
				in := render.Build{Dir: rooted(t, dir), Path: c.Path, Capabilities: render.Capabilities{KubeVersion: c.Kube, APIVersions: c.APIs}}
				if err := engine.Walk(t.Context(), in); err != nil {
					t.Errorf("%s after a build with %s: %v", folder, name, err)
				}
			}
		}
	}
	if copies == 0 {
		t.Error("the binary left no chart")
	}
	t.Logf("%d copies compared", copies)
}
