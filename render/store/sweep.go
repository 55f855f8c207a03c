package store

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"strings"
	"time"
)

// The names in the directory of temporary files. Others are foreign.
const (
	stagedPrefix  = "put-" // a file that becomes an entry
	removedPrefix = "out-" // a directory with an entry that is being removed
)

// stageAge is how long a temporary file is left alone: no process takes that long between making and renaming it, so an
// older one belongs to a process that died.
const stageAge = time.Hour

// Report is what [Store.Verify] saw.
type Report struct {
	Entries   int        // sound ones
	Bytes     int64      // of the sound entries
	Damaged   []*Damaged // in path order
	Temporary int        // files of writes that go on or broke off
	// Foreign are names that this package did not make, slash-separated and relative to the cache, a directory's
	// with a slash at its end. They are left alone.
	Foreign []string
}

// Verify reads every entry and removes those that are damaged, so that they are fetched again. An entry that cannot be
// read is an error, after all others were looked at; the report is complete but for those. A cache that is not there is
// an empty one.
func (s *Store) Verify(ctx context.Context) (Report, error) {
	all, err := s.list()
	report := Report{Temporary: len(all.temporary), Foreign: all.foreign}
	if err != nil {
		return report, err
	}
	var unread []error
	for _, name := range all.entries {
		if err := ctx.Err(); err != nil {
			return report, err
		}
		digest := algorithm + path.Base(name)
		stat, reason, err := s.inspect(s.at(name), digest, io.Discard)
		switch {
		case errors.Is(err, fs.ErrNotExist): // removed since it was listed
		case err != nil:
			unread = append(unread, s.unreadable(name, err))
		case reason != "":
			report.Damaged = append(report.Damaged, &Damaged{Path: name, Digest: digest, Reason: reason, Kept: s.discard(name, digest)})
		default:
			report.Entries++
			report.Bytes += stat.Size()
		}
	}
	return report, errors.Join(unread...)
}

// Swept is what [Store.GC] did.
type Swept struct {
	Removed      int // entries
	RemovedBytes int64
	Kept         int // entries
	KeptBytes    int64
	Temporary    int      // temporary files that were removed
	Foreign      []string // as in [Report]; left alone
}

// GC removes the entries that were not used for olderThan before now, and what processes that died left behind. Times
// of use are kept to the day, see [Store.Now]; zero removes all entries. It stops at the first removal that fails and
// says what it did until then. A cache that is not there is an empty one.
func (s *Store) GC(ctx context.Context, olderThan time.Duration, now time.Time) (Swept, error) {
	all, err := s.list()
	done := Swept{Foreign: all.foreign}
	if err != nil {
		return done, err
	}
	if olderThan < 0 {
		return done, fmt.Errorf("removing entries of the cache: an age of %s is negative", olderThan)
	}
	unused := func(stat fs.FileInfo) bool { return now.Sub(stat.ModTime()) >= olderThan || olderThan == 0 }
	for _, name := range all.entries {
		if err := ctx.Err(); err != nil {
			return done, err
		}
		stat, err := os.Lstat(s.at(name))
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return done, s.unreadable(name, err)
		}
		kept := !unused(stat)
		if !kept {
			err = s.takeOut(name, func(file string) bool {
				stat, err := os.Lstat(file)
				kept = err == nil && !unused(stat) // used since
				return kept
			})
		}
		switch {
		case err != nil:
			return done, fmt.Errorf("removing %s from the cache %s: %w", name, s.Dir, err)
		case kept:
			done.Kept++
			done.KeptBytes += stat.Size()
		default:
			done.Removed++
			done.RemovedBytes += stat.Size()
		}
	}
	done.Temporary, err = s.clear(all.temporary, now)
	return done, err
}

// clear removes temporary files that nobody can be writing any more.
func (s *Store) clear(temporary []string, now time.Time) (int, error) {
	removed := 0
	for _, name := range temporary {
		stat, err := os.Lstat(s.at(name))
		if errors.Is(err, fs.ErrNotExist) || err == nil && now.Sub(stat.ModTime()) < stageAge {
			continue
		}
		if err == nil {
			err = os.RemoveAll(s.at(name))
		}
		if err != nil {
			return removed, fmt.Errorf("removing %s from the cache %s: %w", name, s.Dir, cause(err))
		}
		removed++
	}
	return removed, nil
}

// listing is all names of a cache, sorted, relative to it.
type listing struct {
	entries   []string // whatever is in the place of one
	temporary []string
	foreign   []string
}

// list reads the cache's directories.
func (s *Store) list() (listing, error) {
	var all listing
	err := s.each(".", func(name string, d fs.DirEntry) error {
		switch {
		case name == entriesDir:
			return s.each(name, func(name string, d fs.DirEntry) error { return s.listEntries(&all, name, d) })
		case name == stageDir:
			return s.each(name, func(name string, d fs.DirEntry) error {
				base := path.Base(name)
				if strings.HasPrefix(base, stagedPrefix) || strings.HasPrefix(base, removedPrefix) {
					all.temporary = append(all.temporary, name)
				} else {
					all.addForeign(name, d)
				}
				return nil
			})
		default:
			all.addForeign(name, d)
			return nil
		}
	})
	return all, err
}

// listEntries adds what is in one of the 256 directories.
func (s *Store) listEntries(all *listing, shard string, d fs.DirEntry) error {
	if !d.IsDir() {
		all.addForeign(shard, d)
		return nil
	}
	return s.each(shard, func(name string, d fs.DirEntry) error {
		if place, err := entryPath(algorithm + path.Base(name)); err == nil && place == name {
			all.entries = append(all.entries, name)
		} else {
			all.addForeign(name, d)
		}
		return nil
	})
}

func (l *listing) addForeign(name string, d fs.DirEntry) {
	if d.IsDir() {
		name += "/"
	}
	l.foreign = append(l.foreign, name)
}

// each visits the names in a directory in order; none where it is not there.
func (s *Store) each(dir string, visit func(name string, d fs.DirEntry) error) error {
	list, err := os.ReadDir(s.at(dir))
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return s.unreadable(dir, err)
	}
	for _, d := range list {
		if err := visit(path.Join(dir, d.Name()), d); err != nil {
			return err
		}
	}
	return nil
}
