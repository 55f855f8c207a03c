// Package store keeps the bytes of sources under their digests: the cache of charts, packed git trees and files.
//
// It is the one owner of the cache's paths. Many processes share a cache without locks: an entry is written under a
// temporary name and renamed, its content never changes, and every read is held to the digest that names it. So a
// crash, a full disk or a flipped bit makes an entry missing, and never another one.
package store

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"runtime"
	"strings"
	"time"

	"sluice/render"
)

const (
	entriesDir = "sha256" // sha256/ab/abcd...: 256 directories, so that none of them gets long
	stageDir   = "tmp"    // in the cache itself: a rename needs one file system
	algorithm  = "sha256:"
	// maxEntry is above everything that the readers of sources accept. It keeps a file that damage made huge, or
	// sparse, out of memory.
	maxEntry = 1 << 30 // bytes
	// touchAfter is how old a time of use gets before a read renews it: a render that reads a hundred charts
	// writes nothing on most days.
	touchAfter = 24 * time.Hour
)

// Store is a cache in a directory. It may be used by many goroutines and processes at once; its fields are set before
// the first use.
type Store struct {
	// Dir is the cache's directory, never empty. It is made by the first Put, for its owner alone, as charts may be
	// private.
	Dir string
	// Now is the clock for the time of use that [Store.GC] goes by: an entry's modification time. Nil: no time is
	// renewed. A cache that cannot be written to keeps its times, without an error.
	Now func() time.Time
}

// Damaged is the error for an entry whose place in the cache holds something else. It was removed, so asking again
// finds nothing there.
type Damaged struct {
	Path   string // slash-separated, relative to the cache
	Digest string // what the entry should have
	Reason string // what it is instead
	Kept   error  // why it could not be removed, nil where it is gone; it is refused at every read all the same
}

// Error names the entry, what is wrong with it, and what became of it.
func (d *Damaged) Error() string {
	text := fmt.Sprintf("the cache's entry %s is damaged: %s", d.Path, d.Reason)
	if d.Kept != nil {
		return fmt.Sprintf("%s; it stays in the cache: %v", text, d.Kept)
	}
	return text + "; it was removed"
}

// Get gives the content with a digest, which is "sha256:" and 64 lower-case hexadecimal digits. It is false, without
// an error, where the cache has none or is not there at all. The content was hashed in this call. An entry with
// another content, and anything but a regular file in its place, is taken out of the cache and reported as
// [*Damaged]; a cache that cannot be read is another error.
func (s *Store) Get(digest string) ([]byte, bool, error) {
	name, err := entryPath(digest)
	if err != nil {
		return nil, false, err
	}
	var content bytes.Buffer
	stat, reason, err := s.inspect(s.at(name), digest, &content)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, false, nil
	case err != nil:
		return nil, false, s.unreadable(name, err)
	case reason != "":
		return nil, false, &Damaged{Path: name, Digest: digest, Reason: reason, Kept: s.discard(name, digest)}
	}
	if s.Now != nil {
		now := s.Now()
		// A time ahead of the clock was left by a clock that went wrong once; it would keep the entry for ever.
		if age := now.Sub(stat.ModTime()); age >= touchAfter || age <= -touchAfter {
			_ = os.Chtimes(s.at(name), now, now)
		}
	}
	return content.Bytes(), true, nil
}

// Put stores a content and gives its digest. Content that is there already is verified and kept; a damaged entry is
// replaced. After an error there is no entry, or a sound one. The error of a cache that cannot be written to satisfies
// errors.Is with [fs.ErrPermission] or the system's own error number (EROFS, ENOSPC). A read-only cache that holds the
// content takes it again.
func (s *Store) Put(content []byte) (string, error) {
	digest := digestOf(content)
	if err := s.put(digest, content); err != nil {
		return "", &render.Error{
			Err:  fmt.Errorf("storing %s in the cache %s: %w", digest, s.Dir, err),
			Hint: "another directory or disk can be given with --cache DIR",
		}
	}
	return digest, nil
}

func (s *Store) put(digest string, content []byte) error {
	if len(content) > maxEntry {
		return fmt.Errorf("%d bytes are more than the %d of the largest entry", len(content), maxEntry)
	}
	name, err := entryPath(digest)
	if err != nil {
		return err
	}
	if _, reason, err := s.inspect(s.at(name), digest, io.Discard); err == nil {
		if reason == "" && s.renewed(name) {
			return nil
		}
		// A rename replaces a file but no directory. Whether this succeeded shows when the entry is renamed.
		if reason != "" {
			_ = s.discard(name, digest)
		}
	}
	// Whatever else hinders reading the entry either hinders writing it too, or is healed by it.
	for _, dir := range []string{s.at(stageDir), filepath.Dir(s.at(name))} {
		if err := os.MkdirAll(dir, 0o700); err != nil {
			return err
		}
	}
	staged, err := s.stage(content)
	if err != nil {
		return err
	}
	if err := os.Rename(staged, s.at(name)); err != nil {
		_ = os.Remove(staged)
		return fmt.Errorf("renaming to %s: %w", name, cause(err))
	}
	return syncDir(filepath.Dir(s.at(name)))
}

// renewed sets the time of use of an entry that was just seen to be sound, and is false where the entry has gone since.
// A [Store.GC] that judged it unused looks at the time again after it took the entry out and before it removes it. So
// what is in its place after the time was set stays. The success of Chtimes does not say that much: the system may
// resolve the path, lose the name to a rename, and then set the time of what has no name any more.
func (s *Store) renewed(name string) bool {
	if s.Now == nil {
		return true
	}
	now := s.Now()
	_ = os.Chtimes(s.at(name), now, now)
	_, err := os.Lstat(s.at(name))
	return err == nil
}

// stage writes content under a temporary name and makes sure that it is on the disk: a rename that gets there first
// would leave an empty entry after a power loss. Such an entry is found at its first read, but an offline machine
// could not replace it.
func (s *Store) stage(content []byte) (string, error) {
	f, err := os.CreateTemp(s.at(stageDir), stagedPrefix+"*")
	if err != nil {
		return "", fmt.Errorf("making a temporary file: %w", cause(err))
	}
	_, err = f.Write(content)
	if err == nil {
		err = f.Sync()
	}
	if shut := f.Close(); err == nil {
		err = shut
	}
	if err != nil {
		_ = os.Remove(f.Name())
		return "", fmt.Errorf("writing a temporary file: %w", cause(err))
	}
	return f.Name(), nil
}

// inspect reads a file into content and says why it is not the entry with that digest, or nothing. What was written to
// content counts only where it is.
func (s *Store) inspect(file, digest string, content io.Writer) (stat fs.FileInfo, reason string, err error) {
	// Looked at before it is opened: opening a pipe would wait for a writer. A link is refused whatever it leads
	// to, as its target is not the cache's to keep.
	stat, err = os.Lstat(file)
	switch {
	case err != nil:
		return nil, "", err
	case !stat.Mode().IsRegular():
		return stat, "it is " + kindOf(stat.Mode()), nil
	case stat.Size() > maxEntry:
		return stat, fmt.Sprintf("it has %d bytes, and no entry has more than %d", stat.Size(), maxEntry), nil
	}
	f, err := os.Open(file)
	if err != nil {
		return nil, "", err
	}
	defer f.Close()
	if b, ok := content.(*bytes.Buffer); ok {
		b.Grow(int(stat.Size()) + bytes.MinRead) // room for the read that finds the end
	}
	hash := sha256.New()
	size, err := io.Copy(io.MultiWriter(hash, content), io.LimitReader(f, maxEntry+1))
	if err != nil {
		return nil, "", err
	}
	if got := algorithm + hex.EncodeToString(hash.Sum(nil)); got != digest {
		return stat, fmt.Sprintf("its %d bytes have the digest %s", size, got), nil
	}
	return stat, "", nil
}

// discard removes an entry that was seen to be damaged, and nothing that took its place since.
func (s *Store) discard(name, digest string) error {
	return s.takeOut(name, func(file string) bool {
		_, reason, err := s.inspect(file, digest, io.Discard)
		return err == nil && reason == ""
	})
}

// takeOut moves an entry to a temporary name, looks at what it got, and puts it back where keep says so; else it is
// removed. A rename takes one thing for sure, while between a look and a removal another process may renew the entry.
// In the meantime the entry is not there, which every caller of Get can deal with.
func (s *Store) takeOut(name string, keep func(file string) bool) error {
	if err := os.MkdirAll(s.at(stageDir), 0o700); err != nil {
		return cause(err)
	}
	// A directory of its own is a name that nobody else has, for a directory as well as for a file.
	dir, err := os.MkdirTemp(s.at(stageDir), removedPrefix+"*")
	if err != nil {
		return cause(err)
	}
	out := filepath.Join(dir, "entry")
	err = os.Rename(s.at(name), out)
	switch {
	case errors.Is(err, fs.ErrNotExist): // another process was faster
		err = nil
	case err == nil && keep(out):
		err = os.Rename(out, s.at(name))
	}
	// What stays here for some reason is no entry any more; GC removes it later.
	_ = os.RemoveAll(dir)
	return cause(err)
}

func (s *Store) at(name string) string { return filepath.Join(s.Dir, filepath.FromSlash(name)) }

func (s *Store) unreadable(name string, err error) error {
	return &render.Error{
		Err:  fmt.Errorf("reading %s of the cache %s: %w", name, s.Dir, cause(err)),
		Hint: "another cache can be given with --cache DIR",
	}
}

// entryPath gives the place of a digest, relative to the cache. What is no digest never becomes a path.
func entryPath(digest string) (string, error) {
	sum, ok := strings.CutPrefix(digest, algorithm)
	if !ok || len(sum) != hex.EncodedLen(sha256.Size) || strings.Trim(sum, "0123456789abcdef") != "" {
		return "", fmt.Errorf("looking up %q in the cache: a digest is sha256: and 64 hexadecimal digits in lower case", digest)
	}
	return path.Join(entriesDir, sum[:2], sum), nil
}

func digestOf(content []byte) string {
	sum := sha256.Sum256(content)
	return algorithm + hex.EncodeToString(sum[:])
}

// kindOf names what is not a regular file.
func kindOf(mode fs.FileMode) string {
	switch {
	case mode.IsDir():
		return "a directory"
	case mode&fs.ModeSymlink != 0:
		return "a symbolic link"
	default:
		return "not a regular file"
	}
}

// cause leaves the paths out of an error of package os: those of temporary files are random, and the others are said
// already.
func cause(err error) error {
	var at *fs.PathError
	var link *os.LinkError
	switch {
	case errors.As(err, &at):
		return at.Err
	case errors.As(err, &link):
		return link.Err
	default:
		return err
	}
}

// syncDir makes a rename last. Windows cannot sync a directory; an entry that a power loss takes away is only missing.
func syncDir(dir string) error {
	if runtime.GOOS == "windows" {
		return nil
	}
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}
