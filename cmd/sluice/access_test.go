package main

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"sluice/render"
	"sluice/render/source"
)

func TestAccessNamesTheStandardPlaces(t *testing.T) {
	home := t.TempDir()
	for _, name := range []string{"id_rsa", "id_ed25519", "known_hosts"} {
		if err := os.MkdirAll(filepath.Join(home, ".ssh"), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(home, ".ssh", name), nil, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for _, c := range []struct {
		env  map[string]string
		want *source.Access
	}{
		{
			env: map[string]string{"HOME": home, "LOGIN": "robot:hunter2\r\n", "EMPTY": "\n"},
			want: &source.Access{
				Netrc: home + "/.netrc", HelmRepositories: home + "/.config/helm/repositories.yaml",
				HelmRegistry: home + "/.config/helm/registry/config.json", DockerConfig: home + "/.docker/config.json",
				SSHKeys: []string{home + "/.ssh/id_ed25519", home + "/.ssh/id_rsa"}, KnownHosts: existing([]string{home + "/.ssh/known_hosts", "/etc/ssh/ssh_known_hosts"}),
				Named:   map[string]string{"https://a.example.com": "robot:hunter2"},
				Missing: map[string]string{"https://b.example.com": "EMPTY", "https://c.example.com": "UNSET"},
			},
		},
		{
			env: map[string]string{
				"HOME": home, "NETRC": "/n", "HELM_CONFIG_HOME": "/h", "XDG_CONFIG_HOME": "/x", "DOCKER_CONFIG": "/d", "SSH_AUTH_SOCK": "/s",
				"SSH_KNOWN_HOSTS": home + "/none:" + home + "/.ssh/id_rsa",
			},
			want: &source.Access{
				Netrc: "/n", HelmRepositories: "/h/repositories.yaml", HelmRegistry: "/h/registry/config.json", DockerConfig: "/d/config.json", SSHAgent: "/s",
				SSHKeys: []string{home + "/.ssh/id_ed25519", home + "/.ssh/id_rsa"}, KnownHosts: []string{home + "/.ssh/id_rsa"},
				Missing: map[string]string{"https://a.example.com": "LOGIN", "https://b.example.com": "EMPTY", "https://c.example.com": "UNSET"},
			},
		},
		{
			env: map[string]string{"HELM_REPOSITORY_CONFIG": "/r.yaml", "HELM_REGISTRY_CONFIG": "/r.json", "HELM_CONFIG_HOME": "/h", "SSH_KNOWN_HOSTS": "/none"},
			want: &source.Access{
				HelmRepositories: "/r.yaml", HelmRegistry: "/r.json",
				Missing: map[string]string{"https://a.example.com": "LOGIN", "https://b.example.com": "EMPTY", "https://c.example.com": "UNSET"},
			},
		},
		{
			env: map[string]string{"XDG_CONFIG_HOME": "/x", "SSH_KNOWN_HOSTS": "/none"},
			want: &source.Access{
				HelmRepositories: "/x/helm/repositories.yaml", HelmRegistry: "/x/helm/registry/config.json",
				Missing: map[string]string{"https://a.example.com": "LOGIN", "https://b.example.com": "EMPTY", "https://c.example.com": "UNSET"},
			},
		},
	} {
		for _, name := range []string{
			"HOME", "NETRC", "HELM_CONFIG_HOME", "HELM_REPOSITORY_CONFIG", "HELM_REGISTRY_CONFIG", "XDG_CONFIG_HOME", "DOCKER_CONFIG", "SSH_AUTH_SOCK", "SSH_KNOWN_HOSTS",
			"LOGIN", "EMPTY", "UNSET",
		} {
			t.Setenv(name, c.env[name])
		}
		plan := render.Plan{Credentials: map[string]string{"https://a.example.com": "LOGIN", "https://b.example.com": "EMPTY", "https://c.example.com": "UNSET"}}
		got, err := new(invocation).access(plan)
		if err != nil {
			t.Fatal(err)
		}
		if d := cmp.Diff(c.want, got, cmpopts.IgnoreUnexported(source.Access{}), cmpopts.EquateEmpty()); d != "" {
			t.Errorf("%v:\n%s", c.env, d)
		}
	}
}
