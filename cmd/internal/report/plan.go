package report

import (
	"fmt"
	"io"
	"maps"
	"slices"
	"strconv"
	"strings"

	"sluice/render"
)

// planJSON is the form of a plan for machines. Field names follow the stack's.
type planJSON struct {
	Name       string    `json:"name"`
	Kubernetes string    `json:"kubernetes"`
	ArgoCD     string    `json:"argocd,omitempty"`
	Refs       []refJSON `json:"refs,omitempty"`
	// By beginning of a URL: what stands in its place, and the name of the variable that holds a credential.
	Mirrors     map[string]string `json:"mirrors,omitempty"`
	Credentials map[string]string `json:"credentials,omitempty"`
	Layers      []layerJSON       `json:"layers"`
}

// refJSON is a Git repository that paths of sources lead into, "$name/path".
type refJSON struct {
	Name       string `json:"name"`
	Repo       string `json:"repo"`
	Revision   string `json:"revision"`
	Submodules bool   `json:"submodules,omitempty"`
	Position   string `json:"position"`
}

type layerJSON struct {
	Name string    `json:"name"`
	Wave int       `json:"wave"`
	Tier string    `json:"tier"`
	Apps []appJSON `json:"apps"`
}

type appJSON struct {
	Name      string       `json:"name"`
	Namespace string       `json:"namespace"`
	Secrets   string       `json:"secrets,omitempty"`
	DependsOn []string     `json:"dependsOn,omitempty"`
	Sync      syncJSON     `json:"sync"`
	Sources   []sourceJSON `json:"sources"`
	Position  string       `json:"position"`
}

type syncJSON struct {
	Automated bool     `json:"automated"`
	Prune     bool     `json:"prune"`
	SelfHeal  bool     `json:"selfHeal"`
	Options   []string `json:"options,omitempty"`
}

type sourceJSON struct {
	Kind       string   `json:"kind"`
	Repo       string   `json:"repo,omitempty"`
	Chart      string   `json:"chart,omitempty"`
	Version    string   `json:"version,omitempty"`
	Keyring    string   `json:"keyring,omitempty"`
	Path       string   `json:"path,omitempty"`
	Release    string   `json:"release,omitempty"`
	ValueFiles []string `json:"valueFiles,omitempty"`
}

// Plan is what "sluice plan" shows.
type Plan render.Plan

// JSON writes a plan as JSON, every default filled in.
func (p Plan) JSON(w io.Writer) error {
	out := planJSON{
		Name: p.Name, Kubernetes: p.Cluster.Kubernetes, ArgoCD: p.Cluster.ArgoCD,
		Mirrors: p.Mirrors, Credentials: p.Credentials, Layers: []layerJSON{},
	}
	for _, name := range slices.Sorted(maps.Keys(p.Refs)) {
		r := p.Refs[name]
		out.Refs = append(out.Refs, refJSON{
			Name: name, Repo: r.Repo, Revision: r.Version, Submodules: r.Submodules, Position: r.Pos.String(),
		})
	}
	for _, l := range p.Layers {
		layer := layerJSON{Name: l.Name, Wave: l.Wave, Tier: l.Tier, Apps: []appJSON{}}
		for _, a := range l.Apps {
			app := appJSON{
				Name: a.Name, Namespace: a.Namespace, Secrets: a.Secrets, DependsOn: a.DependsOn,
				Sync: syncJSON(a.Sync), Position: a.Pos.String(),
			}
			for _, s := range a.Sources {
				app.Sources = append(app.Sources, sourceJSON{
					Kind: s.Kind, Repo: s.Repo, Chart: s.Chart, Version: s.Version, Keyring: s.Keyring, Path: s.Path,
					Release: s.Release, ValueFiles: s.Values.Files,
				})
			}
			layer.Apps = append(layer.Apps, app)
		}
		out.Layers = append(out.Layers, layer)
	}
	return JSON(w, out)
}

// Table writes a plan as a table with a line per app.
func (p Plan) Table(w io.Writer) error {
	rows := [][]string{{"WAVE", "LAYER", "APP", "NAMESPACE", "PATTERN", "SOURCE", "PRUNE", "DEPENDS ON"}}
	for _, l := range p.Layers {
		for _, a := range l.Apps {
			source := ""
			if len(a.Sources) > 0 {
				source = place(a.Sources[0])
			}
			rows = append(rows, []string{
				strconv.Itoa(l.Wave), l.Name, a.Name, a.Namespace, pattern(a), source,
				strconv.FormatBool(a.Sync.Automated && a.Sync.Prune), strings.Join(a.DependsOn, ", "),
			})
		}
	}
	return Table(w, rows)
}

func place(s render.Source) string {
	if s.Chart != "" {
		return s.Chart + " " + s.Version
	}
	return s.Path
}

// Graph writes layers and dependencies as a Mermaid flowchart, which GitLab and GitHub draw inside Markdown. An
// arrow leads from what is needed to what needs it.
func (p Plan) Graph(w io.Writer) error {
	var b strings.Builder
	b.WriteString("flowchart TB\n")
	for _, l := range p.Layers {
		fmt.Fprintf(&b, "  subgraph layer_%s [\"%s, wave %d\"]\n", graphID(l.Name), l.Name, l.Wave)
		for _, a := range l.Apps {
			fmt.Fprintf(&b, "    %s[\"%s\"]\n", graphID(a.Name), a.Name)
		}
		b.WriteString("  end\n")
	}
	for i := 1; i < len(p.Layers); i++ {
		fmt.Fprintf(&b, "  layer_%s ==> layer_%s\n", graphID(p.Layers[i-1].Name), graphID(p.Layers[i].Name))
	}
	for _, a := range render.Plan(p).Apps() {
		for _, need := range a.DependsOn {
			fmt.Fprintf(&b, "  %s --> %s\n", graphID(need), graphID(a.Name))
		}
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// graphID makes a Mermaid identifier of a name; "end" alone is a keyword there.
func graphID(name string) string { return "n_" + strings.NewReplacer("-", "_", ".", "_").Replace(name) }
