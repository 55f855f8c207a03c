package source

import (
	"bytes"
	"fmt"
	"slices"

	"go.yaml.in/yaml/v3"

	"sluice/render"
)

// lockVersion is the one form of a lock that is read and written.
const lockVersion = "1"

// Lock is what every source of a stack was resolved to: the file sluice.lock. There is one entry for each thing asked,
// and none holds a credential. A nil Lock is one without entries; a Lock is not changed after it was made.
type Lock struct {
	entries []Entry // by Entry.compare
}

// Change is one difference between two locks. Before is zero for an entry that is new, After for one that is gone.
type Change struct{ Before, After Entry }

// NewLock makes a lock of resolved entries, in any order. It is an error if one is incomplete or holds a credential, if
// one thing is asked twice, and if one version or commit of a source has two digests: it was published again meanwhile.
func NewLock(entries []Entry) (*Lock, error) {
	for _, e := range entries {
		if field, err := e.check(); err != nil {
			return nil, fmt.Errorf("locking %s: %s: %w", e, field, err)
		}
	}
	sorted := slices.Clone(entries)
	slices.SortFunc(sorted, Entry.compare)
	held := map[Entry]Entry{}
	for i, e := range sorted {
		if i > 0 && e.compare(sorted[i-1]) == 0 {
			return nil, fmt.Errorf("locking %s: it is there twice", e)
		}
		if first, ok := held[e.resolution()]; ok && first.Digest != e.Digest {
			return nil, hinted("it was published again with other content; run sluice lock --update, once you know why", fmt.Errorf(
				"locking %s: %s has the digest %s, and asked as %s it had %s", e, e.Resolved, e.Digest, first.Requested, first.Digest))
		}
		held[e.resolution()] = e
	}
	return &Lock{entries: sorted}, nil
}

// resolution identifies what an entry stands for, however it was asked.
func (e Entry) resolution() Entry {
	return Entry{Kind: e.Kind, Repo: e.Repo, Chart: e.Chart, Resolved: e.Resolved, Submodules: e.Submodules}
}

// Entries lists all entries: by kind, repository, chart and request.
func (l *Lock) Entries() []Entry {
	if l == nil {
		return nil
	}
	return slices.Clone(l.entries)
}

// Find gives the entry of what is asked; what asked was resolved to does not count.
func (l *Lock) Find(asked Entry) (Entry, bool) {
	if l == nil {
		return Entry{}, false
	}
	i, ok := slices.BinarySearchFunc(l.entries, asked, Entry.compare)
	if !ok {
		return Entry{}, false
	}
	return l.entries[i], true
}

// Diff lists what is different in newer, in the order of [Lock.Entries]. A chart or repository of which one request went
// and one came is one change and not two: a person moved it to another version.
func (l *Lock) Diff(newer *Lock) []Change {
	var changes []Change
	gone, came := map[Entry][]Entry{}, map[Entry]int{}
	for _, e := range l.Entries() {
		if _, ok := newer.Find(e); !ok {
			gone[e.anyVersion()] = append(gone[e.anyVersion()], e)
		}
	}
	for _, e := range newer.Entries() {
		before, ok := l.Find(e)
		switch {
		case ok && before != e:
			changes = append(changes, Change{before, e})
		case !ok:
			came[e.anyVersion()]++
			changes = append(changes, Change{After: e})
		}
	}
	for i, c := range changes {
		if at := c.After.anyVersion(); c.Before == (Entry{}) && came[at] == 1 && len(gone[at]) == 1 {
			changes[i].Before = gone[at][0]
			delete(gone, at)
		}
	}
	for _, list := range gone {
		for _, e := range list {
			changes = append(changes, Change{Before: e})
		}
	}
	slices.SortFunc(changes, func(a, b Change) int { return a.entry().compare(b.entry()) })
	return changes
}

// entry is the newer side, or the older where there is no newer.
func (c Change) entry() Entry {
	if c.After == (Entry{}) {
		return c.Before
	}
	return c.After
}

// anyVersion identifies what could be asked at several versions.
func (e Entry) anyVersion() Entry { return Entry{Kind: e.Kind, Repo: e.Repo, Chart: e.Chart} }

// WriteFile writes the lock to a file, which has the old content or the new one at any time.
func (l *Lock) WriteFile(name string) error {
	if err := replaceFile(name, l.Encode()); err != nil {
		return fmt.Errorf("writing the lock: %w", err)
	}
	return nil
}

// lockField is one line of an entry. The kind of an entry is told by which of chart, git and file it has.
type lockField struct {
	name string
	at   func(*Entry) *string
}

// lockFields are the fields of an entry of a kind, in the order that they are written; optional ones last.
func lockFields(kind string) (fields []lockField, required int) {
	repo := func(e *Entry) *string { return &e.Repo }
	requested := lockField{"requested", func(e *Entry) *string { return &e.Requested }}
	resolved := lockField{"resolved", func(e *Entry) *string { return &e.Resolved }}
	sha256 := lockField{"sha256", func(e *Entry) *string { return &e.Digest }}
	switch kind {
	case render.KindHelm:
		chart := lockField{"chart", func(e *Entry) *string { return &e.Chart }}
		from := lockField{"from", func(e *Entry) *string { return &e.From }}
		signer := lockField{"signer", func(e *Entry) *string { return &e.Signer }}
		return []lockField{chart, {"repo", repo}, requested, resolved, sha256, from, signer}, 5
	case render.KindGit:
		return []lockField{{"git", repo}, requested, resolved, sha256}, 4
	case render.KindFile:
		return []lockField{{"file", repo}, sha256}, 2
	}
	return nil, 0
}

// Encode writes the lock as YAML, the same bytes for the same entries. What it writes, [ParseLock] reads to an equal lock.
func (l *Lock) Encode() []byte {
	var b bytes.Buffer
	b.WriteString("# Every source of the stack, as `sluice lock` resolved it. Do not edit; run `sluice lock`.\n")
	b.WriteString("version: " + lockVersion + "\n")
	if len(l.Entries()) == 0 {
		b.WriteString("sources: []\n")
		return b.Bytes()
	}
	b.WriteString("sources:\n")
	for _, e := range l.Entries() {
		e.encode(&b)
	}
	return b.Bytes()
}

// encode writes a block of one line per field, so that a merge request shows what moved and where.
func (e Entry) encode(b *bytes.Buffer) {
	fields, _ := lockFields(e.Kind)
	lead := "  - "
	for _, f := range fields {
		value := *f.at(&e)
		if f.name == "sha256" {
			if e.Submodules {
				b.WriteString(lead + "submodules: true\n")
			}
			value = value[len(digestPrefix):]
		}
		if value == "" {
			continue
		}
		b.WriteString(lead + f.name + ": " + quoted(value) + "\n")
		lead = "    "
	}
}

// quoted writes text as YAML, in quotes where a reader would take it for something else than text: 1.10, true, 12e4.
func quoted(text string) string {
	out, err := yaml.Marshal(text)
	if err != nil { // of a string there is none
		panic(err)
	}
	return string(bytes.TrimSuffix(out, []byte("\n")))
}
