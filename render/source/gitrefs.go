package source

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/go-git/go-git/v5/plumbing"

	"sluice/render"
)

// gitRefs is what a repository calls its commits: full names, and beside an annotated tag the commit that it is of.
type gitRefs struct {
	tips   map[string]plumbing.Hash // "HEAD", "refs/heads/main", "refs/tags/v1"
	peeled map[string]plumbing.Hash // of annotated tags only
}

var (
	commitID      = regexp.MustCompile(`^[0-9a-fA-F]{40}$`)
	sha256ID      = regexp.MustCompile(`^[0-9a-fA-F]{64}$`)
	abbreviatedID = regexp.MustCompile(`^[0-9a-fA-F]{4,39}$`) // git's core.abbrev is 4 at least
)

// errSHA256 says what is missing, before a library stumbles over the length of an id.
var errSHA256 = errors.New("the repository is of the SHA-256 object format, which is not supported")

// find gives the full name that a revision stands for, in git's order (gitrevisions, "<refname>"): HEAD, the name as it
// is where it begins with refs/, refs/<name>, refs/tags/<name>, refs/heads/<name>. So a tag hides a branch of its name,
// and refs/heads/<name> asks for the branch.
func (r gitRefs) find(revision string) (string, bool) {
	candidates := []string{"refs/" + revision, "refs/tags/" + revision, "refs/heads/" + revision}
	if revision == "HEAD" || strings.HasPrefix(revision, "refs/") {
		candidates = append([]string{revision}, candidates...)
	}
	for _, name := range candidates {
		if _, ok := r.tips[name]; ok {
			return name, true
		}
	}
	return "", false
}

// commit gives what a full name leads to, annotated tags peeled.
func (r gitRefs) commit(name string) plumbing.Hash {
	if h, ok := r.peeled[name]; ok {
		return h
	}
	return r.tips[name]
}

// resolve gives the commit of a revision that is a name.
func (r gitRefs) resolve(revision string) (plumbing.Hash, error) {
	name, ok := r.find(revision)
	switch {
	case ok:
		return r.commit(name), nil
	case len(r.tips) == 0:
		return plumbing.ZeroHash, fmt.Errorf("the repository is empty")
	case abbreviatedID.MatchString(revision):
		return plumbing.ZeroHash, hinted("write all 40 digits of the commit; a shorter one may come to mean another commit",
			fmt.Errorf("%s is no tag or branch, and abbreviated commits are not looked up", revision))
	}
	err := fmt.Errorf("there is no tag or branch %q", revision)
	if near := render.Nearest(revision, r.names()); near != "" {
		return plumbing.ZeroHash, hinted("did you mean "+near+"?", err)
	}
	names := r.names()
	if len(names) > 5 {
		names = append(names[:5:5], fmt.Sprintf("%d more", len(names)-5))
	}
	return plumbing.ZeroHash, hinted("the repository has "+strings.Join(names, ", "), err)
}

// names lists tags and branches by their short names, tags first.
func (r gitRefs) names() []string {
	all := slices.Concat(r.short("refs/tags/"), r.short("refs/heads/"))
	if len(all) == 0 {
		return []string{"HEAD"}
	}
	return all
}

// short lists what is below a prefix, without it.
func (r gitRefs) short(prefix string) []string {
	var names []string
	for name := range r.tips {
		if rest, ok := strings.CutPrefix(name, prefix); ok {
			names = append(names, rest)
		}
	}
	slices.Sort(names)
	return names
}

// tipOf gives the id to ask for so that the answer holds the commit and its history need not be read: a server always
// gives what it advertised, and of an annotated tag it advertised the tag and not the commit.
func (r gitRefs) tipOf(commit plumbing.Hash) (plumbing.Hash, bool) {
	for _, h := range r.tips {
		if h == commit {
			return h, true
		}
	}
	var tags []string
	for name, h := range r.peeled {
		if h == commit {
			tags = append(tags, name)
		}
	}
	if len(tags) == 0 {
		return plumbing.ZeroHash, false
	}
	return r.tips[slices.Min(tags)], true
}

// everything lists the ids of HEAD, all branches and all tags, and of the revision that was asked for.
func (r gitRefs) everything(revision string) []plumbing.Hash {
	asked, _ := r.find(revision)
	var ids []plumbing.Hash
	for name, h := range r.tips {
		if name == "HEAD" || name == asked || strings.HasPrefix(name, "refs/heads/") || strings.HasPrefix(name, "refs/tags/") {
			ids = append(ids, h)
		}
	}
	slices.SortFunc(ids, func(a, b plumbing.Hash) int { return strings.Compare(a.String(), b.String()) })
	return slices.Compact(ids)
}
