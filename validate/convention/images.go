package convention

import (
	"fmt"
	"slices"
	"strings"

	"sluice/render"
	"sluice/validate"
)

// The rules about images; latest-tag has kube-linter's name.
const (
	latestTag = "latest-tag"
	noDigest  = "image-not-pinned-by-digest"
	registry  = "image-registry"
)

// images are what the images of containers are held to.
type images struct {
	Digest     bool
	Registries []string
}

// pictures holds the images of all containers to the convention.
func (j *judge) pictures() error {
	want := j.Images
	if want == nil {
		if !asked(j.in.Plan, latestTag) {
			return nil
		}
		want = &images{}
	}
	for _, w := range j.workloads {
		for _, c := range w.containers() {
			at := c.at.With("image")
			name := validate.TextAt(c.tree, "image")
			if name == "" || w.blank(at) || strings.ContainsAny(name, "${}") {
				continue
			}
			ref, err := validate.ParseImage(name)
			if err != nil {
				continue // that it is no name is what another rule says
			}
			switch {
			case ref.Digest == "" && ref.Tag == "":
				j.say(latestTag, w.object, at, fmt.Sprintf("%s is %q, without a tag, which is latest", at, name))
			case ref.Digest == "" && ref.Tag == "latest":
				j.say(latestTag, w.object, at, fmt.Sprintf("%s is %q, want the tag of a version", at, name))
			case ref.Digest == "" && want.Digest:
				j.say(noDigest, w.object, at, fmt.Sprintf("%s is %q, want a digest too", at, name))
			}
			if len(want.Registries) > 0 && !from(ref, want.Registries) {
				j.say(registry, w.object, at, fmt.Sprintf("%s is %q, want an image from %s", at, name, quoted(want.Registries)))
			}
		}
	}
	return nil
}

// from says whether an image is of one of these registries, or parts of them.
func from(i validate.Image, registries []string) bool {
	return slices.ContainsFunc(registries, func(allowed string) bool {
		rest, ok := strings.CutPrefix(i.Host+"/"+i.Path, strings.TrimSuffix(allowed, "/"))
		return ok && (rest == "" || rest[0] == '/')
	})
}

// container is one of a Pod.
type container struct {
	tree map[string]any
	at   render.Path
	name string
	// first says that it runs and ends before the others do.
	first bool
}

// containers lists the containers of a workload's Pods: those that run before the others first.
func (w *workload) containers() []container {
	var all []container
	for _, field := range []string{"initContainers", "containers"} {
		for i, v := range validate.ListAt(w.spec, field) {
			if tree, ok := v.(map[string]any); ok {
				first := field == "initContainers" && validate.TextAt(tree, "restartPolicy") != "Always"
				all = append(all, container{tree: tree, at: w.pod(field, i), name: validate.TextAt(tree, "name"), first: first})
			}
		}
	}
	return all
}

var imageRules = []validate.Rule{
	{
		ID: latestTag, Title: "an image that is another one tomorrow", Severity: validate.Warning,
		Why:    "Two nodes run two versions, a restart is an upgrade, and what ran before is not known: there is nothing to go back to.",
		Fix:    "write the tag of a version, or a digest; the stack asks for this with conventions: images, or with a severity",
		Source: "kube-linter latest-tag",
		Wrong:  houseOf("images: {}") + imageOf("registry.example.com/example:latest", ""),
		Right:  houseOf("images: {}") + imageOf("registry.example.com/example:1.2.3", ""),
	},
	{
		ID: noDigest, Title: "an image without a digest", Severity: validate.Warning,
		Why:    "A tag can be moved to another image, by its owner or by whoever has their password.",
		Fix:    "write the digest after the tag, which may stay: NAME:TAG@sha256:...; the stack asks for this with conventions: images: digest: true",
		Source: "kube-linter image-not-pinned-by-digest",
		Wrong:  houseOf("images: digest: true") + imageOf("registry.example.com/example:1.2.3", ""),
		Right:  houseOf("images: digest: true") + imageOf("registry.example.com/example:1.2.3@sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08", ""),
	},
	{
		ID: registry, Title: "an image from a registry that the house does not use", Severity: validate.Warning,
		Why:    "It does not come through the mirror: nobody has scanned it, and it is gone when its registry is, or asks for a login.",
		Fix:    "set the registry in the chart's values, or add it to conventions: images: registries, which asks for this",
		Source: "https://kubernetes.io/docs/concepts/containers/images/",
		Wrong:  houseOf(`images: registries: ["registry.example.com"]`) + imageOf("example:1.2.3", ""),
		Right:  houseOf(`images: registries: ["registry.example.com"]`) + imageOf("registry.example.com/example:1.2.3", ""),
	},
}
