package render

import (
	"path"
	"slices"
	"strconv"
	"strings"
)

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
	// Refs are the Git repositories that paths of the plan may lead into, by name; see [Plan.Ref]. They are of KindGit.
	Refs map[string]Source
	// Mirrors are where to read from instead: by beginning of a URL, what stands in its place.
	Mirrors map[string]string
	// Credentials name the environment variables that hold them, by beginning of a URL. The value of a variable is
	// "user:password", or a token, which has no colon (RFC 6750).
	Credentials map[string]string
	// Others are apps that a selection left out of Layers. They are rendered only for the kinds that they define.
	Others []App
	// Accept are the findings that people took responsibility for, in the order of their positions.
	Accept []Acceptance
	// Never are kinds of which no object may disappear: "Kind" or "Kind.group".
	Never []string
	// MaxPrune is how many objects an app may lose in one step, by kind ("Kind", "Kind.group", or "*" for all of them);
	// an app's own budgets come first.
	MaxPrune map[string]int
	// Suppress are the findings that people answered for, other than losses. Of an Acceptance here Object, By and Until may
	// be empty, Rule and Reason are not.
	Suppress []Acceptance
	// Severities are what the stack makes of rules, by id: the word of a severity, or "off".
	Severities map[string]string
	// SeverityPos is where the stack says so, by id.
	SeverityPos map[string]Position
	// Conventions are the rules of the house that the stack asks for, by name, with their settings as decoded JSON.
	Conventions map[string]any
	// Definitions are files and directories with CustomResourceDefinitions of kinds that the plan uses and does not render,
	// spelled as paths of sources.
	Definitions []string
	// Written are the CUE files of the stack as they were read, with what they import and embed and their module (one that is
	// made up where they have none), ordered by path. A path is relative to Dir, and begins with ".." for what is of the module
	// around it. Tags are what was given for its @tag()s, but for those of Broken. The policies in them are compiled by those who
	// judge.
	Written []File   `json:"-"`
	Tags    []string `json:"-"`
	// Faults keep policies from being compiled. Broken are the names of those policies, ordered, with an empty one for what is
	// computed. Sound is Written without them, and without what refers to them and what only they refer to: there are blanks
	// instead, and all else has its place. They are nil where all policies compile.
	Faults []*Error `json:"-"`
	Broken []string `json:"-"`
	Sound  []File   `json:"-"`
}

// Apps lists the apps of all layers: by wave, then layer name, then app name.
func (p Plan) Apps() []App {
	var apps []App
	for _, l := range p.Layers {
		apps = append(apps, l.Apps...)
	}
	return apps
}

// Ref gives the repository that a path leads into, and the rest of the path, or false for a path of the plan's own
// directory. The spelling is Argo CD's for values files of another source: "$name/path", with a name of [Plan.Refs].
func (p Plan) Ref(at string) (ref Source, rest string, ok bool) {
	name, rest, _ := strings.Cut(at, "/")
	name, ok = strings.CutPrefix(name, "$")
	if ref, declared := p.Refs[name]; ok && declared {
		return ref, path.Clean(rest), true
	}
	return Source{}, at, false
}

// Cluster is what the plan knows of the cluster that it is for.
type Cluster struct {
	Kubernetes   string // version without "v", e.g. "1.33.4"
	Distribution string // e.g. "k3s"; empty means upstream
	ArgoCD       string // version of Argo CD, e.g. "3.4.9"
	PodCIDR      string
	ServiceCIDR  string
	APIVersions  []string // APIs beyond the built-in ones: "group/version" or "group/version/Kind"
	// Captured is the complete list of APIs of a live cluster, spelled as APIVersions. It stands in place of the built-in
	// ones and those of the distribution; empty where none was captured.
	Captured []string
	Domain   string
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
	Name      string
	ArgoCD    string // version whose tools it has; empty where the tools are stated
	Helm      string // version without "v", e.g. "3.22.0"; in a plan empty for the one that ArgoCD ships
	Kustomize string
	// Profile is how much of the cluster its templates are told: "cluster", "groups", "plugin", "hydrator" or "minor".
	// Empty, as in a plan where it is not said, is that of native rendering by ArgoCD.
	Profile string
	Cluster Cluster // the plan's, with what the toolchain says otherwise
	// Capabilities are what the profile makes of Cluster, complete; in a plan they are not modelled yet.
	Capabilities Capabilities
}

// Acceptance is the word of a person that one finding is meant.
type Acceptance struct {
	Object string // key as [Key.String] writes it, e.g. "Database.k8s.mariadb.com databases/netbox"
	App    string // empty for any
	Rule   string // id of the rule, empty for any
	Reason string
	By     string // who accepts it
	Until  string // last day on which it holds, "2026-12-31"
	Pos    Position
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
	// Sift reads what can be read of plain manifests, see [Sift]. Never of a stack's app, whose whole is what is pruned by.
	Sift bool
	// AllowRandom accepts a render that differs from run to run (random or certificate functions in a chart).
	AllowRandom bool
	MaxPrune    map[string]int // see [Plan.MaxPrune]
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
	KindGit       = "git"       // a Git repository at a revision; rendered by none, paths lead into it
	KindFile      = "file"      // one file at a URL; rendered by none, a kustomization or a schema refers to it
)

// Source is one input of an app. Which fields count depends on Kind.
type Source struct {
	Kind string
	// Repo is, helm: repository URL (https, http, oci or file), empty for a chart at Path; git: the repository; file: the
	// URL; kustomize: a remote base or component as its kustomization spells it, empty for one at Path.
	Repo    string
	Chart   string // helm: chart name in Repo
	Version string // helm: chart version in Repo, or a range that the lock pins; git: commit, tag or branch
	// Path is slash-separated, relative to the plan's directory, or "$name/path" inside [Plan.Refs]; helm: a directory or .tgz.
	Path string
	// Keyring is a file of public keys, relative to the plan's directory; one of them has signed the chart of Repo.
	Keyring    string
	Submodules bool // git: with its submodules
	// Release is the helm release name, the app's name unless said.
	Release   string
	Values    Values
	SkipCRDs  bool // helm and umbrella: leave out the crds/ directory (Argo CD's skipCrds)
	SkipTests bool // helm and umbrella: leave out test hooks
	// SkipSchema does not hold the values of a chart to its values.schema.json (Argo CD's skipSchemaValidation).
	SkipSchema bool
	Pos        Position
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
	case s.Kind == KindKustomize && s.Repo != "":
		return "kustomization " + public(s.Repo)
	case s.Kind == KindKustomize:
		return "kustomization " + s.Path
	case s.Kind == KindGit:
		return "git repository " + public(s.Repo) + " at " + s.Version
	case s.Kind == KindFile:
		return "file " + public(s.Repo)
	default:
		return "manifests " + s.Path
	}
}

// public gives an address without what may be a secret in it: the user and password of http and https, either of which
// may be a token, the password of ssh, and of the query everything but the revision of a kustomization's remote entry.
func public(address string) string {
	address, query, _ := strings.Cut(address, "?")
	if scheme, rest, found := strings.Cut(address, "://"); found {
		host, below, path := strings.Cut(rest, "/")
		if at := strings.LastIndexByte(host, '@'); at >= 0 {
			user, _, _ := strings.Cut(host[:at], ":")
			if strings.HasPrefix(strings.ToLower(scheme[strings.LastIndexByte(scheme, ':')+1:]), "http") {
				user = ""
			}
			host = strings.TrimPrefix(user+host[at:], "@")
		}
		if address = scheme + "://" + host; path {
			address += "/" + below
		}
	}
	for part := range strings.SplitSeq(query, "&") {
		if name, _, _ := strings.Cut(part, "="); name == "ref" || name == "version" {
			return address + "?" + part
		}
	}
	return address
}

// Values is what a user says of a chart's values. Later wins, in helm's order: files, then JSON, plain, string and
// file sets (helm pkg/cli/values). Inline is applied after Files and before every set, as Argo CD passes
// valuesObject as the last file.
type Values struct {
	Files     []string // paths relative to the plan's directory, or "$name/path" inside [Plan.Refs]
	Inline    map[string]any
	SetJSON   []string
	Set       []string
	SetString []string
	SetFile   []string // key=path, the path as those of Files
	// Places are where the stack writes the parts of Inline and the entries of the sets: by "values" and the path in it, as
	// [Path.String] writes it ("values.service.port"), or by the name of the list ("setString[0]").
	Places map[string]Position `json:",omitempty"`
}

// Paths lists the paths that the values name: those of Files and those of SetFile, as they are spelled.
func (v Values) Paths() []string {
	paths := slices.Clone(v.Files)
	for _, entry := range v.SetFile {
		// One entry may set several keys: "a=x,b=y". What an escaped comma cuts off has no key, or is no path into a
		// repository.
		for part := range strings.SplitSeq(entry, ",") {
			if _, file, ok := strings.Cut(part, "="); ok {
				paths = append(paths, file)
			}
		}
	}
	return paths
}
