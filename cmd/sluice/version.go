package main

import (
	"fmt"
	"runtime"
	"runtime/debug"

	"github.com/spf13/cobra"

	"sluice/cmd/internal/report"
	"sluice/render"
	"sluice/render/helm"
	"sluice/render/kustomize"
)

// versions is what the binary is made of: what decides the bytes of a render.
type versions struct {
	Sluice     string   `json:"sluice"`
	Helm       []string `json:"helm"`
	Kustomize  string   `json:"kustomize"`
	Kubernetes string   `json:"kubernetes"` // newest version whose built-in APIs are known
	Go         string   `json:"go"`
}

// versionVerb is the verb that says which engines a binary holds. A bug report needs it, and so does whoever compares
// two trees: the same input with the same versions gives the same bytes.
func versionVerb(v *invocation) *cobra.Command {
	var form string
	cmd := &cobra.Command{
		Use:   "version",
		Short: "Print the version of sluice and of its linked engines",
		Args:  cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			if err := oneOf("--output", form, "text", "json"); err != nil {
				return err
			}
			newest, err := render.Cluster{}.Capabilities()
			if err != nil {
				return err
			}
			made := versions{
				Sluice: "devel", Helm: []string{helm.Version3, helm.Version4}, Kustomize: kustomize.Version,
				Kubernetes: newest.KubeVersion, Go: runtime.Version(),
			}
			// The version is the module's, which go install records. Stamping it with linker flags was refused: a
			// build from the same commit would then differ by who built it.
			if b, ok := debug.ReadBuildInfo(); ok && b.Main.Version != "" && b.Main.Version != "(devel)" {
				made.Sluice = b.Main.Version
			}
			if form == "json" {
				return report.JSON(v.out, made)
			}
			_, err = fmt.Fprintf(v.out, "sluice %s\nhelm %s, %s\nkustomize %s\nkubernetes up to %s\n%s\n",
				made.Sluice, helm.Version3, helm.Version4, made.Kustomize, made.Kubernetes, made.Go)
			return err
		},
	}
	output(cmd, &form, "text", "json")
	return cmd
}
