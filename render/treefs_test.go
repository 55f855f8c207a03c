package render

import (
	"errors"
	"io/fs"
	"strings"
	"testing"
	"testing/fstest"
)

func TestTreeFS(t *testing.T) {
	tree := Tree{Files: []File{{"Chart.yaml", []byte("name: a")}, {"templates/a/b.yaml", []byte("x")}, {"templates/c.yaml", nil}}}
	if err := fstest.TestFS(tree.FS(), "Chart.yaml", "templates/a/b.yaml", "templates/c.yaml"); err != nil {
		t.Error(err)
	}
	if err := fstest.TestFS(Tree{}.FS()); err != nil {
		t.Error(err)
	}
}

// A directory must not look shorter than it is where a link in it leads nowhere.
func TestTreeFSHasLinksThatCannotBeRead(t *testing.T) {
	dir := Tree{Files: []File{{"a/b.yaml", nil}}, Links: []string{"a/c.yaml", "d"}}.FS()
	list, err := fs.ReadDir(dir, "a")
	if err != nil || len(list) != 2 || list[1].Name() != "c.yaml" || list[1].Type() != fs.ModeSymlink {
		t.Errorf("got %v, %v", list, err)
	}
	for _, name := range []string{"a/c.yaml", "d"} {
		_, opening := dir.Open(name)
		_, reading := fs.ReadFile(dir, name)
		_, following := fs.ReadLink(dir, name)
		for _, err := range []error{opening, reading, following} {
			if err == nil || errors.Is(err, fs.ErrNotExist) || !strings.Contains(err.Error(), "to nothing") {
				t.Errorf("%s: %v", name, err)
			}
		}
	}
}
