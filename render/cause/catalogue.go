package cause

import (
	"github.com/Masterminds/semver/v3"
)

// Entry is a known cause of renders that differ.
type Entry struct {
	ID    string // "H4"; M is the seed's incident, H helm, K kustomize, A Argo CD and what surrounds it
	Cause string // one sentence
	// Engine is "helm" or "kustomize" where the cause came or went with a version of it, Versions are those that changed
	// the behaviour: two versions of which one is below and the other at or above one of them differ.
	Engine   string
	Versions []string
	Sources  []string // where it is described: issues and changes of the project named
}

// between says whether two versions of the engine lie on either side of a change of behaviour.
func (e Entry) between(a, b string) bool {
	for _, v := range e.Versions {
		if below(a, v) != below(b, v) {
			return true
		}
	}
	return false
}

// below compares versions; one that is none is below none.
func below(version, boundary string) bool {
	v, err := semver.NewVersion(version)
	if err != nil {
		return false
	}
	return v.LessThan(semver.MustParse(boundary))
}

// entryOf gives the entry of an id, the zero one for an unknown id.
func entryOf(id string) Entry {
	for _, e := range Catalogue() {
		if e.ID == id {
			return e
		}
	}
	return Entry{}
}

// Catalogue gives the known causes, by id. The version boundaries were seen with real binaries or are those of the
// commits and issues named.
func Catalogue() []Entry {
	list := incidents()
	list = append(list, helmCauses()...)
	list = append(list, kustomizeCauses()...)
	return append(list, argoCauses()...)
}

// incidents are the ways in which a render gets shorter without an error.
func incidents() []Entry {
	return []Entry{
		{"M1", "a half-written chart directory renders as a smaller chart: kustomize takes a directory that exists for a chart that is complete, and helm pull writes it file by file", "", nil, []string{"kustomize #5271", "kustomize PR #6260", "argo-cd #8008"}},
		{"M2", "kustomize 5.8.0 changed what a namespace does to the output of charts", "kustomize", []string{"5.8.0"}, []string{"kustomize #6014", "kustomize #6027"}},
		{"M3", "what a null in values means changed with helm's version", "helm", []string{"3.17.1", "3.20.2", "4.2.0"}, []string{"helm #31971"}},
		{"M4", "a template asks for an API or a Kubernetes version, and the render was told of another cluster", "", nil, []string{"argo-cd #7291", "helm #9951"}},
		{"M5", "a pipeline or a loop hides that one of its stages failed", "", nil, []string{"argo-cd #15339"}},
		{"M6", "helm template does not hold what lies in charts/ to the version that Chart.yaml asks for", "", nil, []string{"argo-cd #28677"}},
	}
}

func helmCauses() []Entry {
	const helm = "helm"
	return []Entry{
		{"H1", "a helm that is not told the Kubernetes version takes one that it was built with, v1.20.0 for builds without helm's own Makefile", helm, []string{"4.1.0"}, []string{"helm #11639", "helm #31508", "helm #13248"}},
		{"H2", "helm's built-in list of APIs follows the client library that it was built with, and --api-versions only adds to it", helm, nil, []string{"argo-cd #7291", "helm PR #10108"}},
		{"H3", "a template that asks for group/version/Kind finds nothing where the list of APIs has no kinds", "", nil, []string{"argo-cd #6268", "argo-cd #6351", "helm #9951"}},
		{"H4", "helm's handling of null in values changed: at 3.17.1 for subcharts, at 3.20.2 and 3.21.0 for empty defaults, at 4.2.0 nulls of a chart's own values.yaml no longer remove a default", helm, []string{"3.17.1", "3.20.2", "4.2.0"}, []string{"helm #12469", "helm #30587", "helm #31919", "helm #31971", "helm #32132", "argo-cd PR #22283"}},
		{"H5", "helm 3 shares the state of a subchart between its aliases, helm 4 copies it", helm, []string{"4.0.0"}, []string{"helm #9150", "helm PR #9175", "helm #11891"}},
		{"H6", "helm 3.19 to 4.0 cuts the vendor suffix off a Kubernetes version, others keep it, and semverCompare takes a version with one for a pre-release", helm, []string{"3.19.0", "4.1.0"}, []string{"helm #31423", "helm PR #31528"}},
		{"H7", "helm 3.18.5 changed the engine of values schemas: newer drafts are enforced and formats no longer", helm, []string{"3.18.5"}, []string{"helm #31136", "helm #31160", "helm #31170", "helm #31177"}},
		{"H8", "the chart calls a template function that the older helm does not have", helm, []string{"3.17.0", "4.0.0"}, []string{"helm 73f1dcc1d", "helm f550eda6e"}},
		{"H9", "helm 3.18.0 alone writes integers as such where every other version has floating point numbers", helm, []string{"3.18.0", "3.18.1"}, []string{"helm PR #13534", "helm #30901", "helm #32135"}},
		{"H10", "helm 4 splits documents in another way: trailing newlines of block scalars stay since 4.2.0, and post-renderers got glued documents before", helm, []string{"4.0.0", "4.2.0"}, []string{"helm #31867", "helm #31948", "helm #32566"}},
		{"H11", "helm 4 gives hooks to post-renderers, helm 3 kept them back", helm, []string{"4.0.0"}, []string{"helm PR #32049"}},
		{"H12", "helm template, kustomize and plugins leave the directory crds/ out unless told otherwise; Argo CD's own helm source includes it", "", nil, []string{"argo-cd v3.5.1 util/helm/cmd.go"}},
		{"H13", "leaving out hooks also leaves out claims and secrets that a chart declares as hooks; Argo CD never applies test hooks", "", nil, []string{"kustomize #3831", "kustomize PR #4808"}},
		{"H14", "helm dependency update ignores Chart.lock, and a range resolves to what is newest at that time", "", nil, []string{"argo-cd #28677"}},
		{"H15", "a stale archive in charts/ is rendered without a look at its version", "", nil, []string{"argo-cd #28677"}},
		{"H16", "a condition of a dependency that is no boolean, such as the text \"false\" or null, is passed over with a warning", "", nil, []string{"helm pkg/chartutil/dependencies.go"}},
		{"H17", "random functions, now and lookup give something else each time", "", nil, []string{"argo-cd #5206"}},
		{"H18", "HELM_NAMESPACE, TZ and the HELM directories of the environment change a render", "", nil, []string{"helm pkg/cli/environment.go"}},
		{"H19", "a helm built without its version says so to templates, and charts that ask for a version fail", "", nil, []string{"VictoriaMetrics/helm-charts #3092"}},
		{"H20", "the template language is that of the Go release that helm was built with", "", nil, []string{"Go 1.23 release notes"}},
		{"H21", "helm 4 sorts webhook configurations before custom resources", helm, []string{"4.0.0"}, []string{"helm 9b636902c", "helm 1003a3c93"}},
	}
}

func kustomizeCauses() []Entry {
	const kustomize = "kustomize"
	return []Entry{
		{"K1", "up to 5.7.1 kustomize puts its namespace on every object of a chart; from 5.8.0 it tells helm the namespace and leaves the objects alone", kustomize, []string{"5.8.0"}, []string{"kustomize #5566", "kustomize PR #5940", "kustomize #6014", "kustomize #6027", "kustomize #6031", "kustomize #6058", "akuity/kargo #5933"}},
		{"K2", "from 5.8.0 kustomize no longer rewrites references in the output of charts where a namespace is set", kustomize, []string{"5.8.0"}, []string{"kustomize #6189"}},
		{"K3", "kustomize before 5.5.0 drops custom resources whose kind ends in List", kustomize, []string{"5.5.0"}, []string{"kustomize #5042", "kustomize #5485", "kustomize #5665"}},
		{"K4", "kustomize keeps pulled charts by name alone before 5.3.0, and without a version at all times", kustomize, []string{"5.3.0"}, []string{"kustomize #3848", "kustomize #4794", "kustomize #4813", "kustomize #5097"}},
		{"K5", "kustomize pulls a chart into the place where it looks for it, and looks only whether the directory is there", "", nil, []string{"kustomize #5271", "kustomize PR #6260", "helm #7182"}},
		{"K6", "kustomize gives a chart its whole values.yaml as the user's values, so a null in valuesInline takes nothing away", kustomize, []string{"5.4.0"}, []string{"kustomize #4905", "kustomize #5803"}},
		{"K7", "kubeVersion and apiVersions in a kustomization win over those of the command line", "", nil, []string{"kustomize api/internal/builtins/HelmChartInflationGenerator.go"}},
		{"K8", "kustomize tells charts of no cluster unless --helm-kube-version and --helm-api-versions are given, which exist since 5.3.0", kustomize, []string{"5.3.0"}, []string{"kustomize #3458", "kustomize #5348", "argo-cd #18052"}},
		{"K9", "kustomize up to 5.8.0 refuses helm 4", kustomize, []string{"5.8.1"}, []string{"kustomize #6013", "kustomize PR #6016"}},
		{"K10", "what helm prints before the first document may end up in the first object", "", nil, []string{"kustomize api/internal/builtins/HelmChartInflationGenerator.go"}},
		{"K11", "a patch whose target matches nothing does nothing, and nobody is told", "", nil, []string{"kustomize api/internal/builtins/PatchTransformer.go"}},
		{"K12", "the kustomize inside kubectl is an older one", "", nil, []string{"kubectl release notes"}},
		{"K13", "kustomize changed the order of components at 5.1.0, the merge engine at 5.4.0 and its YAML library at 5.7.0", kustomize, []string{"5.1.0", "5.4.0", "5.7.0"}, []string{"kustomize 0add0f95e", "kustomize 8aafbacd1", "kustomize a7703f685"}},
	}
}

func argoCauses() []Entry {
	return []Entry{
		{"A1", "a plugin's pipeline hides that its first command failed, and an empty output prunes everything", "", nil, []string{"argo-cd #15339", "argocd-vault-plugin #533", "argocd-vault-plugin #700"}},
		{"A2", "Argo CD stops a prune only where every object would go, not where some do", "", nil, []string{"argo-cd v3.5.1 controller/appcontroller.go"}},
		{"A3", "a stream that is cut off still parses", "", nil, []string{"kustomize PR #6260"}},
		{"A4", "argocd-vault-plugin gives an empty app for stray angle brackets and documents of comments alone", "", nil, []string{"argocd-vault-plugin #445", "argocd-vault-plugin #88", "argocd-vault-plugin #363"}},
		{"A5", "placeholders are encoded in five ways by templates, and what decodes a whole stream changes other text too", "", nil, []string{"argocd-vault-plugin #363"}},
		{"A6", "a cached manifest of another revision is used", "", nil, []string{"argo-cd #26530"}},
		{"A7", "since Argo CD 3.4.0 what one branch left in charts/ stays for the next", "", nil, []string{"argo-cd #28677", "argo-cd #26714"}},
		{"A8", "with tracking by label, objects that copy the label of an app are taken for its own and pruned", "", nil, []string{"argo-cd #15472", "Altinity/clickhouse-operator #1272"}},
		{"A9", "a kind whose definition is not known for a moment is taken for a namespaced one", "", nil, []string{"argo-cd #15058"}},
		{"A10", "the API server removes nulls from the values of a K3s HelmChart", "", nil, []string{"k3s-io/helm-controller #218"}},
		{"A11", "a chart repository that has nothing to do with the app breaks its dependency build", "", nil, []string{"argo-cd #13160", "argo-cd #8698", "argo-cd #5107"}},
	}
}
