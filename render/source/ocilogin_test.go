package source

import (
	"encoding/base64"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"

	"oras.land/oras-go/v2/registry/remote/auth"
)

func robot() auth.Credential { return auth.Credential{Username: "robot", Password: "hunter2"} }

// basicRegistry is a registry over TLS that asks for the robot's password.
func basicRegistry(t *testing.T) (*ociWeb, string, *http.Client) {
	t.Helper()
	s := ociServer(t, func(w http.ResponseWriter, r *http.Request, _ int) bool {
		if user, password, _ := r.BasicAuth(); user == "robot" && password == "hunter2" {
			return false
		}
		w.Header().Set("WWW-Authenticate", `Basic realm="test"`)
		w.WriteHeader(http.StatusUnauthorized)
		return true
	})
	s.push(t, "charts/web", chartTgz(t, "web", "1.0.0"))
	repo, client := ociTLS(t, s, "/charts")
	return s, repo, client
}

// tokenRegistry is a registry over TLS with a token service, as the Docker token protocol has it: the service knows the
// robot by its password or its identity token, and gives tokens for what it was asked.
func tokenRegistry(t *testing.T) (*httptest.Server, string, *http.Client) {
	t.Helper()
	service := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		must(t, r.ParseForm())
		user, password, _ := r.BasicAuth()
		known := user == "robot" && password == "hunter2" || r.Form.Get("refresh_token") == "identity-of-robot"
		if !known || r.Form.Get("scope") != "repository:charts/web:pull" || r.Form.Get("service") != "registry.test" {
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		_, _ = fmt.Fprint(w, `{"token":"token-of-robot","access_token":"token-of-robot"}`)
	}))
	t.Cleanup(service.Close)
	s := ociServer(t, func(w http.ResponseWriter, r *http.Request, _ int) bool {
		if r.Header.Get("Authorization") == "Bearer token-of-robot" {
			return false
		}
		w.Header().Set("WWW-Authenticate", `Bearer realm="`+service.URL+`/token",service="registry.test",scope="repository:charts/web:pull"`)
		w.WriteHeader(http.StatusUnauthorized)
		return true
	})
	s.push(t, "charts/web", chartTgz(t, "web", "1.0.0"))
	repo, client := ociTLS(t, s, "/charts")
	return service, repo, client
}

// stackLogins are by beginning of a URL.
type stackLogins map[string][2]string

func (s stackLogins) login(u *url.URL) (credential, error) {
	for prefix, l := range s {
		if l[0] == "broken" {
			return credential{}, fmt.Errorf("the variable %s is empty", l[1])
		}
		if strings.HasPrefix(u.String(), prefix) {
			if l[0] == "" {
				return credential{token: l[1], from: "the test"}, nil
			}
			return credential{user: l[0], password: l[1], from: "the test"}, nil
		}
	}
	return credential{}, nil
}

func dockerConfig(t *testing.T, content string) string {
	t.Helper()
	return filepath.Join(folder(t, map[string]string{"config.json": content}), "config.json")
}

func encoded(s string) string { return base64.StdEncoding.EncodeToString([]byte(s)) }

// helper puts docker-credential-NAME on the PATH: a script that is told the registry on stdin.
func helper(t *testing.T, name, script string) {
	t.Helper()
	dir := t.TempDir()
	must(t, os.WriteFile(filepath.Join(dir, "docker-credential-"+name), []byte("#!/bin/sh\n"+script), 0o755))
	t.Setenv("PATH", dir+string(os.PathListSeparator)+os.Getenv("PATH"))
}

func TestRegistriesAreToldWhatTheyAskFor(t *testing.T) {
	helper(t, "test", `read -r host; [ "$1" = get ] && printf '{"ServerURL":"%s","Username":"robot","Secret":"hunter2"}' "$host"`)
	helper(t, "identity", `printf '{"Username":"<token>","Secret":"identity-of-robot"}'`)
	helper(t, "none", `echo 'credentials not found in native keychain'; exit 1`)
	_, basic, basicClient := basicRegistry(t)
	_, token, tokenClient := tokenRegistry(t)
	for _, c := range []struct {
		name, repo, config string
		stack              identities
		want               []string // of the error, or none
	}{
		{name: "auth", config: `{"auths":{"HOST":{"auth":"` + encoded("robot:hunter2") + `"}}}`},
		{name: "auth of a URL", config: `{"auths":{"https://HOST/v2/":{"auth":"` + encoded("robot:hunter2") + `"}}}`},
		{name: "helper of the registry", config: `{"credHelpers":{"HOST":"test"}}`},
		{name: "store", config: `{"credsStore":"test"}`},
		{name: "stack", stack: stackLogins{"oci://HOST/charts": {"robot", "hunter2"}}},
		{name: "stack after a file without it", config: `{"auths":{}}`, stack: stackLogins{"oci://HOST": {"robot", "hunter2"}}},
		{name: "stack after a helper without it", config: `{"credsStore":"none"}`, stack: stackLogins{"oci://HOST": {"robot", "hunter2"}}},
		{name: "identity token", repo: token, config: `{"auths":{"HOST":{"identitytoken":"identity-of-robot"}}}`},
		{name: "identity token of a helper", repo: token, config: `{"credHelpers":{"HOST":"identity"}}`},
		{name: "registry token", repo: token, config: `{"auths":{"HOST":{"registrytoken":"token-of-robot"}}}`},
		{name: "token of the stack", repo: token, stack: stackLogins{"oci://HOST": {"", "token-of-robot"}}},

		{name: "nobody knows", want: []string{"registry HOST asks for credentials, and none are known", "docker login HOST"}},
		{name: "nobody knows a token", repo: token, want: []string{"registry HOST asks for credentials, or refuses", "401"}},
		{name: "another repository", stack: stackLogins{"oci://HOST/other": {"robot", "hunter2"}}, want: []string{"none are known"}},
		{name: "another host", config: `{"auths":{"example.com":{"auth":"` + encoded("robot:hunter2") + `"}}}`, want: []string{"none are known"}},
		{name: "wrong password", config: `{"auths":{"HOST":{"auth":"` + encoded("robot:hunter22") + `"}}}`, want: []string{"answers 401"}},
		{name: "wrong token", repo: token, config: `{"auths":{"HOST":{"registrytoken":"identity-of-robot"}}}`, want: []string{"answers 401"}},
		{name: "no colon", config: `{"auths":{"HOST":{"auth":"` + encoded("hunter2") + `"}}}`, want: []string{"the login for registry HOST in", "does not read"}},
		{name: "not JSON", config: `{"auths":"hunter2"`, want: []string{"config.json does not read"}},
		{name: "no such helper", config: `{"credsStore":"absent"}`, want: []string{"docker-credential-absent is not on the PATH"}},
		{name: "helper fails", config: `{"credsStore":"loud"}`, want: []string{"docker-credential-loud gives no login for registry HOST", "echo HOST | docker-credential-loud get"}},
		{name: "helper babbles", config: `{"credsStore":"babble"}`, want: []string{"docker-credential-babble gives no login"}},
		{name: "stack fails", stack: stackLogins{"": {"broken", "CHARTS"}}, want: []string{"credentials of registry HOST: the variable CHARTS is empty"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			helper(t, "loud", "echo hunter2; exit 1")
			helper(t, "babble", "echo hunter2")
			if c.repo == "" {
				c.repo = basic
			}
			client := basicClient
			if c.repo == token {
				client = tokenClient
			}
			u, err := url.Parse(c.repo)
			must(t, err)
			fill := strings.NewReplacer("HOST", u.Host)
			file := filepath.Join(t.TempDir(), "none.json")
			if c.config != "" {
				file = dockerConfig(t, fill.Replace(c.config))
			}
			if s, ok := c.stack.(stackLogins); ok {
				filled := stackLogins{}
				for k, v := range s {
					filled[fill.Replace(k)] = v
				}
				c.stack = filled
			}
			o := overTLS(t, client)
			o.login = registryLogin(c.stack, file)
			if c.want == nil {
				settle(t, o, ociEntry(c.repo, "web", "^1.0.0"))
				return
			}
			_, err = o.resolve(t.Context(), ociEntry(c.repo, "web", "1.0.0"))
			for i := range c.want {
				c.want[i] = fill.Replace(c.want[i])
			}
			says(t, err, c.want...)
		})
	}
}

func TestCredentialsAreNotSentToATokenServiceOverPlainHTTP(t *testing.T) {
	asked := 0
	service := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { asked++ }))
	t.Cleanup(service.Close)
	s := ociServer(t, func(w http.ResponseWriter, _ *http.Request, _ int) bool {
		w.Header().Set("WWW-Authenticate", `Bearer realm="`+service.URL+`/token?signature=1",service="registry.test"`)
		w.WriteHeader(http.StatusUnauthorized)
		return true
	})
	repo, client := ociTLS(t, s, "/charts")
	o := overTLS(t, client)
	o.login = login(robot())
	_, err := o.resolve(t.Context(), ociEntry(repo, "web", "1.0.0"))
	says(t, err, "uses http but registry was contacted over https")
	hop, _, _ := tokenRegistry(t)
	hop.Config.Handler = http.RedirectHandler(service.URL+"/token?signature=1", http.StatusFound)
	s = ociServer(t, func(w http.ResponseWriter, _ *http.Request, _ int) bool {
		w.Header().Set("WWW-Authenticate", `Bearer realm="`+hop.URL+`/token",service="registry.test"`)
		w.WriteHeader(http.StatusUnauthorized)
		return true
	})
	repo, o.reader.Client = ociTLS(t, s, "/charts")
	_, err = o.resolve(t.Context(), ociEntry(repo, "web", "1.0.0"))
	says(t, err, "redirect of token request rejected")
	if asked != 0 {
		t.Error("the service was asked")
	}
}

func TestATokenServiceInTroubleIsNamed(t *testing.T) {
	service, repo, client := tokenRegistry(t)
	service.Config.Handler = http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusBadGateway) })
	_, err := overTLS(t, client).resolve(t.Context(), ociEntry(repo, "web", "1.0.0"))
	says(t, err, "4 attempts: "+strings.TrimPrefix(service.URL, "https://")+": the server answers 502")
}

// A registry of a private network has its token service beside it, under another name, as the registry of a forge does.
func TestAPrivateRegistryMayHaveItsTokenServiceBesideIt(t *testing.T) {
	var asked atomic.Int64
	service := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked.Add(1)
		must(t, r.ParseForm())
		user, password, _ := r.BasicAuth()
		if user != "robot" || password != "hunter2" || r.Form.Get("service") != "registry.test" || r.Form.Get("realm-of") != "forge" || r.URL.Path != "/jwt/auth" {
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		_, _ = fmt.Fprint(w, `{"token":"token-of-robot"}`)
	}))
	t.Cleanup(service.Close)
	named := strings.Replace(service.URL, "127.0.0.1", "localhost", 1) + "/jwt/auth?realm-of=forge"
	s := ociServer(t, func(w http.ResponseWriter, r *http.Request, _ int) bool {
		if r.Header.Get("Authorization") == "Bearer token-of-robot" {
			return false
		}
		w.Header().Set("WWW-Authenticate", `Bearer realm="`+named+`",service="registry.test",scope="repository:charts/web:pull"`)
		w.WriteHeader(http.StatusUnauthorized)
		return true
	})
	s.push(t, "charts/web", chartTgz(t, "web", "1.0.0"))
	r := reader(t.TempDir())
	r.Access = &Access{Named: map[string]string{s.url("/charts"): "robot:hunter2"}}
	fetch(t, r, helmSource(s.url("/charts"), "web", "1.0.0"))
	if asked.Load() == 0 {
		t.Error("the token service was not asked")
	}
	r = reader(t.TempDir())
	r.Access = &Access{Named: map[string]string{s.url("/charts"): "robot:wrong"}}
	err := refuse(t, r, helmSource(s.url("/charts"), "web", "1.0.0"), "asks for credentials")
	if strings.Contains(err.Error(), "sluice-token-service") || strings.Contains(err.Error(), "wrong") {
		t.Errorf("the error shows what nobody wrote: %v", err)
	}
}
