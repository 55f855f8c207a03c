package schemas

import (
	_ "embed"
	"encoding/json"
	"slices"
	"sync"
)

//go:embed argocd.json.gz
var packedArgoCD []byte

// ArgoCD gives the CustomResourceDefinitions of Argo CD as JSON, without descriptions: AppProject, Application and
// ApplicationSet, in this order. A caller may change what it gets.
//
// Source: manifests/crds of github.com/argoproj/argo-cd/v3; the data names the release, its hash and its licence.
func ArgoCD() [][]byte {
	all := readArgoCD()
	var list [][]byte
	for _, kind := range []string{"AppProject", "Application", "ApplicationSet"} {
		list = append(list, slices.Clone(all.CRDs[kind]))
	}
	return list
}

type definitions struct {
	Notice  string                     `json:"notice"`
	Modules []source                   `json:"modules"`
	CRDs    map[string]json.RawMessage `json:"crds"`
}

var readArgoCD = sync.OnceValue(func() (all definitions) {
	unpack("definitions of Argo CD", packedArgoCD, &all)
	return all
})
