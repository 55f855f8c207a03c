package source

import (
	"slices"
	"testing"
)

func TestNewerVersions(t *testing.T) {
	all := []string{"0.9.0", "1.2.0", "1.2.3", "1.2.10", "1.3.0", "1.10.1", "2.0.0-rc.1", "2.0.0", "3.0.0-alpha.1", "latest", "", "1.2"}
	tests := []struct {
		name, current       string
		all                 []string
		patch, minor, major string
	}{
		{"each step", "1.2.3", all, "1.2.10", "1.10.1", "2.0.0"},
		{"no patch", "1.2.10", all, "", "1.10.1", "2.0.0"},
		{"no minor", "1.10.1", all, "", "", "2.0.0"},
		{"the newest", "2.0.0", all, "", "", ""},
		{"from a prerelease", "2.0.0-rc.1", all, "2.0.0", "", "3.0.0-alpha.1"},
		{"to the next prerelease", "2.0.0-alpha.9", []string{"2.0.0-alpha.10", "2.0.0-alpha.9"}, "2.0.0-alpha.10", "", ""},
		{"from one that is not there", "1.2.4", all, "1.2.10", "1.10.1", "2.0.0"},
		{"newer than all", "9.0.0", all, "", "", ""},
		{"none there", "1.2.3", nil, "", "", ""},
		{"below 1", "0.9.0", all, "", "", "2.0.0"},
		{"tags with v", "v1.2.3", []string{"v1.2.4", "v1.3.0", "v2.0.0", "main"}, "v1.2.4", "v1.3.0", "v2.0.0"},
		{"some with v", "1.2.3", []string{"v1.2.4", "1.3.0", "v1.3.0", "v2.0.0"}, "v1.2.4", "1.3.0", "v2.0.0"},
		{"some without v", "v1.2.3", []string{"v1.3.0", "1.3.0"}, "", "v1.3.0", ""},
		{"build metadata", "1.2.3+a", []string{"1.2.3+b", "1.2.4+a", "1.2.4+b"}, "1.2.4+b", "", ""},
		{"tags of several charts", "web-1.2.3", []string{"web-1.2.4", "api-1.2.9", "1.2.8", "web-v2.0.0", "web-api-3.0.0"}, "web-1.2.4", "", "web-v2.0.0"},
		{"tags in folders", "charts/web/v1.2.3", []string{"charts/web/v1.2.4", "charts/api/v1.2.9", "web/v2.0.0"}, "charts/web/v1.2.4", "", ""},
		{"prereleases with a dash", "web-1.0.0-rc-1", []string{"web-1.0.0-rc-2", "web-1.0.0"}, "web-1.0.0", "", ""},
		{"a branch", "main", all, "", "", ""},
		{"a commit", commitA, all, "", "", ""},
		{"a version of two numbers", "v1.2", []string{"v1.3", "v1.2.3"}, "", "", ""},
		{"nothing", "", all, "", "", ""},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			list := slices.Clone(test.all)
			for range 2 {
				want := Newer{Entry: lockedEntries()[0], Patch: test.patch, Minor: test.minor, Major: test.major}
				if got := newer(lockedEntries()[0], test.current, list); got != want {
					t.Errorf("got %q %q %q, want %q %q %q", got.Patch, got.Minor, got.Major, want.Patch, want.Minor, want.Major)
				}
				slices.Reverse(list)
			}
		})
	}
}
