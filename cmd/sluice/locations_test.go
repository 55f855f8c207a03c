package main

import (
	"bytes"
	"encoding/pem"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
)

// locationServer has schemas over TLS, with an authority of its own, and counts what it is asked for.
func locationServer(t *testing.T, asked *atomic.Int64) (url, authority string) {
	t.Helper()
	const schema = `{"type": "object", "properties": {"spec": {"properties": {"size": {"type": "integer"}}}}}`
	var failed atomic.Bool
	over := make(chan struct{})
	server := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked.Add(1)
		switch where, _, _ := strings.Cut(strings.TrimPrefix(r.URL.Path, "/"), "/"); {
		case where == "good", where == "once" && failed.Swap(true), where == "token" && r.URL.Query().Get("key") == "hunter2":
			_, _ = io.WriteString(w, schema)
		case where == "once":
			w.WriteHeader(http.StatusInternalServerError)
		case where == "slow":
			select {
			case <-over:
			case <-r.Context().Done():
			}
		case where == "cut":
			w.Header().Set("Content-Length", "1000")
			_, _ = io.WriteString(w, schema[:30])
		case where == "half":
			_, _ = io.WriteString(w, schema[:30])
		case where == "page":
			_, _ = io.WriteString(w, "<!DOCTYPE html><html>log in</html>")
		case where == "closed":
			w.WriteHeader(http.StatusForbidden)
		case where == "refers":
			_, _ = io.WriteString(w, `{"$ref": "../good/defs.json"}`)
		case where == "inward":
			_, _ = io.WriteString(w, `{"$ref": "file:///etc/hostname"}`)
		case where == "dangling":
			_, _ = io.WriteString(w, `{"$ref": "../none/defs.json"}`)
		default:
			w.WriteHeader(http.StatusNotFound)
		}
	}))
	t.Cleanup(func() { close(over); server.Close() })
	authority = filepath.Join(t.TempDir(), "authority.pem")
	block := &pem.Block{Type: "CERTIFICATE", Bytes: server.Certificate().Raw}
	if err := os.WriteFile(authority, pem.EncodeToMemory(block), 0o644); err != nil {
		t.Fatal(err)
	}
	return server.URL, authority
}

// Schemas of an address are read with the authorities, attempts and time limit of the command line, and what cannot be read
// is an error that names the location, never a pass.
func TestSchemaLocationOverTLS(t *testing.T) {
	var asked atomic.Int64
	url, authority := locationServer(t, &asked)
	const file = "/{{.ResourceKind}}.json"
	object := filepath.Join(t.TempDir(), "widget.yaml")
	if err := os.WriteFile(object, []byte("apiVersion: example.com/v1\nkind: Widget\nmetadata: {name: one}\nspec: {size: large}\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	referring := t.TempDir()
	if err := os.WriteFile(filepath.Join(referring, "widget.json"), []byte(`{"$ref": "`+url+`/good/defs.json"}`), 0o644); err != nil {
		t.Fatal(err)
	}
	trusted := []string{"--ca-file", authority}
	for _, c := range []struct {
		name   string
		args   []string
		code   int
		stdout string
		stderr string
	}{
		{"good", append(trusted, "--schema-location", url+"/good"+file), exitFindings, "spec.size: got string, want integer [schema-location]", ""},
		{"layout", append(trusted, "--schema-location", url+"/good"), exitFindings, "[schema-location]", ""},
		{"query", append(trusted, "--schema-location", url+"/token"+file+"?key=hunter2&x=json"), exitFindings, "[schema-location]", ""},
		{"second", append(trusted, "--schema-location", url+"/none"+file, "--schema-location", url+"/good"+file), exitFindings, "[schema-location]", ""},
		{"refers", append(trusted, "--schema-location", url+"/refers"+file), exitFindings, "[schema-location]", ""},
		{"file that refers", append(trusted, "--schema-location", referring+file), exitFindings, "[schema-location]", ""},
		{"file that refers, offline", []string{"--offline", "--schema-location", referring + file}, exitError, "", "refers to another: offline, and " + url + "/good/defs.json"},
		{"none", append(trusted, "--schema-location", url+"/none"+file), exitClean, "unchecked: ", ""},
		{"once", append(trusted, "--schema-location", url+"/once"+file), exitFindings, "[schema-location]", ""},
		{"untrusted", []string{"--schema-location", url + "/good" + file}, exitError, "", "/good/widget.json: tls: "},
		{"closed", append(trusted, "--schema-location", url+"/closed"+file), exitError, "", "/closed/widget.json: the server answers 403"},
		{"slow", append(trusted, "--timeout", "100ms", "--schema-location", url+"/slow"+file), exitError, "", "/slow/widget.json, 4 attempts: "},
		{"cut", append(trusted, "--schema-location", url+"/cut"+file), exitError, "", "/cut/widget.json, 4 attempts: the answer was cut off"},
		{"half", append(trusted, "--schema-location", url+"/half"+file), exitError, "", "/half/widget.json is not whole, or not JSON"},
		{"page", append(trusted, "--schema-location", url+"/page"+file), exitError, "", "/page/widget.json: the answer is an HTML page"},
		{"dangling", append(trusted, "--schema-location", url+"/dangling"+file), exitError, "", "refers to another: fetching " + url + "/none/defs.json"},
		{"inward", append(trusted, "--schema-location", url+"/inward"+file), exitError, "", "refers to another: file:///etc/hostname is no address"},
		{"not an authority", []string{"--ca-file", object, "--schema-location", url + "/good" + file}, exitError, "", "widget.yaml"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			var stdout, stderr bytes.Buffer
			args := append([]string{"validate", object, "--kubernetes", "1.33", "--cache", t.TempDir()}, c.args...)
			code := run(t.Context(), streams{in: strings.NewReader(""), out: &stdout, err: &stderr}, args)
			if code != c.code || !strings.Contains(stdout.String(), c.stdout) || !strings.Contains(stderr.String(), c.stderr) {
				t.Errorf("exit code %d\n%s\n%s", code, stdout.String(), stderr.String())
			}
			if text := stdout.String() + stderr.String(); strings.Contains(text, "hunter2") {
				t.Errorf("the query of the address is shown: %s", text)
			}
		})
	}
}

// No connection is opened with --offline, and a server that does not answer is not asked for every kind, but for the first by
// name.
func TestSchemaLocationAsked(t *testing.T) {
	var asked atomic.Int64
	url, authority := locationServer(t, &asked)
	text := ""
	for _, kind := range []string{"One", "Two", "Three", "Four"} {
		text += "---\napiVersion: example.com/v1\nkind: " + kind + "\nmetadata: {name: one}\n"
	}
	ask := func(args ...string) (string, int64) {
		asked.Store(0)
		var stdout, stderr bytes.Buffer
		args = append([]string{"validate", "-", "--ca-file", authority, "--cache", t.TempDir()}, args...)
		if code := run(t.Context(), streams{in: strings.NewReader(text), out: &stdout, err: &stderr}, args); code != exitError {
			t.Errorf("exit code %d, %s", code, stderr.String())
		}
		return stderr.String(), asked.Load()
	}
	if said, n := ask("--offline", "--schema-location", url+"/good?key=hunter2"); n != 0 || !strings.Contains(said, url+"/good: --offline is given") {
		t.Errorf("asked %d times, %s", n, said)
	}
	slow := url + "/slow/{{.ResourceKind}}.json"
	if said, n := ask("--timeout", "100ms", "--schema-location", slow); n != 4 || !strings.Contains(said, "/slow/four.json, 4 attempts: ") {
		t.Errorf("asked %d times, %s", n, said)
	}
	// What is closed says nothing about others: a store of files answers so for those that are not there.
	if said, n := ask("--schema-location", url+"/closed/{{.ResourceKind}}.json"); n != 4 || !strings.Contains(said, "/closed/two.json: the server answers 403") {
		t.Errorf("asked %d times, %s", n, said)
	}
}
