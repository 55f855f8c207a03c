package source

import "testing"

// What is expected follows from NewRepoSpecFromURL of kustomize api v0.21.1, but for the departures that parseRemote names.
func TestParseRemote(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ entry, repo, revision, path string }{
		{"https://github.com/org/repo", "https://github.com/org/repo", "", ""},
		{"https://github.com/org/repo/", "https://github.com/org/repo", "", ""},
		{"https://github.com/org/repo?ref=v1", "https://github.com/org/repo", "v1", ""},
		{"https://github.com/org/repo//sub/dir?ref=v1", "https://github.com/org/repo", "v1", "sub/dir"},
		{"https://github.com/org/repo/sub/dir/?ref=v1", "https://github.com/org/repo", "v1", "sub/dir"},
		{"https://github.com/org/repo.git/sub?ref=v1", "https://github.com/org/repo.git", "v1", "sub"},
		{"https://github.com/org/repo.git//sub", "https://github.com/org/repo.git", "", "sub"},
		{"http://github.com/org/repo", "https://github.com/org/repo", "", ""},
		{"HTTPS://GitHub.com/org/repo", "https://github.com/org/repo", "", ""},
		{"github.com/org/repo/sub?ref=x", "https://github.com/org/repo", "x", "sub"},
		{"github.com:org/repo/sub", "https://github.com/org/repo", "", "sub"},
		{"git@github.com:org/repo.git//sub?ref=x", "git@github.com:org/repo.git", "x", "sub"},
		{"git@github.com/org/repo/sub", "git@github.com:org/repo", "", "sub"},
		{"https://git@github.com/org/repo", "git@github.com:org/repo", "", ""},
		{"ssh://git@github.com/org/repo.git/sub", "git@github.com:org/repo.git", "", "sub"},
		{"ssh://github.com/org/repo", "github.com:org/repo", "", ""},
		{"git::https://github.com/org/repo//a?ref=b", "https://github.com/org/repo", "b", "a"},
		{"GIT::git@example.com:org/repo//a", "git@example.com:org/repo", "", "a"},
		{"https://gitlab.example.com/org/repo/sub", "https://gitlab.example.com/org/repo", "", "sub"},
		{"https://gitlab.example.com/a/b/c.git/sub?version=v2", "https://gitlab.example.com/a/b/c.git", "v2", "sub"},
		{"https://gitlab.example.com/a/b/c//sub?version=v2&ref=v1", "https://gitlab.example.com/a/b/c", "v1", "sub"},
		{"https://dev.example.com/org/project/_git/repo/path/to?ref=x", "https://dev.example.com/org/project/_git/repo", "x", "path/to"},
		{"https://dev.example.com/org/project/_git/repo", "https://dev.example.com/org/project/_git/repo", "", ""},
		{"git@example.com:org/repo", "git@example.com:org/repo", "", ""},
		{"git@example.com:a/b/c.git/sub", "git@example.com:a/b/c.git", "", "sub"},
		{"git@example.com:a/b/c//sub", "git@example.com:a/b/c", "", "sub"},
		{"ssh://git@example.com:2222/org/repo//sub", "ssh://git@example.com:2222/org/repo", "", "sub"},
		{"ssh://git@example.com/org/repo.git", "ssh://git@example.com/org/repo.git", "", ""},
		{"file:///srv/git/repo", "file:///srv/git/repo", "", ""},
		{"file:///srv/git/repo.git/sub?ref=v1", "file:///srv/git/repo.git", "v1", "sub"},
		{"file:///srv/git/repo//sub?ref=v1", "file:///srv/git/repo", "v1", "sub"},
		{"https://example.com/org/repo//a/./b/../c", "https://example.com/org/repo", "", "a/c"},
		{"https://example.com/org/repo?timeout=90s&ref=a", "https://example.com/org/repo", "a", ""},
		{"https://example.com/org/repo?timeout=90", "https://example.com/org/repo", "", ""},
		{"https://example.com/org/repo?ref=feature%2Fx", "https://example.com/org/repo", "feature/x", ""},
		{"https://raw.example.com/org/repo/main/file.yaml", "https://raw.example.com/org/repo", "", "main/file.yaml"}, // a file is asked for first
	} {
		got, ok, err := parseRemote(c.entry)
		if want := (remoteRepo{c.repo, c.revision, c.path, true}); !ok || err != nil || got != want {
			t.Errorf("%s: %+v, %v, %v; want %+v", c.entry, got, ok, err, want)
		}
	}
	for entry, want := range map[string]bool{"submodules=false": false, "submodules=0": false, "submodules=true": true, "submodules=": true} {
		if got, _, err := parseRemote("https://example.com/org/repo?" + entry); err != nil || got.submodules != want {
			t.Errorf("%s: %+v, %v", entry, got, err)
		}
	}
	for _, entry := range []string{
		"", ".", "../base", "base", "/abs/dir", "a/b/c", "service.yaml", "https://example.com/one.yaml", "https://example.com", "example.com/org/repo",
		"example.com:org/repo", "user@dir/a/b", "github.com/org", "git@github.com:org", "a@b", "base?ref=x",
	} {
		if got, ok, err := parseRemote(entry); ok || err != nil {
			t.Errorf("%s: %+v, %v, %v; it is not in a repository", entry, got, ok, err)
		}
	}
	for entry, want := range map[string]string{
		"git://example.com/org/repo": `"git" is not supported`, "ext::sh -c id": "remote helper (ext)", "git::ext::sh": "remote helper (ext)",
		"https://me:s3cret@example.com/org/repo": "credentials", "https://s3cret@example.com/org/repo": "credentials",
		"https://example.com/org/repo//../x": "leaves the repository", "https://example.com/org/repo//a/../../x": "leaves the repository",
		"https://example.com/org/repo?rev=x": `unknown parameter "rev"`, "https://example.com/org/repo?submodules=maybe": "neither true nor false",
		"https://example.com/org/repo?timeout=soon": "no duration", "https://example.com/org/repo?ref=%zz": "does not parse",
		"ftp://example.com/org/repo": "not supported", "s3::https://example.com/b": "remote helper",
	} {
		_, ok, err := parseRemote(entry)
		if ok {
			t.Errorf("%s: accepted", entry)
		}
		wantError(t, err, want)
	}
}

func TestGitAddress(t *testing.T) {
	t.Parallel()
	for raw, want := range map[string]string{
		"https://Example.com:443/org/repo.git/": "https://example.com/org/repo.git", "http://example.com:80/r": "http://example.com/r",
		"ssh://git@example.com:22/org/repo": "ssh://git@example.com/org/repo", "git@Example.com:org/repo": "git@example.com:org/repo",
		"example.com:org/repo": "example.com:org/repo", "git@example.com:/abs/repo": "ssh://git@example.com/abs/repo", "git@[::1]:repo": "git@[::1]:repo",
		"file:///srv/repo": "file:///srv/repo", "file://localhost/srv/repo": "file:///srv/repo", "ssh://example.com/~me/repo": "ssh://example.com/~me/repo",
	} {
		if a, err := parseGitAddress(raw); err != nil || a.String() != want {
			t.Errorf("%s: %s, %v; want %s", raw, a, err, want)
		}
	}
	for raw, want := range map[string]string{
		"git://example.com/r": "not supported", "ext::sh -c id": "remote helper", "fd::17": "remote helper", "/abs": "not the address", "../r": "not the address",
		`C:\repo`: "backslash", "c:repo": "not the address", "https://u:p@example.com/r": "credentials", "https://u@example.com/r": "credentials",
		"ssh://u:p@example.com/r": "credentials", "file://host/r": "has a host", "https:///r": "no host", "https://example.com": "no path",
		"https://example.com/r?a=b": "query", "-oProxyCommand=x:r": "dash", "ssh://-oProxyCommand=x/r": "dash", "git@example.com:-x": "dash", "": "not the address",
	} {
		_, err := parseGitAddress(raw)
		wantError(t, err, want)
	}
	for _, c := range []struct{ parent, raw, want string }{
		{"https://example.com/a/b.git", "../c.git", "https://example.com/a/c.git"},
		{"https://example.com/a/b", "./c", "https://example.com/a/b/c"},
		{"git@example.com:a/b", "../../x/c", "git@example.com:x/c"},
		{"ssh://git@example.com/a/b", "../c", "ssh://git@example.com/a/c"},
		{"https://example.com/a/b", "git@example.org:c/d", "git@example.org:c/d"},
		{"file:///srv/a", "../b", "file:///srv/b"},
	} {
		parent, err := parseGitAddress(c.parent)
		must(t, err)
		if got, err := parent.submodule(c.raw); err != nil || got.String() != c.want {
			t.Errorf("%s of %s: %s, %v", c.raw, c.parent, got, err)
		}
	}
	for raw, want := range map[string]string{
		"../../../c": "leaves the host", "file:///etc": "this machine's disk", "http://example.com/c": "to http", "ext::sh": "remote helper", "/etc": "not the address",
	} {
		_, err := gitAddress{scheme: "https", host: "example.com", path: "/a/b"}.submodule(raw)
		wantError(t, err, want)
	}
}
