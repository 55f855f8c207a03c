package vault_test

import (
	"context"
	"encoding/json"
	"encoding/pem"
	"errors"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"sluice/render/vault"
)

// standIn answers as the API of Vault is documented: engines of KV version 2 at "kv/" and "team/kv/", of version 1 at
// "old/". Its values must never be asked for.
type standIn struct {
	t      *testing.T
	mu     sync.Mutex
	asked  []string
	before func(http.ResponseWriter, *http.Request) bool // true where it has answered
	deny   []string                                      // beginnings of paths that the token may not read
	old    bool                                          // a Vault before 1.10
}

const token = "hvs.example"

// secret is one path of a version 2 engine: its versions from 1, each with its keys, nil for a destroyed one.
var secrets = map[string][][]string{
	"kv/apps/netbox":      {{"user"}, {"user", "db_password"}},
	"kv/apps/with blank":  {{"a"}},
	"kv/apps/burnt":       {{"a"}, nil},
	"team/kv/apps/harbor": {{"admin"}},
}

func newStandIn(t *testing.T) (*standIn, vault.Server) {
	s := &standIn{t: t}
	srv := httptest.NewServer(s)
	t.Cleanup(srv.Close)
	return s, serverAt(srv.URL)
}

func serverAt(address string) vault.Server {
	return vault.Server{Address: address, Token: func() (string, error) { return token, nil }, Jobs: 4, Timeout: 5 * time.Second}
}

func (s *standIn) say(w http.ResponseWriter, status int, body any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	if err := json.NewEncoder(w).Encode(body); err != nil {
		s.t.Error(err)
	}
}

func wrong(texts ...string) map[string]any {
	return map[string]any{"errors": append([]string{}, texts...)}
}

func (s *standIn) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	at := strings.TrimPrefix(r.URL.Path, "/v1/")
	s.mu.Lock()
	s.asked = append(s.asked, at)
	s.mu.Unlock()
	if s.before != nil && s.before(w, r) {
		return
	}
	if r.Header.Get("X-Vault-Token") != token || r.Header.Get("X-Vault-Request") != "true" || r.Method != http.MethodGet {
		s.say(w, 403, wrong("permission denied"))
		return
	}
	if slices.ContainsFunc(s.deny, func(p string) bool { return strings.HasPrefix(at, p) }) {
		s.say(w, 403, wrong("1 error occurred:\n\t* permission denied\n\n"))
		return
	}
	mounts := map[string]string{"kv/": "2", "team/kv/": "2", "old/": "1"}
	if below, ok := strings.CutPrefix(at, "sys/internal/ui/mounts/"); ok {
		for mount, version := range mounts {
			if strings.HasPrefix(below, mount) {
				s.say(w, 200, map[string]any{"data": map[string]any{"path": mount, "type": "kv", "options": map[string]string{"version": version}}})
				return
			}
		}
		s.say(w, 403, wrong("preflight capability check returned 403, please ensure client's policies grant access to path \""+below+"\""))
		return
	}
	for _, mount := range slices.Sorted(maps.Keys(mounts)) {
		if rest, ok := strings.CutPrefix(at, mount); ok && mounts[mount] == "1" {
			if r.URL.Query().Get("list") != "true" {
				s.t.Errorf("a value of version 1 is read: %s", at)
			}
			if rest != "apps/" {
				s.say(w, 404, wrong())
				return
			}
			s.say(w, 200, map[string]any{"data": map[string]any{"keys": []string{"below/", "netbox"}}})
			return
		} else if ok {
			s.second(w, r, mount, rest)
			return
		}
	}
	s.say(w, 404, wrong("no handler for route \""+at+"\". route entry not found."))
}

// second answers of an engine of version 2.
func (s *standIn) second(w http.ResponseWriter, r *http.Request, mount, rest string) {
	kind, rest, _ := strings.Cut(rest, "/")
	versions := secrets[mount+rest]
	at := len(versions)
	if v := r.URL.Query().Get("version"); v != "" {
		if err := json.Unmarshal([]byte(v), &at); err != nil {
			s.t.Error(err)
		}
	}
	switch {
	case kind == "subkeys" && s.old:
		s.say(w, 404, wrong("1 error occurred:\n\t* unsupported path\n\n"))
	case kind != "subkeys" && kind != "metadata":
		s.t.Errorf("%s is asked for, which has values", r.URL.Path)
		s.say(w, 404, wrong())
	case at < 1 || at > len(versions):
		s.say(w, 404, wrong())
	case kind == "metadata":
		all := map[string]any{}
		for i, keys := range versions {
			all[string(rune('1'+i))] = map[string]any{"deletion_time": "", "destroyed": keys == nil}
		}
		s.say(w, 200, map[string]any{"data": map[string]any{"current_version": len(versions), "versions": all}})
	case versions[at-1] == nil:
		s.say(w, 404, map[string]any{"data": map[string]any{"subkeys": nil, "metadata": map[string]any{"destroyed": true, "deletion_time": "", "version": at}}})
	default:
		keys := map[string]any{}
		for _, key := range versions[at-1] {
			keys[key] = nil
		}
		s.say(w, 200, map[string]any{"data": map[string]any{"subkeys": keys, "metadata": map[string]any{"version": at}}})
	}
}

func TestWhatAVaultHas(t *testing.T) {
	t.Parallel()
	_, server := newStandIn(t)
	for _, c := range []struct {
		ask    vault.Ask
		want   vault.State
		reason string
	}{
		{vault.Ask{Path: "kv/data/apps/netbox", Key: "db_password"}, vault.There, ""},
		{vault.Ask{Path: "kv/data/apps/netbox", Key: "user", Version: "1"}, vault.There, ""},
		{vault.Ask{Path: "kv/data/apps/netbox", Key: "db_password", Version: "1"}, vault.KeyMissing, "no such key"},
		{vault.Ask{Path: "kv/data/apps/netbox", Key: "db_pasword"}, vault.KeyMissing, `did you mean "db_password"?`},
		{vault.Ask{Path: "kv/data/apps/netbox", Key: "user", Version: "9"}, vault.PathMissing, "no such version"},
		{vault.Ask{Path: "kv/data/apps/netbox", Key: "user", Version: "x"}, vault.PathMissing, "numbers from 1"},
		{vault.Ask{Path: "kv/data/apps/netbox", Key: "user", Version: "0"}, vault.PathMissing, "numbers from 1"},
		{vault.Ask{Path: "kv/data/apps/gone", Key: "user"}, vault.PathMissing, "no such path"},
		{vault.Ask{Path: "kv/data/apps/burnt", Key: "a"}, vault.PathMissing, "destroyed"},
		{vault.Ask{Path: "kv/data/apps/burnt", Key: "a", Version: "1"}, vault.There, ""},
		{vault.Ask{Path: "kv/data/apps/with blank", Key: "a"}, vault.There, ""},
		{vault.Ask{Path: "kv/apps/netbox", Key: "user"}, vault.PathMissing, "below kv/data/"},
		{vault.Ask{Path: "team/kv/data/apps/harbor", Key: "admin"}, vault.There, ""},
		{vault.Ask{Path: "nowhere/data/apps/harbor", Key: "admin"}, vault.PathMissing, "nothing is mounted at nowhere"},
		{vault.Ask{Path: "nowhere", Key: "admin"}, vault.NotAllowed, "nothing is mounted there"},
		{vault.Ask{Path: "old/apps/netbox", Key: "user"}, vault.Unknown, "names no keys"},
		{vault.Ask{Path: "old/apps/other", Key: "user"}, vault.PathMissing, "no such path"},
		{vault.Ask{Path: "old/none/other", Key: "user"}, vault.PathMissing, "no such path"},
		{vault.Ask{Path: "kv/data/../sys/seal", Key: "user"}, vault.Unknown, "no path of Vault"},
		{vault.Ask{Path: "kv//data", Key: "user"}, vault.Unknown, "no path of Vault"},
	} {
		answers, err := server.Check(t.Context(), []vault.Ask{c.ask})
		if err != nil {
			t.Fatalf("%+v: %v", c.ask, err)
		}
		if a := answers[0]; a.State != c.want || !strings.Contains(a.Reason, c.reason) || a.Ask != c.ask || a.Reason == "" && a.State != vault.There {
			t.Errorf("%+v: %+v, want state %d with %q", c.ask, a, c.want, c.reason)
		}
	}
}

func TestEqualPathsAreAskedOnce(t *testing.T) {
	t.Parallel()
	s, server := newStandIn(t)
	var asks []vault.Ask
	for range 50 {
		asks = append(asks, vault.Ask{Path: "kv/data/apps/netbox", Key: "user"}, vault.Ask{Path: "kv/data/apps/netbox", Key: "none"}, vault.Ask{Path: "team/kv/data/apps/harbor", Key: "admin"})
	}
	answers, err := server.Check(t.Context(), asks)
	if err != nil || len(answers) != len(asks) {
		t.Fatal(len(answers), err)
	}
	for i, a := range answers {
		if want := []vault.State{vault.There, vault.KeyMissing, vault.There}[i%3]; a.State != want {
			t.Fatalf("answer %d: %+v", i, a)
		}
	}
	if len(s.asked) != 4 {
		t.Errorf("asked %v", s.asked)
	}
}

func TestAPolicyWithoutSubkeysAndAnOldVault(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]func(*standIn){
		"policy": func(s *standIn) { s.deny = []string{"kv/subkeys/"} },
		"old":    func(s *standIn) { s.old = true },
	} {
		s, server := newStandIn(t)
		change(s)
		answers, err := server.Check(t.Context(), []vault.Ask{
			{Path: "kv/data/apps/netbox", Key: "none"},
			{Path: "kv/data/apps/gone", Key: "none"},
			{Path: "kv/data/apps/burnt", Key: "a"},
			{Path: "kv/data/apps/netbox", Key: "user", Version: "7"},
		})
		if err != nil {
			t.Fatal(name, err)
		}
		for i, want := range []vault.State{vault.Unknown, vault.PathMissing, vault.PathMissing, vault.PathMissing} {
			if answers[i].State != want || answers[i].Reason == "" {
				t.Errorf("%s: %+v, want %d", name, answers[i], want)
			}
		}
	}
	s, server := newStandIn(t)
	s.deny = []string{"kv/"}
	answers, err := server.Check(t.Context(), []vault.Ask{{Path: "kv/data/apps/netbox", Key: "user"}})
	if err != nil || answers[0].State != vault.NotAllowed {
		t.Errorf("%+v, %v", answers, err)
	}
}

// What was deleted in the second that the server's clock shows is deleted; what is to be deleted later is there.
func TestDeletionsAreReadByTheServersClock(t *testing.T) {
	t.Parallel()
	for deleted, want := range map[string]vault.State{
		"2026-01-31T12:00:00.9Z": vault.PathMissing,
		"2026-01-31T11:00:00Z":   vault.PathMissing,
		"2026-01-31T12:00:01Z":   vault.Unknown, // which keys it has is not known
	} {
		s, server := newStandIn(t)
		s.deny = []string{"kv/subkeys/"}
		s.before = func(w http.ResponseWriter, r *http.Request) bool {
			if !strings.HasPrefix(r.URL.Path, "/v1/kv/metadata/") {
				return false
			}
			w.Header().Set("Date", "Sat, 31 Jan 2026 12:00:00 GMT")
			s.say(w, 200, map[string]any{"data": map[string]any{
				"current_version": 1, "versions": map[string]any{"1": map[string]any{"deletion_time": deleted, "destroyed": false}},
			}})
			return true
		}
		answers, err := server.Check(t.Context(), []vault.Ask{{Path: "kv/data/apps/netbox", Key: "user"}})
		if err != nil || answers[0].State != want {
			t.Errorf("deleted at %s: %+v, %v, want %d", deleted, answers, err, want)
		}
	}
}

// A busy server is asked again, and not for ever.
func TestABusyServer(t *testing.T) {
	t.Parallel()
	for _, status := range []int{429, 502, 503} {
		s, server := newStandIn(t)
		n := 0
		s.before = func(w http.ResponseWriter, _ *http.Request) bool {
			s.mu.Lock()
			defer s.mu.Unlock()
			if n++; n%2 == 1 {
				w.Header().Set("Retry-After", "0")
				s.say(w, status, wrong("busy"))
				return true
			}
			return false
		}
		if answers, err := server.Check(t.Context(), []vault.Ask{{Path: "kv/data/apps/netbox", Key: "user"}}); err != nil || answers[0].State != vault.There {
			t.Errorf("%d: %+v, %v", status, answers, err)
		}
	}
	s, server := newStandIn(t)
	s.before = func(w http.ResponseWriter, _ *http.Request) bool {
		s.say(w, 503, wrong("Vault is sealed"))
		return true
	}
	_, err := server.Check(t.Context(), []vault.Ask{{Path: "kv/data/apps/netbox", Key: "user"}})
	if err == nil || !strings.Contains(err.Error(), "sealed") || len(s.asked) != 4 {
		t.Errorf("error %v after %d questions", err, len(s.asked))
	}
}

// The token goes to the address alone. A redirect within it is followed, as a load balancer makes them.
func TestRedirects(t *testing.T) {
	t.Parallel()
	var leaked string
	other := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { leaked += r.Header.Get("X-Vault-Token") + " " }))
	defer other.Close()
	s, server := newStandIn(t)
	s.before = func(w http.ResponseWriter, r *http.Request) bool {
		http.Redirect(w, r, other.URL+r.URL.Path, http.StatusTemporaryRedirect)
		return true
	}
	_, err := server.Check(t.Context(), []vault.Ask{{Path: "kv/data/apps/netbox", Key: "user"}})
	if err == nil || !strings.Contains(err.Error(), "another host") || leaked != "" || len(s.asked) != 1 {
		t.Errorf("error %v, sent there: %q, asked %v", err, leaked, s.asked)
	}
	s, server = newStandIn(t)
	s.before = func(w http.ResponseWriter, r *http.Request) bool {
		if strings.HasPrefix(r.URL.Path, "/v1/moved") {
			r.URL.Path = strings.Replace(r.URL.Path, "/moved", "", 1)
			return false
		}
		if !strings.Contains(r.URL.RawQuery, "moved") && strings.Contains(r.URL.Path, "subkeys") {
			http.Redirect(w, r, r.URL.Path+"?moved", http.StatusTemporaryRedirect)
			return true
		}
		return false
	}
	if answers, err := server.Check(t.Context(), []vault.Ask{{Path: "kv/data/apps/netbox", Key: "user"}}); err != nil || answers[0].State != vault.There {
		t.Errorf("%+v, %v", answers, err)
	}
	s, server = newStandIn(t)
	s.before = func(w http.ResponseWriter, r *http.Request) bool {
		http.Redirect(w, r, r.URL.Path, http.StatusTemporaryRedirect)
		return true
	}
	if _, err := server.Check(t.Context(), []vault.Ask{{Path: "kv/data/apps/netbox", Key: "user"}}); err == nil || len(s.asked) > 5 {
		t.Errorf("error %v after %d", err, len(s.asked))
	}
}

func TestCertificatesAreVerified(t *testing.T) {
	t.Parallel()
	s := &standIn{t: t}
	srv := httptest.NewUnstartedServer(s)
	srv.Config.ErrorLog = nil
	srv.StartTLS()
	defer srv.Close()
	server := serverAt(srv.URL)
	ask := []vault.Ask{{Path: "kv/data/apps/netbox", Key: "user"}}
	if _, err := server.Check(t.Context(), ask); err == nil || !strings.Contains(err.Error(), "certificate") {
		t.Errorf("an unknown authority: %v", err)
	}
	if len(s.asked) > 0 {
		t.Errorf("asked %v", s.asked)
	}
	server.CA = pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: srv.Certificate().Raw})
	if answers, err := server.Check(t.Context(), ask); err != nil || answers[0].State != vault.There {
		t.Errorf("%+v, %v", answers, err)
	}
	server.CA = []byte("none")
	if _, err := server.Check(t.Context(), ask); err == nil {
		t.Error("a CA file without a certificate is taken")
	}
}

func TestWhatIsRefusedBeforeAnyConnection(t *testing.T) {
	t.Parallel()
	s, good := newStandIn(t)
	ask := []vault.Ask{{Path: "kv/data/apps/netbox", Key: "user"}}
	for name, change := range map[string]func(*vault.Server){
		"offline":     func(v *vault.Server) { v.Offline = true },
		"no address":  func(v *vault.Server) { v.Address = "" },
		"no URL":      func(v *vault.Server) { v.Address = "vault:8200" },
		"user in URL": func(v *vault.Server) { v.Address = "http://a:" + token + "@127.0.0.1:1" },
		"no token":    func(v *vault.Server) { v.Token = func() (string, error) { return "", nil } },
		"odd token":   func(v *vault.Server) { v.Token = func() (string, error) { return token + "\nX: y", nil } },
		"token fails": func(v *vault.Server) { v.Token = func() (string, error) { return "", errors.New("no file") } },
	} {
		v := good
		change(&v)
		if _, err := v.Check(t.Context(), ask); err == nil || strings.Contains(err.Error(), token) {
			t.Errorf("%s: error %v", name, err)
		}
	}
	if answers, err := (vault.Server{}).Check(t.Context(), nil); len(answers) > 0 || err != nil {
		t.Errorf("nothing to ask: %v, %v", answers, err)
	}
	if len(s.asked) > 0 {
		t.Errorf("asked %v", s.asked)
	}
}

// Answers that the API does not have, with the value of a secret in them, are errors without it.
func TestOddAnswersAreErrorsWithoutTheirText(t *testing.T) {
	t.Parallel()
	for name, text := range map[string]string{
		"page": "<html>hunter2</html>", "empty": "", "cut": `{"data": {"subkeys": {"hunter2`, "huge": strings.Repeat("hunter2", 1<<20),
	} {
		s, server := newStandIn(t)
		s.before = func(w http.ResponseWriter, r *http.Request) bool {
			if strings.Contains(r.URL.Path, "subkeys") {
				_, _ = w.Write([]byte(text))
				return true
			}
			return false
		}
		answers, err := server.Check(t.Context(), []vault.Ask{{Path: "kv/data/apps/netbox", Key: "user"}})
		if err == nil || strings.Contains(err.Error(), "hunter2") {
			t.Errorf("%s: %+v, %v", name, answers, err)
		}
	}
	// A server that gives values where it must not: they go nowhere.
	s, server := newStandIn(t)
	s.before = func(w http.ResponseWriter, r *http.Request) bool {
		if strings.Contains(r.URL.Path, "subkeys") {
			_, _ = w.Write([]byte(`{"data": {"subkeys": {"user": {"a": "hunter2"}}}}`))
			return true
		}
		return false
	}
	answers, err := server.Check(t.Context(), []vault.Ask{{Path: "kv/data/apps/netbox", Key: "user"}, {Path: "kv/data/apps/netbox", Key: "a"}})
	if err != nil || answers[0].State != vault.There || answers[1].State != vault.KeyMissing || strings.Contains(answers[1].Reason, "hunter2") {
		t.Errorf("%+v, %v", answers, err)
	}
}

func TestAServerThatIsNotThereAndOneThatSaysNothing(t *testing.T) {
	t.Parallel()
	gone := httptest.NewServer(nil)
	gone.Close()
	if _, err := serverAt(gone.URL).Check(t.Context(), []vault.Ask{{Path: "kv/data/a", Key: "b"}}); err == nil {
		t.Error("no error")
	}
	s, server := newStandIn(t)
	s.before = func(_ http.ResponseWriter, r *http.Request) bool { <-r.Context().Done(); return true }
	server.Timeout = 20 * time.Millisecond
	if _, err := server.Check(t.Context(), []vault.Ask{{Path: "kv/data/a", Key: "b"}}); err == nil {
		t.Error("no error")
	}
	server.Timeout = time.Minute
	ctx, stop := context.WithCancel(t.Context())
	time.AfterFunc(50*time.Millisecond, stop)
	if _, err := server.Check(ctx, []vault.Ask{{Path: "kv/data/a", Key: "b"}}); !errors.Is(err, context.Canceled) {
		t.Errorf("error %v", err)
	}
}

func TestNamespaceAndProxy(t *testing.T) {
	t.Parallel()
	s, server := newStandIn(t)
	var namespace string
	s.before = func(_ http.ResponseWriter, r *http.Request) bool {
		namespace = r.Header.Get("X-Vault-Namespace")
		return false
	}
	server.Namespace = "team/a"
	proxied := false
	server.Proxy = func(*http.Request) (*url.URL, error) { proxied = true; return nil, nil }
	if _, err := server.Check(t.Context(), []vault.Ask{{Path: "kv/data/apps/netbox", Key: "user"}}); err != nil || namespace != "team/a" || !proxied {
		t.Errorf("namespace %q, proxied %t, %v", namespace, proxied, err)
	}
}
