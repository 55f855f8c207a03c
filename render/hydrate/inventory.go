package hydrate

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"maps"
	"path"
	"regexp"
	"slices"
	"strings"

	"sluice/render"
)

// Files is a hydrated tree: content by path, slash-separated and relative to the tree's root.
type Files map[string][]byte

const (
	ownDir         = ".sluice"
	inventoryPath  = ownDir + "/inventory"
	pendingPath    = ownDir + "/pending" // inventory of a run that has begun to write a directory
	stageDir       = ownDir + "/stage"   // new content of that run
	lockPath       = ownDir + "/lock"
	provenancePath = ownDir + "/provenance.json"
	// metadataPath is where Argo CD and GitOps Promoter look for the dry revision of a branch. It changes with every
	// dry commit, so the inventory leaves it out: nothing else changed, no commit.
	metadataPath = "hydrator.metadata"
)

// inventory is the paths that sluice owns, each with the sha256 in hex of the content it gave them. It does not list
// itself. Only the marker of an interrupted run has more than one digest for a path.
type inventory map[string][]string

var inventoryLine = regexp.MustCompile(`^([0-9a-f]{64})  (.+)$`)

func digest(content []byte) string {
	sum := sha256.Sum256(content)
	return hex.EncodeToString(sum[:])
}

// take gives the inventory of files.
func take(files Files) inventory {
	own := make(inventory, len(files))
	for p, content := range files {
		if p != inventoryPath && p != metadataPath {
			own[p] = []string{digest(content)}
		}
	}
	return own
}

// complete gives a copy of files with their inventory, after a check that every path stays below the root.
func complete(files Files) (Files, error) {
	for _, p := range slices.Sorted(maps.Keys(files)) {
		if !safePath(p) {
			return nil, fmt.Errorf("%q is no path for a file of the tree", p)
		}
	}
	all := maps.Clone(files)
	all[inventoryPath] = take(files).text()
	return all, nil
}

// text is what `sha256sum` prints for the files, ordered by path, then digest.
func (own inventory) text() []byte {
	var b bytes.Buffer
	for _, p := range slices.Sorted(maps.Keys(own)) {
		for _, sum := range slices.Compact(slices.Sorted(slices.Values(own[p]))) {
			fmt.Fprintf(&b, "%s  %s\n", sum, p)
		}
	}
	return b.Bytes()
}

// Gone lists the paths of the inventory that are not there; in a tree without inventory, or with a damaged one, none.
func (f Files) Gone() []string {
	own, err := parseInventory(inventoryPath, unixLines(f[inventoryPath]))
	if err != nil {
		return nil
	}
	maps.DeleteFunc(own, func(p string, _ []string) bool {
		_, there := f[p]
		return there
	})
	return slices.Sorted(maps.Keys(own))
}

// Seal tells one state of a tree from another by its records. It is empty where there are none: then nothing in the
// tree is sluice's.
func (f Files) Seal() string {
	own, pending := f[inventoryPath], f[pendingPath]
	if own == nil && pending == nil {
		return ""
	}
	return digest(own) + digest(pending)
}

// and gives the inventory of both.
func (own inventory) and(other inventory) inventory {
	both := make(inventory, len(own))
	for _, one := range []inventory{own, other} {
		for p, sums := range one {
			both[p] = append(both[p], sums...)
		}
	}
	return both
}

// parseInventory reads what text wrote. A line out of order, twice, cut short or with a path that leaves the tree is an
// error: an inventory that lost lines would turn owned files into foreign ones that nobody removes. Name is the file.
func parseInventory(name string, text []byte) (inventory, error) {
	own := make(inventory)
	if len(text) > 0 && text[len(text)-1] != '\n' {
		return nil, damaged(name, bytes.Count(text, []byte("\n"))+1)
	}
	n, last := 0, ""
	for line := range strings.Lines(string(text)) {
		n++
		m := inventoryLine.FindStringSubmatch(strings.TrimSuffix(line, "\n"))
		if m == nil || !safePath(m[2]) || m[2]+m[1] <= last || name == inventoryPath && own[m[2]] != nil {
			return nil, damaged(name, n)
		}
		own[m[2]], last = append(own[m[2]], m[1]), m[2]+m[1]
	}
	return own, nil
}

func damaged(name string, line int) error {
	return &render.Error{
		Pos:  render.Position{File: name, Line: line},
		Err:  errors.New("not a line that sluice wrote"),
		Hint: "restore the file from git, or start over with an empty directory or branch",
	}
}

// safePath tells whether p names a file below the tree's root on every system, and no part of it is git's own.
func safePath(p string) bool {
	if p == "" || p == "." || path.IsAbs(p) || path.Clean(p) != p || strings.ContainsAny(p, "\\:\x00\n\r") {
		return false
	}
	for part := range strings.SplitSeq(p, "/") {
		if part == ".." || strings.EqualFold(part, ".git") {
			return false
		}
	}
	return true
}
