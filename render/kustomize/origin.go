package kustomize

import (
	"fmt"
	"path"
	"path/filepath"
	"strings"

	"sigs.k8s.io/kustomize/api/konfig"
	"sigs.k8s.io/kustomize/api/resource"
	"sigs.k8s.io/kustomize/kyaml/yaml"
)

// fixOrigin gives the annotations of buildMetadata the origins that kustomize would have written: it knows nothing of the
// directories and files that this program added, nor of where those that were fetched came from.
func (b *build) fixOrigin(annotations map[string]string, m *mark) error {
	if _, ok := annotations[originAnnotation]; ok && m != nil {
		origin := b.origin(m.file)
		origin.ConfiguredIn, origin.Path = origin.Path, ""
		origin.ConfiguredBy = yaml.ResourceIdentifier{TypeMeta: yaml.TypeMeta{
			APIVersion: konfig.BuiltinPluginApiVersion, Kind: "HelmChartInflationGenerator",
		}}
		text, err := origin.String()
		if err != nil {
			return fmt.Errorf("writing an origin: %w", err)
		}
		annotations[originAnnotation] = text
	}
	if text := annotations[originAnnotation]; b.added(text) {
		var origin resource.Origin
		err := yaml.Unmarshal([]byte(text), &origin)
		if err == nil {
			b.correct(&origin)
			annotations[originAnnotation], err = origin.String()
		}
		if err != nil {
			return fmt.Errorf("rewriting an origin: %w", err)
		}
	}
	if text := annotations[stepsAnnotation]; b.added(text) {
		var steps resource.Transformations
		err := yaml.Unmarshal([]byte(text), &steps)
		if err == nil {
			for _, origin := range steps {
				b.correct(origin)
			}
			annotations[stepsAnnotation], err = steps.String()
		}
		if err != nil {
			return fmt.Errorf("rewriting the list of transformations: %w", err)
		}
	}
	return nil
}

// added reports whether a text has a path of what this program added to the view.
func (b *build) added(text string) bool {
	return strings.Contains(text, aliasPrefix) || strings.Contains(text, fileRoot) || strings.Contains(text, remoteRoot[1:])
}

// correct gives an origin of kustomize the repository and the path that it would have without this program.
func (b *build) correct(o *resource.Origin) {
	for _, at := range []*string{&o.Path, &o.ConfiguredIn} {
		if !b.added(*at) {
			continue
		}
		real := b.origin(path.Join(b.top, *at))
		o.Repo, o.Ref, *at = real.Repo, real.Ref, real.Path
	}
}

// origin gives the origin of a file in the view.
func (b *build) origin(file string) resource.Origin {
	for _, r := range b.remotes {
		if r.file != "" && path.Base(file) == r.file {
			of := b.origin(path.Dir(file))
			return *of.Append(r.url)
		}
	}
	if m := b.view.mountOf(file); m != nil && m.remote() {
		return resource.Origin{Repo: m.repo, Ref: m.ref, Path: m.rel(b.view.actual(file))}
	}
	return resource.Origin{Path: b.relative(file)}
}

// relative gives a path of the view relative to the kustomization that is built, without aliases.
func (b *build) relative(file string) string {
	rel, err := filepath.Rel(b.view.actual(b.top), b.view.actual(file))
	if err != nil {
		return file
	}
	return rel
}
