package render

import (
	"context"
	"io/fs"
	"time"
)

// File is one file of a tree. Path is slash-separated, relative and clean.
type File struct {
	Path string
	Data []byte
}

// Tree is a complete, verified set of files held in memory: a chart with all its dependencies, or a directory of
// manifests. What is in it cannot become shorter behind the reader's back; a directory on disk can (a half-extracted
// chart is a valid, smaller chart).
type Tree struct {
	Name   string // for messages: "chart traefik 39.0.1"
	Origin string // where it was read: a URL, "URL@commit" or a path relative to the plan's directory
	Path   string // the directory in it that was asked for, where it holds more: a repository read for a remote base
	Files  []File // ordered by path
	// Links are paths of links that lead out of the tree or nowhere. In FS they are there and cannot be read: a directory
	// without them would be a shorter one.
	Links  []string
	Packed bool    // read from an archive; packaging has applied .helmignore already
	Inputs []Input // every file or archive read for it, for provenance
	// Documents are the files outside the tree that a chart's values schemas refer to; the path of each is its URL.
	Documents []File
}

// Input is one thing that a render read and the sha256 of its bytes.
type Input struct {
	Name   string // "https://charts.example.com/traefik-39.0.1.tgz", "values/traefik.yaml"
	Digest string // "sha256:" and 64 hex digits
}

// Capabilities is what a chart's templates may ask about the cluster. Neither field has a default: the helm library's
// own (Kubernetes v1.20.0 when not built by helm's Makefile, helm issue 11639) silently changes what charts render.
type Capabilities struct {
	KubeVersion string   // without "v", e.g. "1.33.4"
	APIVersions []string // complete: "group/version" and "group/version/Kind", sorted
}

// Release is one call of a helm engine: what `helm template` takes.
type Release struct {
	Name         string
	Namespace    string
	Chart        Tree
	Values       Values
	Dir          fs.FS // where Values' paths are read; opening a path outside it fails
	Capabilities Capabilities
	SkipCRDs     bool // the zero value renders crds/, as Argo CD does and plain `helm template` does not
	SkipTests    bool
	SkipHooks    bool
	SkipSchema   bool // do not hold the values to values.schema.json
}

// Build is one call of a kustomize engine: what `kustomize build --enable-helm` takes.
type Build struct {
	Dir          fs.FS  // the root; nothing outside it is read. It implements fs.ReadLinkFS
	Origin       string // put before paths in messages and names of inputs, e.g. "$upstream"; empty for the stack
	Path         string // the kustomization's directory, slash-separated, relative to Dir
	Capabilities Capabilities
}

// Output is what an engine gives.
type Output struct {
	YAML   []byte  // documents with their "# Source:" comments
	Inputs []Input // what was read besides the tree given
	// Unchecked names what could not be judged, e.g. a values schema with a remote reference.
	Unchecked []string
	// Random names template functions in use whose result changes from run to run, with the template file.
	Random []string
	// AsksAPIs says that a template asks which APIs the cluster offers, so that the output may change with the list.
	AsksAPIs bool
}

// Tools are the engines and readers that the order of work calls. cmd/sluice fills it in.
type Tools struct {
	// Model gives what templates are told of the cluster, with the kinds that these CustomResourceDefinitions define added
	// where the toolchain would know of them. It is called with none first.
	Model func(crds []Object) (Capabilities, error)
	// Fetch reads a source whole, or fails. For an umbrella chart the tree holds its dependencies.
	Fetch func(context.Context, Source) (Tree, error)
	// Helm renders a chart.
	Helm func(context.Context, Release) (Output, error)
	// Kustomize builds a kustomization.
	Kustomize func(context.Context, Build) (Output, error)
	// Decode repairs the spelling of placeholders and lists them all.
	Decode func(Set) (Set, []Placeholder, error)
	// Dir is where the files of values are read: the plan's directory, or wherever the user of a command line may read.
	Dir fs.FS
	// Stack is the plan's directory, where kustomizations are read. It implements fs.ReadLinkFS.
	Stack fs.FS
	// Jobs is how many apps are rendered at the same time; one at least.
	Jobs int
	// Clock measures how long each app takes; nil where nobody asks.
	Clock func() time.Time
}

// now gives the time, or always the zero time where no clock is given; a difference of two is zero then.
func (t Tools) now() time.Time {
	if t.Clock == nil {
		return time.Time{}
	}
	return t.Clock()
}

// Placeholder is one argocd-vault-plugin placeholder found in a set: a line of the ledger.
type Placeholder struct {
	Object    Key
	Field     Path     // of the scalar that holds it, or of the mapping whose key it is
	Path      string   // Vault path, e.g. "kv/data/argocd/platform/registry"
	Key       string   // key at that path
	Version   string   // empty for the newest
	Modifiers []string // e.g. "base64encode"
	Spelling  string   // as it stood in the render, before decoding
	Encoding  string   // "" where nothing was encoded, else "percent", "json", "html", "base64", joined by "+"
	URL       bool     // it sits in a URL, so the secret must be URL-safe
	InKey     bool     // it is a mapping key, which the plugin never replaces
}
