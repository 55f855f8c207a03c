package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"sluice/render"
	"sluice/render/helm"
	"sluice/render/kustomize"
	"sluice/render/toolchain"
)

// chainKeys are what a toolchain may be made of on the command line: "argocd=3.5.1", "helm=3.16.3,profile=plugin".
var chainKeys = []string{"argocd", "helm", "kustomize", "profile", "kubernetes"}

// toolchainFor picks the toolchain of --toolchain.
func (v *invocation) toolchainFor(ctx context.Context, plan render.Plan) (render.Toolchain, error) {
	return v.toolchainNamed(ctx, plan, v.toolchain)
}

// toolchainNamed picks a toolchain and the engines that there are for it: one that the stack declares, "helm3" or "helm4"
// for the linked Helm of a major, or settings that differ from the cluster's own; nothing means the cluster's own, which
// is what its Argo CD ships.
func (v *invocation) toolchainNamed(ctx context.Context, plan render.Plan, text string) (render.Toolchain, error) {
	chain := render.Toolchain{Name: text, ArgoCD: plan.Cluster.ArgoCD, Cluster: plan.Cluster}
	declared, isDeclared := plan.Toolchains[text]
	switch {
	case isDeclared:
		chain = declared
	case text == "helm3":
		chain.Helm = helm.Version3
	case text == "helm4":
		chain.Helm = helm.Version4
	case strings.Contains(text, "="):
		if err := set(&chain, text); err != nil {
			return chain, err
		}
	case text != "":
		words := append([]string{"helm3", "helm4"}, slices.Sorted(maps.Keys(plan.Toolchains))...)
		err := oneOf("the toolchain", text, words...)
		if e, ok := errors.AsType[*render.Error](err); ok {
			e.Hint += "; or settings: " + strings.Join(chainKeys, "=, ") + "="
			if strings.Trim(text, "0123456789.") == "" {
				e.Hint = fmt.Sprintf("did you mean argocd=%s? %s", text, e.Hint)
			}
		}
		return chain, err
	}
	// A stack without Argo CD, which only a path of the command line makes, has the newest linked Helm 3.
	if chain.ArgoCD != "" && (chain.Helm == "" || chain.Kustomize == "") {
		shipsHelm, shipsKustomize, err := toolchain.Shipped(chain.ArgoCD)
		// A cluster may have an Argo CD that came out after this program. Who asks what another version does is not told
		// what an older one does.
		if errors.Is(err, errors.ErrUnsupported) && chain.ArgoCD == plan.Cluster.ArgoCD && !v.strict {
			v.noteOnce("unchecked: Argo CD %s is newer than those known; it is taken to ship helm %s and kustomize %s, as the newest of them",
				chain.ArgoCD, shipsHelm, shipsKustomize)
			err = nil
		}
		if err != nil {
			return chain, err
		}
		chain.Helm, chain.Kustomize = cmp.Or(chain.Helm, shipsHelm), cmp.Or(chain.Kustomize, shipsKustomize)
	}
	chain.Helm, chain.Kustomize = cmp.Or(chain.Helm, helm.Version3), cmp.Or(chain.Kustomize, kustomize.Version)
	if chain.Profile == "" {
		chain.Profile = toolchain.Native(chain.ArgoCD)
	}
	return v.available(ctx, chain, neededBy(plan))
}

// neededBy says which tools an app of the plan may need: whether a kustomization has charts only its files say.
func neededBy(plan render.Plan) map[string]bool {
	needed := map[string]bool{}
	for _, app := range slices.Concat(plan.Apps(), plan.Others) {
		for _, s := range app.Sources {
			switch s.Kind {
			case render.KindKustomize:
				needed["kustomize"], needed["helm"] = true, true
			case render.KindHelm, render.KindUmbrella:
				needed["helm"] = true
			}
		}
	}
	return needed
}

// set reads settings, "key=value" separated by commas.
func set(chain *render.Toolchain, text string) error {
	given := map[string]bool{}
	for setting := range strings.SplitSeq(text, ",") {
		key, value, _ := strings.Cut(setting, "=")
		if err := oneOf("the setting of a toolchain", key, chainKeys...); err != nil {
			return err
		}
		value = strings.TrimPrefix(value, "v")
		switch {
		case value == "":
			return &render.Error{Err: fmt.Errorf("the toolchain %q ends where a value of %s is wanted", text, key), Hint: "is a variable of the script not set?"}
		case given[key]:
			return &render.Error{Err: fmt.Errorf("the toolchain %q gives %s twice", text, key), Hint: "give each once"}
		}
		given[key] = true
		switch key {
		case "argocd":
			chain.ArgoCD = value
		case "helm":
			chain.Helm = value
		case "kustomize":
			chain.Kustomize = value
		case "kubernetes":
			chain.Cluster = chain.Cluster.At(value)
		case "profile":
			if err := oneOf("the profile", value, toolchain.Profiles()...); err != nil {
				return err
			}
			chain.Profile = value
		}
	}
	return nil
}

// available settles which engines a toolchain really has: the linked one or a binary of that very version, else the
// nearest there is, which is said, and is an error under --strict. Of a tool that nothing needs any version will do.
func (v *invocation) available(ctx context.Context, chain render.Toolchain, needed map[string]bool) (render.Toolchain, error) {
	wanted := []struct {
		tool    toolchain.Tool
		version *string
	}{
		{toolchain.Tool{Name: "helm", Version: chain.Helm}, &chain.Helm},
		{toolchain.Tool{Name: "kustomize", Version: chain.Kustomize}, &chain.Kustomize},
	}
	for _, w := range wanted {
		if err := w.tool.Check(); err != nil {
			return chain, err
		}
		if !v.external(w.tool) {
			continue
		}
		_, there, err := v.binary(ctx, w.tool)
		if err != nil {
			return chain, err
		}
		if there {
			continue
		}
		linked := linkedTools()
		*w.version, err = v.nearest(ctx, w.tool)
		switch {
		case !needed[w.tool.Name] && err != nil:
			i := slices.IndexFunc(linked, func(t toolchain.Tool) bool { return t.Name == w.tool.Name })
			*w.version, err = linked[i].Version, nil
		case needed[w.tool.Name] && err == nil:
			err = v.substituted(w.tool, *w.version)
		}
		if err != nil {
			return chain, err
		}
	}
	return chain, nil
}

// substituted says that another version stands in for a tool. It is said once for each.
func (v *invocation) substituted(wanted toolchain.Tool, instead string) error {
	missing := fmt.Sprintf("%s %s is neither linked nor installed", wanted.Name, wanted.Version)
	hint := fmt.Sprintf("install it: sluice toolchain install %s", wanted)
	if v.strict {
		return &render.Error{Err: errors.New(missing), Hint: hint}
	}
	v.noteOnce("unchecked: %s, %s renders in its place; %s", missing, instead, hint)
	return nil
}

// binary gives the binary of a tool, false where there is none of that very version.
func (v *invocation) binary(ctx context.Context, t toolchain.Tool) (toolchain.Found, bool, error) {
	if f, ok := v.found[t]; ok {
		return f, f.Path != "", nil
	}
	places, err := v.places()
	if err != nil {
		return toolchain.Found{}, false, err
	}
	exact, err := places.Find(ctx, []toolchain.Tool{t})
	if err != nil {
		return toolchain.Found{}, false, err
	}
	v.found[t] = exact[t]
	return exact[t], exact[t].Path != "", nil
}

// nearest gives the version that stands in for one that is not there. What happens to be on PATH is no candidate: which
// version that is depends on the machine.
func (v *invocation) nearest(ctx context.Context, wanted toolchain.Tool) (string, error) {
	places, err := v.places()
	if err != nil {
		return "", err
	}
	ours, err := places.Ours()
	if err != nil {
		return "", err
	}
	var versions []string
	for _, t := range linkedTools() {
		if t.Name == wanted.Name {
			versions = append(versions, t.Version)
		}
	}
	for _, t := range ours {
		if t.Name == wanted.Name {
			versions = append(versions, t.Version)
		}
	}
	// Another major is another tool. What it gives says nothing about the one asked for.
	major, _, _ := strings.Cut(wanted.Version, ".")
	versions = slices.DeleteFunc(versions, func(other string) bool { return !strings.HasPrefix(other, major+".") })
	if len(versions) == 0 {
		return "", &render.Error{
			Err:  fmt.Errorf("%s is neither linked nor installed, and no other version of its major is", wanted),
			Hint: fmt.Sprintf("install it: sluice toolchain install %s, or name a binary: --tool %s=PATH", wanted, wanted),
		}
	}
	chosen := toolchain.Tool{Name: wanted.Name, Version: toolchain.Nearest(wanted.Version, versions)}
	if v.external(chosen) {
		_, _, err = v.binary(ctx, chosen) // it is proven now, or an error
	}
	return chosen.Version, err
}

// external says whether a tool is a binary: every version that is not linked, and one that --tool names.
func (v *invocation) external(t toolchain.Tool) bool {
	named := slices.ContainsFunc(v.tools, func(entry string) bool { return strings.HasPrefix(entry, t.String()+"=") })
	return named || !slices.Contains(linkedTools(), t)
}

// engines gives the engines of a toolchain whose versions are available. A kustomize binary runs a helm, so it needs that
// as a binary too, also where its version is linked.
func (r *renderer) engines(ctx context.Context, chain render.Toolchain) (render.Tools, error) {
	tools := render.Tools{Fetch: r.fetch}
	chart := toolchain.Tool{Name: "helm", Version: chain.Helm}
	var err error
	if r.v.external(chart) {
		var f toolchain.Found
		if f, _, err = r.v.binary(ctx, chart); err == nil {
			tools.Helm, err = helm.External(f.Path, chain.Helm, 0)
			tools.Helm = attended(r.v.atWork, tools.Helm)
		}
	} else {
		tools.Helm, err = helm.Engine(chain.Helm)
	}
	if err != nil {
		return tools, err
	}
	built := toolchain.Tool{Name: "kustomize", Version: chain.Kustomize}
	if !r.v.external(built) {
		tools.Kustomize = kustomize.Engine{Fetch: tools.Fetch, Template: tools.Helm}.Build
		return tools, nil
	}
	f, _, err := r.v.binary(ctx, built)
	if err != nil {
		return tools, err
	}
	inner, _, err := r.v.binary(ctx, chart)
	if err != nil {
		return tools, err
	}
	// What a kustomize binary gives is held to what its own helm gives of the charts.
	template := tools.Helm
	if inner.Path != "" && !r.v.external(chart) {
		if template, err = helm.External(inner.Path, chain.Helm, 0); err != nil {
			return tools, err
		}
	}
	external := kustomize.External{
		Fetch: tools.Fetch, Template: template, Prepare: helm.Prepare,
		Kustomize: f.Path, Version: chain.Kustomize, Helm: inner.Path, HelmVersion: chain.Helm,
	}
	tools.Kustomize = attended(r.v.atWork, external.Build)
	return tools, nil
}

// ran gives the binaries that were found for what was rendered, with their digests.
func (v *invocation) ran() map[string]string {
	digests := map[string]string{}
	for t, f := range v.found {
		if f.Path != "" {
			digests[t.String()] = f.Digest
		}
	}
	return digests
}
