package source

import (
	"flag"
	"io/fs"
	"maps"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/Masterminds/semver/v3"
	"github.com/google/go-cmp/cmp"
	"go.yaml.in/yaml/v3"
)

// With -update the mirror in testdata is written from the model charts; without it, it has to equal them.
var update = flag.Bool("update", false, "write testdata/mirror from testdata/models")

const (
	modelsDir = "../../testdata/models"
	mirrorDir = "../../testdata/mirror"
)

// indexed is an entry of the index.yaml of the mirror. It has no "created": the same models give the same bytes.
type indexed struct {
	APIVersion string   `yaml:"apiVersion"`
	Name       string   `yaml:"name"`
	Version    string   `yaml:"version"`
	AppVersion string   `yaml:"appVersion,omitempty"`
	Digest     string   `yaml:"digest"`
	URLs       []string `yaml:"urls"`
}

// model is one chart below the models' directory.
type model struct {
	repo string // folder of its repository, which is the repository's URL without the scheme
	dir  string // its directory, relative to the models'
	meta chartMeta
}

// models finds the charts: every directory with a Chart.yaml, not looking for more inside of one.
func models(t *testing.T) []model {
	t.Helper()
	root, err := os.OpenRoot(modelsDir)
	must(t, err)
	defer root.Close()
	var found []model
	must(t, fs.WalkDir(root.FS(), ".", func(dir string, e fs.DirEntry, err error) error {
		if err != nil || !e.IsDir() {
			return err
		}
		content, err := root.ReadFile(path.Join(dir, chartFileName))
		if os.IsNotExist(err) {
			return nil
		}
		if err != nil {
			return err
		}
		m := model{repo: path.Dir(dir), dir: dir}
		if err := yaml.Unmarshal(content, &m.meta); err != nil {
			t.Errorf("%s: %v", dir, err)
		}
		found = append(found, m)
		return fs.SkipDir
	}))
	if len(found) == 0 {
		t.Fatalf("no chart below %s", modelsDir)
	}
	return found
}

// mirrored gives the files of the mirror that the models stand for, by path.
func mirrored(t *testing.T, all []model) map[string]string {
	t.Helper()
	files := map[string]string{}
	repos := map[string]map[string][]indexed{}
	r := reader(modelsDir)
	for _, m := range all {
		kept, err := packaged(fetch(t, r, chartAt(m.dir)).Files)
		must(t, err)
		packed, err := pack(m.meta.Name, kept)
		must(t, err)
		archive := m.meta.Name + "-" + m.meta.Version + ".tgz"
		if _, twice := files[path.Join(m.repo, archive)]; twice {
			t.Fatalf("%s holds %s twice", m.repo, archive)
		}
		files[path.Join(m.repo, archive)] = string(packed)
		if repos[m.repo] == nil {
			repos[m.repo] = map[string][]indexed{}
		}
		repos[m.repo][m.meta.Name] = append(repos[m.repo][m.meta.Name], indexed{
			m.meta.APIVersion, m.meta.Name, m.meta.Version, m.meta.AppVersion,
			strings.TrimPrefix(digest(packed), "sha256:"),
			[]string{archive},
		})
	}
	for repo, entries := range repos {
		for _, list := range entries {
			slices.SortFunc(list, func(a, b indexed) int { // newest first, as helm sorts
				return semver.MustParse(b.Version).Compare(semver.MustParse(a.Version))
			})
		}
		content, err := yaml.Marshal(struct {
			APIVersion string               `yaml:"apiVersion"`
			Entries    map[string][]indexed `yaml:"entries"`
		}{"v1", entries})
		must(t, err)
		files[path.Join(repo, indexFile)] = string(content)
	}
	return files
}

func TestTheMirrorIsWhatTheModelsPackageTo(t *testing.T) {
	want := mirrored(t, models(t))
	if *update {
		must(t, os.RemoveAll(mirrorDir))
		write(t, mirrorDir, want)
	}
	have := map[string]string{}
	must(t, filepath.WalkDir(mirrorDir, func(name string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() {
			return err
		}
		content, err := os.ReadFile(name)
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(mirrorDir, name)
		have[filepath.ToSlash(rel)] = string(content)
		return err
	}))
	if diff := cmp.Diff(slices.Sorted(maps.Keys(want)), slices.Sorted(maps.Keys(have))); diff != "" {
		t.Errorf("other files in the mirror (run the test with -update):\n%s", diff)
	}
	for name, content := range want {
		if got, ok := have[name]; ok && got != content {
			t.Errorf("%s is not what the models package to (run the test with -update)", name)
		}
	}
}

func TestEveryModelIsReadFromTheMirror(t *testing.T) {
	r := reader(t.TempDir())
	r.Mirror, r.Offline = mirrorDir, true
	for _, m := range models(t) {
		t.Run(m.meta.Name+" "+m.meta.Version, func(t *testing.T) {
			want, err := packaged(fetch(t, reader(modelsDir), chartAt(m.dir)).Files)
			must(t, err)
			tree := fetch(t, r, helmSource("https://"+m.repo, m.meta.Name, m.meta.Version))
			if diff := cmp.Diff(want, tree.Files); diff != "" {
				t.Errorf("the mirror gives another chart than %s:\n%s", m.dir, diff)
			}
			if want := "https://" + m.repo + "/" + m.meta.Name + "-" + m.meta.Version + ".tgz"; tree.Inputs[0].Name != want {
				t.Errorf("input %s, want %s", tree.Inputs[0].Name, want)
			}
		})
	}
}
