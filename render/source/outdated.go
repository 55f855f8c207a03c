package source

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/Masterminds/semver/v3"

	"sluice/render"
)

// Newer says what an entry could be moved to: the newest version that differs in the patch number only, the newest of the
// same major, and the newest of all. Each is spelled as the place lists it, and empty where it is no step further than
// the one before it.
type Newer struct {
	Entry               Entry
	Patch, Minor, Major string
}

// Newer asks the place of an entry of the lock what there is beyond it; the lock and the cache are not looked at. Only
// charts and the tags of repositories have an order; what has none, a branch or a file, has nothing newer. A place that
// cannot be asked is an error, and the result then holds the entry alone.
func (r *Reader) Newer(ctx context.Context, e Entry) (Newer, error) {
	from, err := r.upstream(e)
	if err != nil {
		return Newer{Entry: e}, fmt.Errorf("asking for the versions of %s: %w", e, err)
	}
	all, err := from.versions(ctx, e)
	if err != nil {
		return Newer{Entry: e}, fmt.Errorf("asking for the versions of %s: %w", e, err)
	}
	current := e.Resolved
	if e.Kind == render.KindGit {
		current = e.Requested
	}
	return newer(e, current, all), nil
}

// newer compares the current version of an entry with all that its place has, charts' versions or tags. What is not a
// version of three numbers is left out, with a "v" or without; a current one that is none, a branch say, has nothing
// newer. Prereleases count only where the current version is one. Build metadata has no order in semver (10), so another
// build of one version is not newer.
//
// A tag may have a prefix, as in a repository of several charts ("web-1.2.3", "charts/web/v1.2.3"); versions with
// another prefix than the current one are those of something else.
func newer(e Entry, current string, all []string) Newer {
	n := Newer{Entry: e}
	prefix, now := splitTag(current)
	if now == nil {
		return n
	}
	type tag struct {
		text string
		*semver.Version
	}
	var have []tag
	for _, text := range all {
		p, v := splitTag(text)
		if v == nil || p != prefix || v.Prerelease() != "" && now.Prerelease() == "" || !v.GreaterThan(now) {
			continue
		}
		have = append(have, tag{text, v})
	}
	// Of two spellings of one version, the one of the current version; then by text, so that the order of all is nothing.
	slices.SortFunc(have, func(a, b tag) int {
		if c := a.Compare(b.Version); c != 0 {
			return c
		}
		if v := spelledWithV(current); spelledWithV(a.text) != spelledWithV(b.text) {
			return map[bool]int{true: 1, false: -1}[spelledWithV(a.text) == v]
		}
		return strings.Compare(a.text, b.text)
	})
	var last *semver.Version
	for _, step := range []struct {
		into   *string
		within func(*semver.Version) bool
	}{
		{&n.Patch, func(v *semver.Version) bool { return v.Major() == now.Major() && v.Minor() == now.Minor() }},
		{&n.Minor, func(v *semver.Version) bool { return v.Major() == now.Major() }},
		{&n.Major, func(*semver.Version) bool { return true }},
	} {
		for _, h := range slices.Backward(have) {
			if !step.within(h.Version) {
				continue
			}
			if last == nil || h.GreaterThan(last) {
				*step.into, last = h.text, h.Version
			}
			break
		}
	}
	return n
}

// splitTag gives the version that a tag ends in, and what stands before it; a nil version where there is none.
func splitTag(text string) (prefix string, v *semver.Version) {
	for i := range text {
		// A version begins where digits, or a "v" and digits, follow the start, a "/" or a "-".
		if i > 0 && text[i-1] != '/' && text[i-1] != '-' && text[i-1] != '@' {
			continue
		}
		if v, err := semver.StrictNewVersion(strings.TrimPrefix(text[i:], "v")); err == nil {
			return text[:i], v
		}
	}
	return "", nil
}

// spelledWithV says whether the version in a tag has the letter in front.
func spelledWithV(tag string) bool {
	prefix, _ := splitTag(tag)
	return strings.HasPrefix(tag[len(prefix):], "v")
}
