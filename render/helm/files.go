package helm

import (
	"bytes"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strings"
	"time"

	"helm.sh/helm/v4/pkg/ignore"

	"sluice/render"
)

// chartFiles gives the files of a chart as helm's loader would hand them to LoadFiles: a byte order mark cut off,
// what .helmignore names left out, and in the order of a directory walk, which is the order that `helm package` writes
// and the order in which crds/ comes out.
//
// Helm applies .helmignore when it reads a directory, never when it reads an archive. Packaging has applied it by then,
// but to the files of the chart only: it expands charts/*.tgz after that, so a rule like "tests/" must not be applied a
// second time to what was in them.
func chartFiles(t render.Tree) ([]render.File, error) {
	rules, err := ignoreRules(t)
	if err != nil {
		return nil, err
	}
	files := make([]render.File, 0, len(t.Files))
	for _, f := range t.Files {
		if rules != nil && ignored(rules, f.Path) {
			continue
		}
		f.Data = bytes.TrimPrefix(f.Data, []byte("\xEF\xBB\xBF"))
		files = append(files, f)
	}
	slices.SortStableFunc(files, func(a, b render.File) int { return compareWalk(a.Path, b.Path) })
	return files, nil
}

// ignoreRules gives the rules for a tree, or nil for one that comes from an archive. Both majors have the same rules.
func ignoreRules(t render.Tree) (*ignore.Rules, error) {
	if t.Packed {
		return nil, nil
	}
	rules := ignore.Empty()
	for _, f := range t.Files {
		if f.Path != ignore.HelmIgnore {
			continue
		}
		parsed, err := ignore.Parse(bytes.NewReader(f.Data))
		if err != nil {
			return nil, &render.Error{
				Pos:  render.Position{File: path.Join(t.Origin, ignore.HelmIgnore)},
				Err:  fmt.Errorf("reading the ignore rules: %w", err),
				Hint: "helm knows shell patterns and a leading !, and no double star",
			}
		}
		rules = parsed
	}
	// Helm adds these also where there is no .helmignore: templates/.?* is left out, such as an editor's swap files.
	rules.AddDefaults()
	return rules, nil
}

// ignored says whether a rule leaves out the file or a directory above it.
func ignored(rules *ignore.Rules, file string) bool {
	for i, c := range file {
		if c == '/' && rules.Ignore(file[:i], entry{file[:i], true}) {
			return true
		}
	}
	return rules.Ignore(file, entry{file, false})
}

// entry is a file or directory of a tree, for the ignore rules.
type entry struct {
	path string
	dir  bool
}

// The rules read the name and whether it is a directory; the rest of fs.FileInfo is zero.
func (e entry) Name() string       { return path.Base(e.path) }
func (e entry) Size() int64        { return 0 }
func (e entry) ModTime() time.Time { return time.Time{} }
func (e entry) IsDir() bool        { return e.dir }
func (e entry) Sys() any           { return nil }
func (e entry) Mode() fs.FileMode {
	if e.dir {
		return fs.ModeDir
	}
	return 0
}

// compareWalk orders paths as a directory walk visits them: "a/b" comes before "a.yaml", which plain string order
// turns round.
func compareWalk(a, b string) int {
	return slices.Compare(strings.Split(a, "/"), strings.Split(b, "/"))
}
