package source

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/go-git/go-git/v5/config"
	"github.com/go-git/go-git/v5/plumbing"
)

// Limits of a Git tree. A chart or kustomization is far below them; they stop a bomb of nested trees, and a monorepo in
// which somebody keeps films, before the memory is gone.
const (
	maxGitEntries = 100_000 // files, directories and links, followed ones counted each time
	maxGitFile    = 64 << 20
	maxGitTotal   = 512 << 20
	maxGitPacked  = maxGitTotal + maxGitTotal/4 // of a packed tree, headers included
	maxGitPath    = 1024                        // bytes
	maxGitLink    = 4096                        // bytes of a link's target; PATH_MAX, and git fsck's symlinkTargetLength
)

// gitNode is one entry of a tree: a directory where it has children, else a link or a file.
type gitNode struct {
	parent   *gitNode
	children map[string]*gitNode
	link     bool
	target   string // of a link
	id       plumbing.Hash
	store    gitObjects // where a file's content is
}

// gitDir is a directory to be read.
type gitDir struct {
	store     gitObjects
	tree      plumbing.Hash
	path      string // in the source
	submodule func(path string, commit plumbing.Hash, parent *gitNode) (*gitNode, error)
}

// read gives a directory with all that is below it, but no file's content.
func (f *gitFetch) read(d gitDir, parent *gitNode) (*gitNode, error) {
	if err := f.ctx.Err(); err != nil {
		return nil, err
	}
	content, err := d.store.read(d.tree, plumbing.TreeObject, maxGitFile)
	if err != nil {
		return nil, fmt.Errorf("directory %q: %w", d.path, err)
	}
	node := &gitNode{parent: parent, children: map[string]*gitNode{}}
	for len(content) > 0 {
		mode, rest, ok := bytes.Cut(content, []byte(" "))
		name, after, terminated := bytes.Cut(rest, []byte{0})
		if !ok || !terminated || len(after) < 20 {
			return nil, fmt.Errorf("directory %q: its tree is damaged", d.path)
		}
		id := plumbing.Hash(after[:20])
		content = after[20:]
		at := string(name)
		if d.path != "" {
			at = d.path + "/" + at
		}
		if err := f.checkEntry(string(name), at); err != nil {
			return nil, err
		}
		if _, twice := node.children[string(name)]; twice {
			return nil, fmt.Errorf("%q is there twice", at)
		}
		child, err := f.child(d, node, treeEntry{mode: string(mode), name: string(name), path: at, id: id})
		if err != nil {
			return nil, err
		}
		if child != nil {
			node.children[string(name)] = child
		}
	}
	return node, nil
}

// treeEntry is a line of a tree.
type treeEntry struct {
	mode, name, path string
	id               plumbing.Hash
}

// child gives the node of an entry, or nothing for a submodule that is not wanted: an empty directory to git.
func (f *gitFetch) child(d gitDir, parent *gitNode, e treeEntry) (*gitNode, error) {
	switch e.mode {
	case "40000":
		d.tree, d.path = e.id, e.path
		return f.read(d, parent)
	case "100644", "100755", "100664": // whether a file can be executed is of no use to a renderer
		return &gitNode{parent: parent, id: e.id, store: d.store}, nil
	case "120000":
		if strings.EqualFold(e.name, ".gitmodules") {
			return nil, fmt.Errorf("%q is a symbolic link; git fsck refuses it too", e.path)
		}
		target, err := d.store.read(e.id, plumbing.BlobObject, maxGitLink)
		if err != nil {
			return nil, fmt.Errorf("link %q: %w", e.path, err)
		}
		if bytes.ContainsRune(target, 0) {
			return nil, fmt.Errorf("link %q: its target has a NUL byte", e.path)
		}
		return &gitNode{parent: parent, link: true, target: string(target)}, nil
	case "160000":
		if !f.submodules {
			// Nobody may take the place for an empty directory: it stays, as a link that leads nowhere.
			return &gitNode{parent: parent, link: true, target: "/submodule/" + e.id.String()}, nil
		}
		child, err := d.submodule(e.path, e.id, parent)
		if err != nil {
			return nil, fmt.Errorf("submodule %q: %w", e.path, err)
		}
		return child, nil
	}
	return nil, fmt.Errorf("%q has the mode %q, which is neither file, directory, link nor submodule", e.path, e.mode)
}

// checkEntry counts an entry and judges its name.
func (f *gitFetch) checkEntry(name, at string) error {
	if f.entries++; f.entries > maxGitEntries {
		return fmt.Errorf("the tree has more than %d entries, at %q", maxGitEntries, at)
	}
	if len(at) > maxGitPath {
		return fmt.Errorf("%q... has a path of more than %d bytes", at[:64], maxGitPath)
	}
	if why := badGitName(name); why != "" {
		return fmt.Errorf("%q %s", at, why)
	}
	return nil
}

// badGitName says what is wrong with a name in a tree: what git fsck refuses (hasDot, hasDotdot, hasDotgit,
// fullPathname, emptyName), and what a tree held in memory cannot have. Names that some file system takes for .git are
// among them (git's path.c, is_ntfs_dotgit; utf8.c, is_hfs_dotgit): a reader might write the tree to such a disk.
func badGitName(name string) string {
	switch {
	case name == "":
		return "has no name"
	case name == "." || name == "..":
		return "leads out of its directory"
	case strings.ContainsAny(name, "/\\"):
		return "has a slash or backslash in its name"
	case strings.ContainsFunc(name, func(r rune) bool { return r < ' ' || r == 0x7f }):
		return "has a control character in its name"
	case len(name) > 1 && name[1] == ':':
		return "looks like a drive"
	case !utf8.ValidString(name): // io/fs.ValidPath
		return "is not UTF-8"
	}
	plain := strings.Map(func(r rune) rune {
		switch { // what HFS+ leaves out when it compares
		case r >= 0x200c && r <= 0x200f, r >= 0x202a && r <= 0x202e, r >= 0x206a && r <= 0x206f, r == 0xfeff:
			return -1
		}
		return r
	}, name)
	plain, _, _ = strings.Cut(strings.ToLower(plain), ":") // a stream of NTFS
	if plain = strings.TrimRight(plain, " ."); plain == ".git" || plain == "git~1" {
		return "would be a repository's .git"
	}
	return ""
}

// submodulesOf finds the submodules of one commit of one repository.
type submodulesOf struct {
	fetch *gitFetch
	want  gitWant
	store gitObjects
}

// node fetches the submodule at a path of the source.
func (s submodulesOf) node(at string, commit plumbing.Hash, parent *gitNode) (*gitNode, error) {
	address, err := s.address(strings.TrimPrefix(strings.TrimPrefix(at, s.want.path), "/"))
	if err != nil {
		return nil, err
	}
	w := gitWant{at: address, commit: commit, revision: "HEAD", path: at, nesting: s.want.nesting + 1}
	if err := s.fetch.admit(w); err != nil {
		return nil, err
	}
	node, err := s.fetch.tree(w)
	if err != nil {
		return nil, fmt.Errorf("commit %s of %s: %w", commit, address, err)
	}
	node.parent = parent
	return node, nil
}

// address looks a path up in .gitmodules.
func (s submodulesOf) address(at string) (gitAddress, error) {
	top, err := s.store.treeOf(s.want.commit)
	if err != nil {
		return gitAddress{}, err
	}
	tree, err := s.store.read(top, plumbing.TreeObject, maxGitFile)
	if err != nil {
		return gitAddress{}, err
	}
	_, rest, ok := bytes.Cut(append([]byte{0}, tree...), []byte(" .gitmodules\x00"))
	if !ok || len(rest) < 20 {
		return gitAddress{}, errors.New("the repository has no .gitmodules that says where it is")
	}
	content, err := s.store.read(plumbing.Hash(rest[:20]), plumbing.BlobObject, 1<<20)
	if err != nil {
		return gitAddress{}, err
	}
	modules := config.NewModules()
	if err := modules.Unmarshal(content); err != nil {
		return gitAddress{}, fmt.Errorf("reading .gitmodules: %w", err)
	}
	for _, m := range modules.Submodules {
		if m.Path == at {
			return s.want.at.submodule(m.URL)
		}
	}
	return gitAddress{}, errors.New(".gitmodules does not say where it is")
}
