package hydrate

import (
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"regexp"
	"strconv"
	"strings"

	"github.com/go-git/go-git/v5"
	"github.com/go-git/go-git/v5/plumbing"
	"github.com/go-git/go-git/v5/plumbing/object"
	"github.com/go-git/go-git/v5/storage/filesystem"

	"sluice/render"
)

var (
	// revisionSteps are the suffixes of a revision that lead to ancestors, and those that peel a tag.
	revisionSteps   = regexp.MustCompile(`^(.*?)((?:~[0-9]*|\^[0-9]*|\^\{(?:commit)?\})*)$`)
	revisionStep    = regexp.MustCompile(`~[0-9]*|\^\{(?:commit)?\}|\^[0-9]*`)
	pseudoReference = regexp.MustCompile(`^[A-Z_]+$`) // HEAD, ORIG_HEAD
	shortHash       = regexp.MustCompile(`^[0-9a-fA-F]{4,40}$`)
	// referenceRules are the places where a short name is looked for, in git's order (gitrevisions, <refname>).
	referenceRules = []string{"%s", "refs/%s", "refs/tags/%s", "refs/heads/%s", "refs/remotes/%s", "refs/remotes/%s/HEAD"}
)

// resolve gives the commit that a revision names: HEAD, a branch, a tag (annotated or not), a reference of a remote, the
// beginning of a commit's hash, each followed by any of "~2", "^", "^2" and "^{commit}". The reader of go-git was
// refused: it takes "main@{1}" and "main:file" for "main".
func resolve(repo *git.Repository, revision string) (*object.Commit, error) {
	m := revisionSteps.FindStringSubmatch(revision)
	if m == nil || m[1] == "" || strings.ContainsAny(m[1], ":^~?*[\\ \t\n") || strings.Contains(m[1], "@{") {
		return nil, &render.Error{
			Err:  fmt.Errorf("%q is no revision that sluice understands", revision),
			Hint: "name a branch, a tag, a commit, or an ancestor of one as main~2",
		}
	}
	commit, err := commitOf(repo, m[1])
	if err != nil {
		return nil, err
	}
	for _, step := range revisionStep.FindAllString(m[2], -1) {
		if commit, err = ancestor(repo, commit, step); err != nil {
			return nil, fmt.Errorf("following %s of %s: %w", step, m[1], err)
		}
	}
	return commit, nil
}

// ancestor takes one step of a revision's suffix.
func ancestor(repo *git.Repository, from *object.Commit, step string) (*object.Commit, error) {
	n := 1
	if digits := step[1:]; digits != "" && digits[0] != '{' {
		var err error
		if n, err = strconv.Atoi(digits); err != nil {
			return nil, err
		}
	}
	times, which := 1, n
	switch {
	case strings.HasPrefix(step, "^{") || step == "^0":
		return from, nil
	case step[0] == '~':
		times, which = n, 1
	}
	for ; times > 0; times-- {
		if which > len(from.ParentHashes) {
			return nil, fmt.Errorf("commit %s has %d parents: %w", from.Hash.String()[:7], len(from.ParentHashes), fs.ErrNotExist)
		}
		next, err := repo.CommitObject(from.ParentHashes[which-1])
		if err != nil {
			return nil, absent(repo, from.ParentHashes[which-1], err)
		}
		from = next
	}
	return from, nil
}

// absent explains a commit that is named and not there.
func absent(repo *git.Repository, hash plumbing.Hash, err error) error {
	e := &render.Error{Err: fmt.Errorf("reading commit %s: %w", hash, err), Hint: "run git fsck; the repository is damaged"}
	if cut, _ := repo.Storer.Shallow(); len(cut) > 0 {
		e.Hint = "the clone is shallow; fetch more of the history, as with git fetch --unshallow"
	}
	return e
}

// commitOf gives the commit of a name without a suffix. As for git a whole hash comes before a reference, and a reference
// before the beginning of a hash. Nothing of the name is fs.ErrNotExist; a reference to a commit that is not there is damage.
func commitOf(repo *git.Repository, name string) (*object.Commit, error) {
	if name == "@" {
		name = string(plumbing.HEAD)
	}
	if plumbing.IsHash(name) {
		commit, err := peel(repo, plumbing.NewHash(name))
		if errors.Is(err, plumbing.ErrObjectNotFound) {
			err = errors.Join(err, fs.ErrNotExist)
		}
		return commit, err
	}
	for _, rule := range referenceRules {
		ref, err := storedReference(repo, plumbing.ReferenceName(fmt.Sprintf(rule, name)))
		if err != nil {
			return nil, err
		}
		if ref != nil {
			return peel(repo, ref.Hash())
		}
	}
	if shortHash.MatchString(name) {
		commit, err := abbreviated(repo, strings.ToLower(name))
		if commit != nil || err != nil {
			return commit, err
		}
	}
	e := &render.Error{Err: noRevision(name), Hint: "fetch it: git fetch origin " + name}
	switch {
	case name == "HEAD" || name == "@":
		e.Hint = "the repository has no commit yet: commit the stack first"
	case plumbing.NewBranchReferenceName(name).Validate() != nil || strings.HasPrefix(name, "-"):
		e.Hint = "name a branch, a tag or a commit" // a hint is pasted into a shell, and git would take it for a flag
	}
	if ref, err := storedReference(repo, plumbing.NewRemoteReferenceName("origin", name)); err == nil && ref != nil {
		e.Hint = fmt.Sprintf("did you mean %q? there is no local branch of that name", "origin/"+name)
	}
	return nil, e
}

// noRevision is the name of a revision that a repository does not have. It is fs.ErrNotExist, whose text would say that
// of a file.
type noRevision string

func (n noRevision) Error() string { return fmt.Sprintf("there is no revision %q", string(n)) }

func (noRevision) Is(target error) bool { return target == fs.ErrNotExist }

// storedReference follows a reference to a hash; nil where there is none, as for the HEAD of a repository without a commit.
func storedReference(repo *git.Repository, name plumbing.ReferenceName) (*plumbing.Reference, error) {
	if name.Validate() != nil || !strings.HasPrefix(string(name), "refs/") && !pseudoReference.MatchString(string(name)) {
		return nil, nil
	}
	ref, err := repo.Reference(name, true)
	if errors.Is(err, plumbing.ErrReferenceNotFound) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("reading %s: %w", name, err)
	}
	return ref, nil
}

// abbreviated gives the only commit, or tag of one, whose hash begins so; nil where there is none.
func abbreviated(repo *git.Repository, prefix string) (*object.Commit, error) {
	storage, ok := repo.Storer.(*filesystem.Storage)
	if !ok {
		return nil, nil
	}
	even, err := hex.DecodeString(prefix[:len(prefix)&^1])
	if err != nil {
		return nil, err
	}
	all, err := storage.HashesWithPrefix(even)
	if err != nil {
		return nil, fmt.Errorf("looking for commit %s: %w", prefix, err)
	}
	var found *object.Commit
	for _, hash := range all {
		if !strings.HasPrefix(hash.String(), prefix) {
			continue
		}
		commit, err := peel(repo, hash)
		if err != nil {
			continue // a blob or a tree of that beginning is not meant
		}
		if found != nil && found.Hash != commit.Hash {
			return nil, &render.Error{
				Err:  fmt.Errorf("more than one commit begins with %s", prefix),
				Hint: "give more digits",
			}
		}
		found = commit
	}
	return found, nil
}

// peel gives the commit that a hash is of, through tags.
func peel(repo *git.Repository, hash plumbing.Hash) (*object.Commit, error) {
	const deepest = 16 // tags of tags; git itself has no bound
	at := hash
	for range deepest {
		tag, err := repo.TagObject(at)
		if err != nil {
			break
		}
		at = tag.Target
	}
	commit, err := repo.CommitObject(at)
	if err == nil {
		return commit, nil
	}
	if kind, other := repo.Storer.EncodedObject(plumbing.AnyObject, at); other == nil {
		return nil, fmt.Errorf("%s is a %s and no commit", hash, kind.Type())
	}
	return nil, absent(repo, at, err)
}
