package source

import (
	"cmp"
	"fmt"
	"strings"

	"sluice/render"
)

// Entry is one source of the world outside the stack: what was asked, and, once settled, what it is. It is a block of
// the lock. Nothing in it is a credential.
type Entry struct {
	Kind       string // render.KindHelm, render.KindGit or render.KindFile
	Repo       string // chart repository, Git repository, or the file's URL
	Chart      string // helm: the chart's name in Repo
	Requested  string // helm: version or range; git: commit, tag or branch; file: empty
	Submodules bool   // git: with its submodules

	Resolved string // helm: the version; git: the commit, in hex; file: empty
	Digest   string // "sha256:" and hex, of the archive or file
	// From is the address of the archive as upstream gives it. It saves reading the index again; the digest decides.
	From   string
	Signer string // helm: fingerprint of the key that signed the archive, where a keyring was given
}

// key identifies what is asked.
func (e Entry) key() Entry {
	return Entry{Kind: e.Kind, Repo: e.Repo, Chart: e.Chart, Requested: e.Requested, Submodules: e.Submodules}
}

// Same says whether two entries ask for the same thing, whatever it was resolved to.
func (e Entry) Same(o Entry) bool { return e.compare(o) == 0 }

// floats says whether what is asked means something else from day to day.
func (e Entry) floats() bool {
	switch e.Kind {
	case render.KindHelm:
		return !isExact(e.Requested) && !strings.HasPrefix(e.Requested, digestPrefix)
	case render.KindGit:
		return !commitID.MatchString(e.Requested)
	}
	return false
}

// unpinned is the error of what floats where there is no lock.
func (e Entry) unpinned() error {
	if e.Kind == render.KindGit {
		return hinted("write all 40 digits of the commit, or make it an app of a stack, where sluice lock pins tags and branches",
			fmt.Errorf("revision %q may be another commit tomorrow, and without a stack no lock pins it", cmp.Or(e.Requested, "HEAD")))
	}
	return hinted("write one exact version, or make it an app of a stack, where sluice lock pins ranges",
		fmt.Errorf("version %q means something else from day to day, and without a stack no lock pins it", e.Requested))
}

// compare orders entries for people: by kind, repository, chart, request.
func (e Entry) compare(o Entry) int {
	return cmp.Or(
		cmp.Compare(e.Kind, o.Kind), cmp.Compare(e.Repo, o.Repo), cmp.Compare(e.Chart, o.Chart),
		cmp.Compare(e.Requested, o.Requested), compareBool(e.Submodules, o.Submodules),
	)
}

func compareBool(a, b bool) int {
	switch {
	case a == b:
		return 0
	case b:
		return -1
	}
	return 1
}

// String names the entry for messages, as [render.Source] does.
func (e Entry) String() string {
	switch e.Kind {
	case render.KindGit:
		return "git repository " + shownGit(e.Repo) + " at " + e.Requested
	case render.KindFile:
		return "file " + shown(e.Repo)
	}
	return "chart " + e.Chart + " " + e.Requested + " of " + shown(e.Repo)
}
