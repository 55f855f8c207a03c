package source

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/go-git/go-billy/v5"
	"github.com/go-git/go-git/v5/plumbing"
	"github.com/go-git/go-git/v5/plumbing/format/idxfile"
	"github.com/go-git/go-git/v5/plumbing/format/packfile"
)

// maxGitObject bounds one object of a pack, wanted or not, because indexing holds it in memory.
const maxGitObject = 512 << 20

// gitObjects reads the objects of one repository.
type gitObjects struct {
	size func(plumbing.Hash) (int64, error)
	get  func(plumbing.Hash) (plumbing.EncodedObject, error)
}

// errNoObject is an object that the repository, or what was received of it, does not have.
var errNoObject = plumbing.ErrObjectNotFound

// read gives an object whole. Its id is computed again, because on disk only the file's name says what is inside.
func (o gitObjects) read(id plumbing.Hash, kind plumbing.ObjectType, limit int64) ([]byte, error) {
	size, err := o.size(id)
	if err != nil {
		return nil, fmt.Errorf("object %s: %w", id, err)
	}
	if size > limit {
		return nil, fmt.Errorf("object %s has %d bytes, more than %d", id, size, limit)
	}
	found, err := o.get(id)
	if err != nil {
		return nil, fmt.Errorf("object %s: %w", id, err)
	}
	if found.Type() != kind {
		return nil, fmt.Errorf("object %s is a %s and not a %s", id, found.Type(), kind)
	}
	r, err := found.Reader()
	if err != nil {
		return nil, fmt.Errorf("object %s: %w", id, err)
	}
	defer r.Close()
	content, err := io.ReadAll(io.LimitReader(r, limit+1))
	if err != nil {
		return nil, fmt.Errorf("object %s: %w", id, err)
	}
	if got := plumbing.ComputeHash(kind, content); got != id {
		return nil, fmt.Errorf("object %s is damaged: its content has the id %s", id, got)
	}
	return content, nil
}

// treeOf gives the tree of a commit.
func (o gitObjects) treeOf(commit plumbing.Hash) (plumbing.Hash, error) {
	content, err := o.read(commit, plumbing.CommitObject, 16<<20)
	if err != nil {
		return plumbing.ZeroHash, err
	}
	return pointer(content, "tree ")
}

// peel gives what an annotated tag is of, through tags of tags.
func (o gitObjects) peel(id plumbing.Hash) (plumbing.Hash, error) {
	for range 10 {
		content, err := o.read(id, plumbing.TagObject, 16<<20)
		if err != nil {
			return plumbing.ZeroHash, err
		}
		if id, err = pointer(content, "object "); err != nil || !bytes.Contains(content, []byte("\ntype tag\n")) {
			return id, err
		}
	}
	return plumbing.ZeroHash, errors.New("tags of tags go on for ever")
}

// pointer reads the id on the first line of a commit or tag.
func pointer(content []byte, key string) (plumbing.Hash, error) {
	line, _, _ := bytes.Cut(content, []byte("\n"))
	id, ok := bytes.CutPrefix(line, []byte(key))
	if !ok || !commitID.Match(id) {
		return plumbing.ZeroHash, fmt.Errorf("the object has no line %q", key)
	}
	return plumbing.NewHash(string(id)), nil
}

// openPack makes the objects of a received pack readable. Nothing is unpacked beyond one object at a time: the whole of
// a history may be a hundred times its pack.
func openPack(ctx context.Context, pack billy.File) (gitObjects, error) {
	if err := checkPack(ctx, pack); err != nil {
		return gitObjects{}, fmt.Errorf("reading the pack: %w", err)
	}
	if _, err := pack.Seek(0, io.SeekStart); err != nil {
		return gitObjects{}, err
	}
	index := new(idxfile.Writer)
	parser, err := packfile.NewParser(packfile.NewScanner(cancellable{ctx, pack}), index)
	if err != nil {
		return gitObjects{}, err
	}
	if _, err := parser.Parse(); err != nil {
		return gitObjects{}, fmt.Errorf("reading the pack: %w", err)
	}
	entries, err := index.Index()
	if err != nil {
		return gitObjects{}, fmt.Errorf("reading the pack: %w", err)
	}
	p := packfile.NewPackfile(entries, nil, pack, 0)
	return gitObjects{
		get: p.Get,
		size: func(id plumbing.Hash) (int64, error) {
			at, err := p.FindOffset(id)
			if err != nil {
				return 0, err
			}
			return p.GetSizeByOffset(at)
		},
	}, nil
}

// checkPack reads a pack once, before anything of it is built up in memory: every object and the target of every delta
// is bounded, of which go-git bounds neither (packfile.Parser). A cut shows here: as a missing end or a wrong checksum.
func checkPack(ctx context.Context, pack billy.File) error {
	if _, err := pack.Seek(0, io.SeekStart); err != nil {
		return err
	}
	s := packfile.NewScanner(cancellable{ctx, pack})
	_, count, err := s.Header()
	if err != nil {
		return cut(err)
	}
	for range count {
		h, err := s.NextObjectHeader()
		if err != nil {
			return cut(err)
		}
		var head firstBytes
		size := h.Length
		if size <= maxGitObject {
			if _, _, err = s.NextObject(&head); err != nil {
				return cut(err)
			}
			if h.Type == plumbing.OFSDeltaObject || h.Type == plumbing.REFDeltaObject {
				size = head.target()
			}
		}
		if size < 0 || size > maxGitObject {
			return fmt.Errorf("an object of it has more than %d bytes", int64(maxGitObject))
		}
	}
	if _, err = s.Checksum(); err != nil {
		return cut(err)
	}
	return nil
}

// cut names an end that came too early, which another attempt may not meet.
func cut(err error) error {
	if errors.Is(err, io.EOF) || errors.Is(err, packfile.ErrEmptyPackfile) || errors.Is(err, io.ErrUnexpectedEOF) {
		return &passing{err: errors.New("it was cut off")}
	}
	return err
}

// firstBytes keeps the head of a delta, where its sizes are, and counts nothing else.
type firstBytes struct {
	b [20]byte
	n int
}

func (f *firstBytes) Write(p []byte) (int, error) {
	f.n += copy(f.b[f.n:], p)
	return len(p), nil
}

// target is the second size of a delta, that of its result (gitformat-pack, "Deltified representation"); -1 where it is
// too long for a size.
func (f *firstBytes) target() int64 {
	var size int64
	rest := f.b[:f.n]
	for range 2 {
		size = 0
		for shift := 0; ; shift += 7 {
			if len(rest) == 0 || shift > 49 {
				return -1
			}
			b := rest[0]
			rest = rest[1:]
			size |= int64(b&0x7f) << shift
			if b&0x80 == 0 {
				break
			}
		}
	}
	return size
}

// cancellable ends a long reading when the context ends.
type cancellable struct {
	ctx context.Context
	billy.File
}

func (c cancellable) Read(p []byte) (int, error) {
	if err := c.ctx.Err(); err != nil {
		return 0, err
	}
	return c.File.Read(p)
}
