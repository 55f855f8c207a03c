package render

import "strconv"

// Position is a place in a file that a person edits. Line and Column count from 1; zero means unknown.
type Position struct {
	File   string
	Line   int
	Column int
}

// String gives file:line:column, leaving out what is unknown.
func (p Position) String() string {
	s := p.File
	if p.Line > 0 {
		s += ":" + strconv.Itoa(p.Line)
		if p.Column > 0 {
			s += ":" + strconv.Itoa(p.Column)
		}
	}
	return s
}

// Plan is the intent of one cluster: what a stack directory says, with every default filled in.
type Plan struct {
	Name    string
	Dir     string // the stack directory; the paths of sources are relative to it
	Cluster Cluster
	Hydrate Hydration
	// Toolchains are the declared alternatives to the cluster's own, by name.
	Toolchains map[string]Toolchain
	Layers     []Layer // ordered by wave, then name
}

// Apps lists the apps of all layers: by wave, then layer name, then app name.
func (p Plan) Apps() []App {
	var apps []App
	for _, l := range p.Layers {
		apps = append(apps, l.Apps...)
	}
	return apps
}

// Cluster is what the plan knows of the cluster that it is for.
type Cluster struct {
	Kubernetes   string // version without "v", e.g. "1.33.4"
	Distribution string // e.g. "k3s"; empty means upstream
	ArgoCD       string // version of Argo CD, e.g. "3.4.9"
	PodCIDR      string
	ServiceCIDR  string
	APIVersions  []string // APIs beyond the built-in ones: "group/version" or "group/version/Kind"
	Domain       string
}

// Hydration is where the hydrated tree goes and how Argo CD reads it.
type Hydration struct {
	RepoURL   string // repository that Argo CD reads, e.g. "https://git.example.com/platform/cluster.git"
	Branch    string // branch that Argo CD reads, e.g. "rendered/three-layer"
	Namespace string // namespace of the Application objects, "argocd" unless said
	Server    string // destination server, the in-cluster address unless said
	Prefix    string // put before the names of the apps' Applications, empty unless said
	Plugin    string // config management plugin for apps with secrets, "argocd-vault-plugin" unless said
}

// Toolchain is helm + kustomize + capabilities: everything besides the sources that decides what a render gives.
type Toolchain struct {
	Name         string
	Helm         string // version without "v", e.g. "3.22.0"
	Kustomize    string
	Capabilities Capabilities // complete, as [NewCapabilities] gives them
}

// Layer is a group of apps that Argo CD syncs in one wave.
type Layer struct {
	Name string
	Wave int
	Tier string // "system", "core" or "apps"; decides the default namespace of its apps
	Apps []App  // ordered by name
	Pos  Position
}

// App is one unit of deployment: one Argo CD Application, one hydrated path.
type App struct {
	Name      string // unique in the plan
	Layer     string
	Namespace string // destination namespace
	Sources   []Source
	Secrets   string // "avp" where placeholders are decoded, else empty
	Sync      Sync
	DependsOn []string // names of apps, of this layer or an earlier one
	// AllowEmpty accepts a render without objects.
	AllowEmpty bool
	// AllowRandom accepts a render that differs from run to run (random or certificate functions in a chart).
	AllowRandom bool
	Pos         Position
}

// Pattern names how the app is deployed, after its first source: helm, umbrella, kustomize or manifests.
func (a App) Pattern() string {
	if len(a.Sources) == 0 {
		return ""
	}
	return a.Sources[0].Kind
}

// Sync is the part of an Application's sync policy that a stack decides.
type Sync struct {
	Automated bool
	Prune     bool
	SelfHeal  bool
	Options   []string // e.g. "ServerSideApply=true"
}

// The kinds of source.
const (
	KindHelm      = "helm"      // a chart of a repository or directory, with values
	KindUmbrella  = "umbrella"  // a chart of the stack whose dependencies come from repositories
	KindKustomize = "kustomize" // a kustomization of the stack
	KindManifests = "manifests" // plain YAML files of the stack
)

// Source is one input of an app. Which fields count depends on Kind.
type Source struct {
	Kind    string
	Repo    string // helm: repository URL (https, http or file); empty for a chart at Path
	Chart   string // helm: chart name in Repo
	Version string // helm: exact chart version in Repo
	Path    string // slash-separated, relative to the plan's directory; helm: a directory or .tgz
	// Release is the helm release name, the app's name unless said.
	Release   string
	Values    Values
	SkipCRDs  bool // helm and umbrella: leave out the crds/ directory (Argo CD's skipCrds)
	SkipTests bool // helm and umbrella: leave out test hooks
	Pos       Position
}

// String names the source for messages: "chart traefik 39.0.1", "kustomization apps/netbox".
func (s Source) String() string {
	switch {
	case s.Kind == KindHelm && s.Chart != "":
		return "chart " + s.Chart + " " + s.Version
	case s.Kind == KindHelm:
		return "chart " + s.Path
	case s.Kind == KindUmbrella:
		return "umbrella chart " + s.Path
	case s.Kind == KindKustomize:
		return "kustomization " + s.Path
	default:
		return "manifests " + s.Path
	}
}

// Values is what a user says of a chart's values. Later wins, in helm's order: files, then JSON, plain, string and
// file sets (helm pkg/cli/values). Inline is applied after Files and before every set, as Argo CD passes
// valuesObject as the last file.
type Values struct {
	Files     []string // paths relative to the plan's directory
	Inline    map[string]any
	SetJSON   []string
	Set       []string
	SetString []string
	SetFile   []string // key=path, the path relative to the plan's directory
}
