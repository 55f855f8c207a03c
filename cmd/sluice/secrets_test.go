package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/txtar"
	"github.com/spf13/pflag"

	"sluice/render"
	"sluice/render/toolchain"
	"sluice/validate"
	"sluice/validate/secrets"
)

// ruled renders the stack of an archive, and judges it by the rules about secrets with everything that finds out facts for
// them.
func ruled(t *testing.T, archive string, args ...string) (validate.Report, error) {
	t.Helper()
	dir := t.TempDir()
	for _, f := range txtar.Parse([]byte(archive)).Files {
		name := filepath.Join(dir, filepath.FromSlash(f.Name))
		if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(name, f.Data, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	v := &invocation{
		out: bufio.NewWriter(&bytes.Buffer{}), err: newProgress(&bytes.Buffer{}), found: map[toolchain.Tool]toolchain.Found{},
		said: map[string]bool{}, atWork: &attendance{}, stack: dir, jobs: 2, quiet: true,
	}
	var at string
	flags := pflag.NewFlagSet("", pflag.ContinueOnError)
	v.sourceFlags(flags)
	vaultFlag(flags, &at)
	if err := flags.Parse(append(args, "--cache", filepath.Join(dir, ".cache"))); err != nil {
		t.Fatal(err)
	}
	plan, err := v.plan()
	if err != nil {
		t.Fatal(err)
	}
	chain, err := v.toolchainNamed(t.Context(), plan, "helm3")
	if err != nil {
		t.Fatal(err)
	}
	r, done, err := v.renderer(plan, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer done()
	results, err := r.all(t.Context(), chain)
	if err != nil {
		t.Fatal(err)
	}
	in := validate.Input{Plan: plan, Results: results, Files: os.DirFS(dir), ClusterScoped: func(render.Key) bool { return false }}
	for _, r := range results {
		in.Effective = append(in.Effective, r.Set.Effective(r.App.Namespace, in.ClusterScoped))
	}
	return validate.Run(t.Context(), in, secrets.Rules(v.outside(r, chain, at)))
}

// messagesOf lists the findings of a rule: their places and messages.
func messagesOf(report validate.Report, id string) (messages []string) {
	for _, f := range report.Findings {
		if f.Rule == id {
			messages = append(messages, f.Pos.String()+" "+f.Message)
		}
	}
	return messages
}

// The placeholder of a stack's chart is hashed, in values of its own and of the chart.
func TestConsumedPlaceholdersOfAStack(t *testing.T) {
	for _, r := range secrets.Rules(secrets.Outside{}) {
		if r.ID != "consumed-placeholder" {
			continue
		}
		wrong, err := ruled(t, r.Wrong, "--offline")
		if err != nil {
			t.Fatal(err)
		}
		got := messagesOf(wrong, r.ID)
		if len(got) != 1 || !strings.HasPrefix(got[0], "values.yaml:1:11 ") || !strings.Contains(got[0], "hashed (sha256), as stringData.password shows") {
			t.Errorf("findings %v", got)
		}
		for _, f := range wrong.Findings {
			if f.Rule == r.ID && (f.Object.Name != "s" || f.Rendered.Line == 0 || f.Template == "") {
				t.Errorf("%+v does not say where it shows", f)
			}
		}
		right, err := ruled(t, r.Right, "--offline")
		if got := messagesOf(right, r.ID); err != nil || len(got) > 0 || len(right.Unchecked) > 0 {
			t.Errorf("findings %v, unchecked %v, %v", got, right.Unchecked, err)
		}
		inChart := strings.Replace(strings.Replace(r.Wrong, "-- values.yaml --", "-- chart/values.yaml --", 1), `, valueFiles: ["values.yaml"]`, "", 1)
		wrong, err = ruled(t, inChart, "--offline")
		if got := messagesOf(wrong, r.ID); err != nil || len(got) != 1 || !strings.HasPrefix(got[0], "chart/values.yaml:1:11 ") {
			t.Errorf("findings %v, %v", got, err)
		}
	}
}

// A stack that asks for what a Vault has and has not, with the variables that Vault's own program reads.
func TestSecretsThatAVaultLacks(t *testing.T) {
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		answer := func(status int, body any) {
			w.WriteHeader(status)
			_ = json.NewEncoder(w).Encode(body)
		}
		at := strings.TrimPrefix(r.URL.Path, "/v1/")
		switch {
		case r.Header.Get("X-Vault-Token") != "hvs.test" || r.Header.Get("X-Vault-Namespace") != "team":
			answer(403, map[string]any{"errors": []string{"permission denied", "invalid token"}})
		case strings.HasPrefix(at, "sys/internal/ui/mounts/kv/"):
			answer(200, map[string]any{"data": map[string]any{"path": "kv/", "type": "kv", "options": map[string]string{"version": "2"}}})
		case at == "kv/subkeys/argocd/apps/example":
			answer(200, map[string]any{"data": map[string]any{"subkeys": map[string]any{"password": nil}}})
		case strings.HasPrefix(at, "kv/subkeys/argocd/closed"), strings.HasPrefix(at, "kv/metadata/argocd/closed"):
			answer(403, map[string]any{"errors": []string{"permission denied"}})
		default:
			answer(404, map[string]any{"errors": []string{}})
		}
	}))
	defer srv.Close()
	t.Setenv("VAULT_ADDR", srv.URL)
	t.Setenv("VAULT_TOKEN", "hvs.test")
	t.Setenv("VAULT_NAMESPACE", "team")
	archive := `-- stack.cue --
package stack

name: "example"
cluster: {kubernetes: "1.33.4", argocd: "3.4.9"}
hydrate: {repoURL: "https://git.example.com/a.git", branch: "rendered"}
layers: apps: {wave: 2, tier: "apps", apps: example: {manifests: ["manifests"], secrets: "avp"}}
-- manifests/a.yaml --
apiVersion: v1
kind: Secret
metadata: {name: s}
stringData:
  there: <path:kv/data/argocd/apps/example#password>
  key: <path:kv/data/argocd/apps/example#user>
  path: <path:kv/data/argocd/apps/nothing#password>
  closed: <path:kv/data/argocd/closed/a#password>
`
	for _, args := range [][]string{{"--vault"}, {"--vault=" + srv.URL}} {
		report, err := ruled(t, archive, args...)
		if err != nil {
			t.Fatal(err)
		}
		got := strings.Join(messagesOf(report, "missing-secret"), "\n")
		if len(messagesOf(report, "missing-secret")) != 2 || !strings.Contains(got, "stringData.key asks for the key user at kv/data/argocd/apps/example, and the path has no such key") ||
			!strings.Contains(got, "manifests/a.yaml:7") || !strings.Contains(got, "there is no such path") {
			t.Errorf("%v: findings\n%s", args, got)
		}
		if len(report.Unchecked) != 1 || !strings.Contains(report.Unchecked[0].What, "kv/data/argocd/closed/a") {
			t.Errorf("%v: unchecked %+v", args, report.Unchecked)
		}
	}
	if report, err := ruled(t, archive); err != nil || len(messagesOf(report, "missing-secret")) > 0 {
		t.Errorf("without --vault: %+v, %v", report, err)
	}
	if _, err := ruled(t, archive, "--vault", "--offline"); err == nil || !strings.Contains(err.Error(), "offline") {
		t.Errorf("offline: %v", err)
	}
	t.Setenv("VAULT_TOKEN", "hvs.other")
	if _, err := ruled(t, archive, "--vault"); err == nil || strings.Contains(err.Error(), "hvs.") || !strings.Contains(err.Error(), "does not know the token") {
		t.Errorf("a wrong token: %v", err)
	}
	t.Setenv("VAULT_TOKEN", "")
	t.Setenv("HOME", t.TempDir())
	if _, err := ruled(t, archive, "--vault"); err == nil || !strings.Contains(err.Error(), "no token") {
		t.Errorf("no token: %v", err)
	}
	if err := os.WriteFile(filepath.Join(os.Getenv("HOME"), ".vault-token"), []byte("hvs.test\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if report, err := ruled(t, archive, "--vault"); err != nil || len(messagesOf(report, "missing-secret")) != 2 {
		t.Errorf("the token of the last login: %+v, %v", report, err)
	}
}
