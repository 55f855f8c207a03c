package stack

import (
	"errors"

	"sluice/render"
)

// toolchain gives a declared alternative. What it does not say is the cluster's, so that two toolchains differ in no
// more than the stack says.
func (c *checker) toolchain(name string, n *node, cluster render.Cluster) render.Toolchain {
	chain := render.Toolchain{
		Name: name, ArgoCD: n.text("argocd"), Helm: n.text("helm"), Kustomize: n.text("kustomize"),
		Profile: n.text("profile"), Cluster: cluster,
	}
	if chain.ArgoCD == "" && (chain.Helm == "" || chain.Kustomize == "") {
		chain.ArgoCD = cluster.ArgoCD
	}
	if n.at("apiVersions") != nil {
		chain.Cluster.APIVersions = sortedTexts(n.texts("apiVersions"))
	}
	if n.at("kubernetes") != nil {
		chain.Cluster = chain.Cluster.At(n.text("kubernetes"))
		c.known(n.at("kubernetes"))
	}
	return chain
}

// known reports a Kubernetes version whose APIs are not known. One that breaks the schema has been reported already.
func (c *checker) known(n *node) {
	version, _ := n.value.(string)
	if version == "" {
		return
	}
	var fault *render.Error
	if _, err := (render.Cluster{Kubernetes: version}).Capabilities(); errors.As(err, &fault) {
		c.add(n.place, fault.Hint, "%v", fault.Err)
	}
}
