package source

import (
	"fmt"
	"path"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"

	"sluice/render"
)

const (
	chartFileName = "Chart.yaml"
	requirements  = "requirements.yaml" // where apiVersion v1 declares dependencies
)

// chartMeta is the part of Chart.yaml that decides which files a chart is made of.
type chartMeta struct {
	APIVersion   string       `yaml:"apiVersion"`
	Name         string       `yaml:"name"`
	Version      string       `yaml:"version"`
	AppVersion   string       `yaml:"appVersion"`
	KubeVersion  string       `yaml:"kubeVersion"`
	Type         string       `yaml:"type"`
	Dependencies []dependency `yaml:"dependencies"`
}

// dependency is one entry of Chart.yaml, requirements.yaml or a lock file. Conditions, tags and imported values decide
// what helm renders, not what is fetched: a disabled dependency has to be there too.
type dependency struct {
	Name       string `yaml:"name"`
	Version    string `yaml:"version"`
	Repository string `yaml:"repository"`
	Alias      string `yaml:"alias"`

	pos render.Position
}

// UnmarshalYAML keeps the line of the entry.
func (d *dependency) UnmarshalYAML(n *yaml.Node) error {
	type plain dependency
	if err := n.Decode((*plain)(d)); err != nil {
		return err
	}
	d.pos = render.Position{Line: n.Line, Column: n.Column}
	return nil
}

// String gives "redis 1.2.3", and the alias where there is one.
func (d dependency) String() string {
	s := strings.TrimSpace(d.Name + " " + d.Version)
	if d.Alias != "" {
		s += " (as " + d.Alias + ")"
	}
	return s
}

// parseChart reads the metadata of a chart's files. where is the chart's directory, for positions.
func parseChart(files []render.File, where string) (chartMeta, error) {
	var meta chartMeta
	content, ok := fileOf(files, chartFileName)
	if !ok {
		return meta, hinted("a chart is a directory with a Chart.yaml", fmt.Errorf("%s is not there", path.Join(where, chartFileName)))
	}
	if err := decode(content, &meta); err != nil {
		return meta, fmt.Errorf("parsing %s: %w", path.Join(where, chartFileName), err)
	}
	if meta.Name == "" || meta.Version == "" {
		return meta, fmt.Errorf("%s lacks a name or a version", path.Join(where, chartFileName))
	}
	if strings.ContainsAny(meta.Name, "/\\") || meta.Name == "." || meta.Name == ".." {
		return meta, fmt.Errorf("%s has the name %q, which is not a chart's", path.Join(where, chartFileName), meta.Name)
	}
	from := chartFileName
	if content, ok := fileOf(files, requirements); ok {
		var old struct {
			Dependencies []dependency `yaml:"dependencies"`
		}
		if err := decode(content, &old); err != nil {
			return meta, fmt.Errorf("parsing %s: %w", path.Join(where, requirements), err)
		}
		if len(old.Dependencies) > 0 && len(meta.Dependencies) > 0 {
			return meta, hinted("keep the list of Chart.yaml and delete requirements.yaml",
				fmt.Errorf("%s and %s both declare dependencies", path.Join(where, chartFileName), requirements))
		}
		if len(old.Dependencies) > 0 {
			from, meta.Dependencies = requirements, old.Dependencies
		}
	}
	for i := range meta.Dependencies {
		meta.Dependencies[i].pos.File = path.Join(where, from)
	}
	return meta, nil
}

// lockFile is Chart.lock, or requirements.lock beside a requirements.yaml.
type lockFile struct {
	name         string
	Dependencies []dependency `yaml:"dependencies"`
}

// parseLock reads the lock of a chart; a chart without one gives nil.
func parseLock(files []render.File, where string) (*lockFile, error) {
	for _, name := range []string{"Chart.lock", "requirements.lock"} {
		content, ok := fileOf(files, name)
		if !ok {
			continue
		}
		lock := lockFile{name: path.Join(where, name)}
		if err := decode(content, &lock); err != nil {
			return nil, fmt.Errorf("parsing %s: %w", lock.name, err)
		}
		for i := range lock.Dependencies {
			lock.Dependencies[i].pos.File = lock.name
		}
		return &lock, nil
	}
	return nil, nil
}

// fileOf gives the content of the file at a path, and whether there is one.
func fileOf(files []render.File, name string) ([]byte, bool) {
	i := slices.IndexFunc(files, func(f render.File) bool { return f.Path == name })
	if i < 0 {
		return nil, false
	}
	return files[i].Data, true
}
