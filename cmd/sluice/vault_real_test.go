//go:build vault

package main

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// realVault is a running Vault of testdata/vault.
type realVault struct {
	t       *testing.T
	Address string
	Token   string
	Version string
}

// startVault runs one until the test ends.
func startVault(t *testing.T) *realVault {
	t.Helper()
	tool := os.Getenv("SLUICE_VAULT_BIN")
	if tool == "" {
		t.Fatal("SLUICE_VAULT_BIN names no binary: make vault builds and sets it")
	}
	cmd := exec.Command(tool)
	cmd.Stderr = os.Stderr
	stdin, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = stdin.Close() // which ends it
		if err := cmd.Wait(); err != nil {
			t.Errorf("the Vault ended with %v", err)
		}
	})
	v := &realVault{t: t}
	if err := json.NewDecoder(stdout).Decode(v); err != nil {
		t.Fatalf("the Vault said nothing: %v", err)
	}
	return v
}

// do calls the API as root and gives the answer, which must be a good one.
func (v *realVault) do(method, at, body string) map[string]any {
	v.t.Helper()
	var answer map[string]any
	status, text := v.ask(method, at, body)
	if status >= 300 {
		v.t.Fatalf("%s %s: status %d: %s", method, at, status, text)
	}
	if len(text) > 0 {
		if err := json.Unmarshal(text, &answer); err != nil {
			v.t.Fatalf("%s %s: %v: %s", method, at, err, text)
		}
	}
	return answer
}

func (v *realVault) ask(method, at, body string) (status int, answer []byte) {
	v.t.Helper()
	request, err := http.NewRequestWithContext(v.t.Context(), method, v.Address+"/v1/"+at, strings.NewReader(body))
	if err != nil {
		v.t.Fatal(err)
	}
	request.Header.Set("X-Vault-Token", v.Token)
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		v.t.Fatal(err)
	}
	defer response.Body.Close()
	if answer, err = io.ReadAll(response.Body); err != nil {
		v.t.Fatal(err)
	}
	return response.StatusCode, answer
}

// write puts a secret where the engine may have to get ready first: one of version 2 is upgraded after it is mounted.
func (v *realVault) write(at, body string) {
	v.t.Helper()
	for range 50 {
		status, text := v.ask("POST", at, body)
		if status < 300 {
			return
		}
		if !strings.Contains(string(text), "pgrading") {
			v.t.Fatalf("writing %s: status %d: %s", at, status, text)
		}
		time.Sleep(100 * time.Millisecond)
	}
	v.t.Fatalf("writing %s: the engine does not get ready", at)
}

// token makes one that may do what a policy says.
func (v *realVault) token(name, policy string) string {
	v.t.Helper()
	text, err := json.Marshal(map[string]string{"policy": policy})
	if err != nil {
		v.t.Fatal(err)
	}
	v.do("PUT", "sys/policies/acl/"+name, string(text))
	made := v.do("POST", "auth/token/create", `{"policies": ["`+name+`"], "no_default_policy": true}`)
	return made["auth"].(map[string]any)["client_token"].(string)
}

// vaultStack is a stack whose placeholders ask for what is there and for what is not, in engines of both versions.
func vaultStack(t *testing.T) string {
	dir := t.TempDir()
	for name, text := range map[string]string{
		"stack.cue": `package stack

name: "vaulted"
cluster: {kubernetes: "1.33.4", argocd: "3.4.9"}
hydrate: repoURL: "https://git.example.com/vaulted.git"
layers: apps: {
	wave: 0, tier: "apps"
	apps: web: {manifests: ["secret.yaml"], secrets: "avp"}
}
`,
		"secret.yaml": `apiVersion: v1
kind: Secret
metadata: {name: web, namespace: web}
stringData:
  there: <path:kv/data/argocd/apps/web#password>
  first: <path:kv/data/argocd/apps/web#token#1>
  nested: <path:team/kv/data/argocd/apps/web#user>
  old: <path:old/argocd/apps/web#user>
  misspelled: <path:kv/data/argocd/apps/web#pasword>
  elsewhere: <path:kv/data/argocd/apps/wbe#password>
  later: <path:kv/data/argocd/apps/web#password#7>
  deleted: <path:kv/data/argocd/apps/gone#a>
  destroyed: <path:kv/data/argocd/apps/burnt#a>
  unmounted: <path:none/data/argocd/apps/web#a>
  old-missing: <path:old/argocd/apps/none#user>
`,
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// judged runs sluice validate with a token and gives what it says of Vault, on both outputs, and its exit code.
func (v *realVault) judged(dir, token string) (code int, said string) {
	v.t.Helper()
	v.t.Setenv("VAULT_TOKEN", token)
	var stdout, stderr bytes.Buffer
	code = run(v.t.Context(), streams{in: strings.NewReader(""), out: &stdout, err: &stderr},
		[]string{"validate", "--stack", dir, "--only", "missing-secret", "--vault=" + v.Address, "--cache", v.t.TempDir()})
	return code, stdout.String() + stderr.String()
}

// A real Vault is asked for what placeholders need, by tokens that may do more or less; no value is read, and none is told.
func TestRealVault(t *testing.T) {
	v := startVault(t)
	t.Logf("Vault %s", v.Version)
	log := filepath.Join(t.TempDir(), "audit.log")
	for mount, version := range map[string]string{"kv": "2", "team/kv": "2", "old": "1"} {
		v.do("POST", "sys/mounts/"+mount, `{"type": "kv", "options": {"version": "`+version+`"}}`)
	}
	const value = "sesame-0pen"
	v.write("kv/data/argocd/apps/web", `{"data": {"token": "`+value+`"}}`)
	v.write("kv/data/argocd/apps/web", `{"data": {"password": "`+value+`"}}`)
	v.write("team/kv/data/argocd/apps/web", `{"data": {"user": "`+value+`"}}`)
	v.write("old/argocd/apps/web", `{"user": "`+value+`"}`)
	v.write("kv/data/argocd/apps/gone", `{"data": {"a": "`+value+`"}}`)
	v.do("DELETE", "kv/data/argocd/apps/gone", "")
	v.write("kv/data/argocd/apps/burnt", `{"data": {"a": "`+value+`"}}`)
	v.do("PUT", "kv/destroy/argocd/apps/burnt", `{"versions": [1]}`)
	names := v.token("names", `path "kv/subkeys/*" { capabilities = ["read"] }
path "team/kv/subkeys/*" { capabilities = ["read"] }
path "old/*" { capabilities = ["list"] }`)
	described := v.token("described", `path "kv/metadata/*" { capabilities = ["read"] }`)
	nothing := v.token("nothing", `path "cubbyhole/*" { capabilities = ["read"] }`)
	// From here on everything that is asked is in the log, which has no values either.
	v.do("PUT", "sys/audit/file", `{"type": "file", "options": {"file_path": "`+log+`"}}`)

	dir := vaultStack(t)
	missing := []string{
		`stringData.misspelled`, `the path has no such key; did you mean "password"?`,
		`stringData.elsewhere`, `there is no such path`,
		`stringData.later`, `there is no such path, or no such version of it`,
		`stringData.deleted`, `that version is deleted`,
		`stringData.destroyed`, `that version is destroyed`,
		`stringData.old-missing`,
	}
	for _, c := range []struct {
		who, token string
		code       int
		want, not  []string
	}{
		{"root", v.Token, exitFindings, append(missing, "stringData.unmounted"), []string{"stringData.there", "stringData.first", "stringData.nested", "stringData.old:"}},
		{"a token for names", names, exitFindings, missing, []string{"stringData.there", "stringData.first", "stringData.nested", "stringData.old:"}},
		{
			"a token for descriptions", described, exitFindings,
			[]string{
				"stringData.elsewhere", "stringData.deleted", "stringData.destroyed", "there is no such version of the path",
				"which keys it has, the token may not ask (kv/subkeys/argocd/apps/web)",
			},
			[]string{"stringData.misspelled", "stringData.there", "stringData.nested"},
		},
		{"a token for nothing", nothing, exitClean, []string{"unchecked: web: whether Vault has the secret at kv/data/argocd/apps/web"}, []string{"error:"}},
		{"a token that is none", "hvs.none", exitError, []string{"it does not know the token"}, []string{"hvs.none"}},
	} {
		code, said := v.judged(dir, c.token)
		if code != c.code {
			t.Errorf("%s: exit code %d, want %d\n%s", c.who, code, c.code, said)
		}
		for _, text := range c.want {
			if !strings.Contains(said, text) {
				t.Errorf("%s: %q is not said:\n%s", c.who, text, said)
			}
		}
		for _, text := range append(c.not, value, c.token) {
			if strings.Contains(said, text) {
				t.Errorf("%s: %q is said:\n%s", c.who, text, said)
			}
		}
	}
	v.nothingWasRead(log)
	v.do("PUT", "sys/seal", "")
	if code, said := v.judged(dir, v.Token); code != exitError || !strings.Contains(said, "it is sealed") {
		t.Errorf("sealed: exit code %d\n%s", code, said)
	}
}

// nothingWasRead holds the audit log to the promise: no request for a value.
func (v *realVault) nothingWasRead(log string) {
	v.t.Helper()
	text, err := os.ReadFile(log)
	if err != nil {
		v.t.Fatal(err)
	}
	asked := 0
	for line := range strings.Lines(string(text)) {
		var entry struct {
			Type    string
			Request struct{ Operation, Path string }
		}
		if err := json.Unmarshal([]byte(line), &entry); err != nil {
			v.t.Fatal(err)
		}
		if entry.Type != "request" || strings.HasPrefix(entry.Request.Path, "sys/") {
			continue
		}
		asked++
		names := strings.Contains(entry.Request.Path, "/subkeys/") || strings.Contains(entry.Request.Path, "/metadata/")
		if !names && entry.Request.Operation != "list" {
			v.t.Errorf("it was asked for a value: %s %s", entry.Request.Operation, entry.Request.Path)
		}
	}
	if asked == 0 {
		v.t.Error("the audit log has no question in it")
	}
}
