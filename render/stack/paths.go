package stack

import (
	"errors"
	"io/fs"
	"path"
	"path/filepath"
	"strings"

	"sluice/render"
)

// kustomizationNames are the names kustomize knows (kustomize api/konfig RecognizedKustomizationFileNames).
var kustomizationNames = []string{"kustomization.yaml", "kustomization.yml", "Kustomization"}

// chartName is the name of a chart's description (helm chartutil.ChartfileName).
const chartName = "Chart.yaml"

// look finds a path of the stack on disk and gives it clean; ok is false where it was a fault, which is reported, and
// for a path into a ref, which is not on disk. The words of a path are judged before the disk is: "../x" is refused even where ".." would lead back. Links are
// followed by os.Root, which opens nothing outside the stack directory.
func (c *checker) look(n *node) (string, fs.FileInfo, bool) {
	text, _ := n.value.(string)
	clean := path.Clean(text)
	switch {
	case strings.Contains(text, "://"):
		c.add(n.place, "put the file into the stack directory", "%q is a URL; only files of the stack are read", text)
		return clean, nil, false
	case strings.HasPrefix(text, refSign):
		return c.into(n), nil, false
	case path.IsAbs(text) || filepath.IsAbs(text):
		c.add(n.place, "write it relative to the stack directory", "path %q is absolute", text)
		return clean, nil, false
	case clean == ".." || strings.HasPrefix(clean, "../"):
		c.add(n.place, "put what it names into the stack directory", "path %q leaves the stack", text)
		return clean, nil, false
	case strings.HasPrefix(clean, refSign): // "./$name" would come out clean as a path into a ref
		c.add(n.place, "rename it; a path that begins with $ leads into a ref", "path %q cannot be named", text)
		return clean, nil, false
	case strings.Contains(text, `\`):
		c.add(n.place, "separate the parts of a path with /", "path %q has a backslash", text)
		return clean, nil, false
	}
	stat, err := c.root.Stat(filepath.FromSlash(clean))
	switch {
	case err == nil:
		return clean, stat, true
	case errors.Is(err, fs.ErrNotExist) && !c.leaves(clean):
		c.add(n.place, c.siblings(clean), "no file or directory %q in the stack", text)
	case c.leaves(clean):
		c.add(n.place, "put what it names into the stack directory",
			"path %q leaves the stack through a symbolic link", text)
	default:
		c.add(n.place, "", "looking at path %q: %w", text, err)
	}
	return clean, nil, false
}

// leaves says whether a link on the way to name points out of the stack directory. os.Root has no error value for that,
// so what remains is a link that does not open although its target is not missing.
func (c *checker) leaves(name string) bool {
	parts := strings.Split(name, "/")
	for i := range parts {
		at := path.Join(parts[:i+1]...)
		stat, err := c.root.Lstat(at)
		if err != nil {
			return !errors.Is(err, fs.ErrNotExist)
		}
		if stat.Mode()&fs.ModeSymlink == 0 {
			continue
		}
		if _, err := c.root.Stat(at); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return true
		}
	}
	return false
}

// siblings suggests names near the first part of a path that is not there, from the directory where the path ends.
func (c *checker) siblings(name string) string {
	if _, err := c.root.Lstat(filepath.FromSlash(name)); err == nil {
		return "it is a symbolic link to nothing"
	}
	dir := path.Dir(name)
	for dir != "." {
		if stat, err := c.root.Stat(dir); err == nil && stat.IsDir() {
			break
		}
		name, dir = dir, path.Dir(dir)
	}
	names := c.entries(dir)
	if near := render.Nearest(path.Base(name), names); near != "" {
		return "did you mean " + path.Join(dir, near) + "?"
	}
	if len(names) == 0 {
		return "directory " + dir + " of the stack is empty"
	}
	return suggest(path.Base(name), names, "in "+dir)
}

// entries lists a directory of the stack; a directory that cannot be read has no suggestions to offer.
func (c *checker) entries(dir string) []string {
	list, err := fs.ReadDir(c.root.FS(), dir)
	if err != nil {
		return nil
	}
	names := make([]string, len(list))
	for i, e := range list {
		names[i] = e.Name()
	}
	return names
}

// file checks a regular file of the stack.
func (c *checker) file(n *node) string {
	name, stat, ok := c.look(n)
	switch ref, found := strings.CutPrefix(name, refSign); {
	case ok && !stat.Mode().IsRegular():
		c.add(n.place, "", "%s is not a regular file", name)
	case found && c.refs.at(ref) != nil:
		c.add(n.place, "name a file in it: "+name+"/path", "%s is a repository", name)
	}
	return name
}

// keyring checks a file of public keys. It says who is trusted, so it comes from the stack itself and from no ref.
func (c *checker) keyring(n *node) string {
	if n == nil {
		return ""
	}
	if text, _ := n.value.(string); strings.HasPrefix(text, refSign) {
		c.add(n.place, "put the public keys into the stack directory", "a keyring is a file of the stack, not of a ref")
		return text
	}
	return c.file(n)
}

// chart checks a chart of the stack: a directory or an archive.
func (c *checker) chart(n *node) string {
	name, stat, ok := c.look(n)
	switch {
	case !ok:
	case stat.IsDir():
		c.chartFiles(n, name)
	case !strings.HasSuffix(name, ".tgz") && !strings.HasSuffix(name, ".tar.gz"):
		c.add(n.place, "a chart is a directory with Chart.yaml, or a .tgz", "%s is not a chart", name)
	}
	return name
}

// chartDir checks a chart directory of the stack.
func (c *checker) chartDir(n *node) string {
	if n == nil {
		return ""
	}
	name, stat, ok := c.look(n)
	switch {
	case !ok:
	case !stat.IsDir():
		c.add(n.place, "a chart archive is given as helm: path", "%s is not a directory", name)
	default:
		c.chartFiles(n, name)
	}
	return name
}

// chartFiles checks what makes a directory a chart.
func (c *checker) chartFiles(n *node, dir string) {
	kustomization, chart := c.kinds(dir)
	switch {
	case c.both(n, dir):
	case chart == "" && kustomization != "":
		c.add(n.place, "a kustomization is given as kustomize: path", "%s has %s and no %s", dir, kustomization, chartName)
	case chart == "":
		c.add(n.place, "a chart directory has Chart.yaml at its top", "%s has no %s", dir, chartName)
	}
}

// kustomization checks a kustomization directory.
func (c *checker) kustomization(n *node) string {
	if n == nil {
		return ""
	}
	name, stat, ok := c.look(n)
	if !ok {
		return name
	}
	if !stat.IsDir() {
		c.add(n.place, "name the directory that has the kustomization", "%s is not a directory", name)
		return name
	}
	kustomization, chart := c.kinds(name)
	switch {
	case c.both(n, name):
	case kustomization == "" && chart != "":
		c.add(n.place, "a chart is given as umbrella: path or helm: path",
			"%s has %s and no %s", name, chart, kustomizationNames[0])
	case kustomization == "":
		c.add(n.place, "a kustomization directory has kustomization.yaml at its top", "%s has no %s", name, kustomizationNames[0])
	}
	return name
}

// manifests checks a file or directory of plain YAML. Argo CD takes a directory with Chart.yaml or a kustomization
// for a chart or a kustomization (tool detection in its user guide), so neither may be among plain manifests.
func (c *checker) manifests(n *node) string {
	name, stat, ok := c.look(n)
	if !ok || !stat.IsDir() {
		return name
	}
	kustomization, chart := c.kinds(name)
	switch {
	case c.both(n, name):
	case chart != "":
		c.add(n.place, "give it as umbrella: path or helm: path", "%s is a chart: it has %s", name, chart)
	case kustomization != "":
		c.add(n.place, "give it as kustomize: path", "%s is a kustomization: it has %s", name, kustomization)
	}
	return name
}

// both reports a directory that is a chart and a kustomization at once; what Argo CD makes of it is an accident.
func (c *checker) both(n *node, dir string) bool {
	kustomization, chart := c.kinds(dir)
	if kustomization == "" || chart == "" {
		return false
	}
	c.add(n.place, "keep one of the two files; a kustomization inflates a chart with helmCharts",
		"directory %s has both %s and %s", dir, path.Join(dir, chart), path.Join(dir, kustomization))
	return true
}

// kinds gives the names of the files that make dir a kustomization and a chart, empty where there is none. It looks at
// names only: what is in the files is for the engines to say.
func (c *checker) kinds(dir string) (kustomization, chart string) {
	for _, name := range kustomizationNames {
		if c.has(dir, name) {
			kustomization = name
			break
		}
	}
	if c.has(dir, chartName) {
		chart = chartName
	}
	return kustomization, chart
}

// has says whether dir has an entry of this name.
func (c *checker) has(dir, name string) bool {
	_, err := c.root.Lstat(filepath.Join(filepath.FromSlash(dir), name))
	return err == nil
}
