package source

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/go-git/go-git/v5/plumbing"

	"sluice/render"
)

// treeTop is the one directory that the entries of a packed tree are in. It is the same for every repository, so a
// mirror's bytes are upstream's.
const treeTop = "tree"

// packTree writes a tree as a .tgz with the same bytes wherever and whenever it is written, for the reasons that pack
// gives: path order, no times, one mode, stored blocks. A link inside the tree becomes a copy of what it leads to. One
// that leaves the tree, leads nowhere or leads into itself stays a link, and whoever reads it has to fail: leaving it out
// would make the tree shorter.
func packTree(ctx context.Context, root *gitNode) ([]byte, error) {
	c := treeCollector{sizes: make(map[plumbing.Hash]int64)}
	if err := c.walk(root, ""); err != nil {
		return nil, err
	}
	slices.SortFunc(c.found, func(a, b packedEntry) int { return strings.Compare(a.path, b.path) })
	var b bytes.Buffer
	b.Grow(int(c.total) + len(c.found)*3*tarBlock/2 + 4*tarBlock)
	zw, err := gzip.NewWriterLevel(&b, gzip.NoCompression)
	if err != nil {
		return nil, err
	}
	tw := tar.NewWriter(zw)
	// The directory itself is an entry, so that an empty tree is told from no tree.
	if err := tw.WriteHeader(&tar.Header{Name: treeTop + "/", Mode: 0o755, Typeflag: tar.TypeDir}); err != nil {
		return nil, err
	}
	for _, e := range c.found {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		if err := e.write(tw); err != nil {
			return nil, fmt.Errorf("%q: %w", e.path, err)
		}
	}
	if err := tw.Close(); err != nil {
		return nil, err
	}
	if err := zw.Close(); err != nil {
		return nil, err
	}
	return b.Bytes(), nil
}

// packedEntry is a file or a link that stays one, at the path where the tree has it.
type packedEntry struct {
	path string
	node *gitNode
}

func (e packedEntry) write(tw *tar.Writer) error {
	h := &tar.Header{Name: treeTop + "/" + e.path, Mode: 0o644, Typeflag: tar.TypeReg}
	if e.node.link {
		h.Typeflag, h.Linkname = tar.TypeSymlink, e.node.target
		return tw.WriteHeader(h)
	}
	content, err := e.node.store.read(e.node.id, plumbing.BlobObject, maxGitFile)
	if err != nil {
		return err
	}
	h.Size = int64(len(content))
	if err := tw.WriteHeader(h); err != nil {
		return err
	}
	_, err = tw.Write(content)
	return err
}

// treeCollector lists what is to be packed.
type treeCollector struct {
	found []packedEntry
	total int64
	sizes map[plumbing.Hash]int64
	open  []*gitNode // directories on the way, through links too
}

func (c *treeCollector) walk(dir *gitNode, at string) error {
	c.open = append(c.open, dir)
	defer func() { c.open = c.open[:len(c.open)-1] }()
	for _, name := range slices.Sorted(maps.Keys(dir.children)) {
		node, full := dir.children[name], name
		if at != "" {
			full = at + "/" + name
		}
		if len(full) > maxGitPath {
			return fmt.Errorf("%q... has a path of more than %d bytes, through a link", full[:64], maxGitPath)
		}
		if node.link {
			if to := node.follow(); to != nil && !slices.Contains(c.open, to) {
				node = to
			}
		}
		if node.children != nil {
			if err := c.walk(node, full); err != nil {
				return err
			}
			continue
		}
		if err := c.add(full, node); err != nil {
			return err
		}
	}
	return nil
}

func (c *treeCollector) add(full string, node *gitNode) error {
	if len(c.found) == maxGitEntries {
		return fmt.Errorf("there are more than %d files, links followed, at %q", maxGitEntries, full)
	}
	if !node.link {
		size, known := c.sizes[node.id] // to ask for one may read the object
		if !known {
			var err error
			if size, err = node.store.size(node.id); err != nil {
				return fmt.Errorf("%q: object %s: %w", full, node.id, err)
			}
			c.sizes[node.id] = size
		}
		if size > maxGitFile {
			return fmt.Errorf("%q has %d bytes, more than %d", full, size, maxGitFile)
		}
		if c.total += size; c.total > maxGitTotal {
			return fmt.Errorf("the files have more than %d bytes, links followed, at %q", maxGitTotal, full)
		}
	}
	c.found = append(c.found, packedEntry{full, node})
	return nil
}

// follow gives what a link leads to through further links, as a POSIX system does (path_resolution(7)), or nil where
// that is nothing inside the tree.
func (n *gitNode) follow() *gitNode {
	at, rest := n.parent, n.target
	for hops := 40; ; { // Linux allows as many
		if rest == "" || strings.HasPrefix(rest, "/") {
			return nil
		}
		var step string
		step, rest, _ = strings.Cut(rest, "/")
		rest = strings.TrimLeft(rest, "/")
		if at.children == nil {
			return nil
		}
		switch step {
		case ".":
		case "..":
			at = at.parent
		default:
			at = at.children[step]
		}
		if at == nil {
			return nil
		}
		if at.link {
			if hops--; hops == 0 {
				return nil
			}
			at, rest = at.parent, strings.TrimSuffix(at.target+"/"+rest, "/")
			continue
		}
		if rest == "" {
			return at
		}
	}
}

// unpackTree is the reverse of packTree: the files in path order, and the paths of the links that are still links, which
// a reader has to refuse. It trusts the bytes no more than unpack does.
func unpackTree(packed []byte) (files []render.File, links []string, err error) {
	u := unpacker{seen: make(map[string]bool), rules: archiveRules{
		unpacked: maxGitPacked,
		file:     maxGitFile, files: maxGitEntries, path: maxGitPath + len(treeTop) + 1,
		linkable: true, what: "tree", most: "a file of a tree has at most",
	}}
	if err := u.read(packed); err != nil {
		return nil, nil, err
	}
	if u.top != treeTop {
		return nil, nil, fmt.Errorf("the archive is not a packed tree: its directory is %q", u.top)
	}
	if err := u.finish(); err != nil {
		return nil, nil, err
	}
	for name := range u.seen {
		for part := range strings.SplitSeq(name, "/") {
			if why := badGitName(part); why != "" {
				return nil, nil, fmt.Errorf("entry %q %s", name, why)
			}
		}
	}
	return u.files, u.links, nil
}
