package secrets

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"sluice/render"
	"sluice/validate"
)

// mounts are the names under which Vault's own documentation mounts a KV engine of version 2.
var mounts = []string{"kv", "secret", "kv-v2", "kvv2", "kv2"}

// judgeMounts looks for paths without the /data/ that the API of KV version 2 has between mount and path; the plugin adds
// none (its documentation, "backends", and vault.go: "did you forget to include /data/"). Only Vault's paths are judged,
// and only where the engine is known for version 2: by another path of the stack, or by its name.
func judgeMounts(_ context.Context, in validate.Input) ([]validate.Finding, []validate.Unchecked, error) {
	second := map[string]bool{}
	for _, m := range mounts {
		second[m] = true
	}
	for _, result := range in.Results {
		for _, p := range result.Ledger {
			if parts := strings.Split(p.Path, "/"); len(parts) > 2 && parts[1] == "data" {
				second[parts[0]] = true
			}
		}
	}
	var found []validate.Finding
	for _, result := range in.Results {
		objects := byKey(result.Set)
		for _, p := range result.Ledger {
			o := objects[p.Object]
			mount, rest, deep := strings.Cut(p.Path, "/")
			if o == nil || !deep || !second[mount] || strings.Contains("/"+rest, "/data/") || firstVersion(o) || skipped(o) || strings.Contains(p.Path, ":") {
				continue
			}
			j := judge{object: o}
			j.say(kvPath, p.Field, "%s asks for the path %s, and with KV version 2 it is %s/data/%s", p.Field, p.Path, mount, rest)
			found = append(found, j.found...)
		}
	}
	return found, nil, nil
}

// firstVersion says whether the object says that its engine is KV version 1.
func firstVersion(o *render.Object) bool {
	return validate.TextAt(o.Tree, "metadata", "annotations", "avp.kubernetes.io/kv-version") == "1"
}

// judgeConvention holds every path to the patterns of the stack.
func judgeConvention(_ context.Context, in validate.Input) ([]validate.Finding, []validate.Unchecked, error) {
	patterns, set, err := patternsOf(in.Plan)
	if err != nil || !set {
		return nil, nil, err
	}
	var found []validate.Finding
	for _, result := range in.Results {
		objects, own := byKey(result.Set), patternsFor(patterns, in.Plan, result.App)
		for _, p := range result.Ledger {
			o := objects[p.Object]
			if o == nil || slices.ContainsFunc(own, func(pattern string) bool { return below(pattern, p.Path) }) {
				continue
			}
			j := judge{object: o}
			j.say(pathConvention, p.Field, "%s asks for the path %s, want one of %s", p.Field, p.Path, strings.Join(own, ", "))
			found = append(found, j.found...)
		}
	}
	return found, nil, nil
}

// patternsOf reads the setting of the stack: a list of patterns, or an object with them as paths.
func patternsOf(plan render.Plan) ([]string, bool, error) {
	setting, ok := plan.Conventions["secretPaths"]
	if m, isMap := setting.(map[string]any); isMap {
		setting = m["paths"]
	}
	if !ok || setting == nil {
		return nil, false, nil
	}
	if one, isText := setting.(string); isText {
		setting = []any{one}
	}
	var patterns []string
	entries, isList := setting.([]any)
	for _, entry := range entries {
		text, isText := entry.(string)
		isList = isList && isText && text != ""
		patterns = append(patterns, text)
	}
	if !isList || len(patterns) == 0 {
		return nil, false, &render.Error{
			Err:  fmt.Errorf("reading the convention secretPaths: it is no list of patterns"),
			Hint: `write secretPaths: ["kv/data/argocd/{tier}/{app}"]`,
		}
	}
	for _, pattern := range patterns {
		if open, rest, found := strings.Cut(fill(pattern, render.Layer{}, render.App{}), "{"); found {
			name, _, _ := strings.Cut(rest, "}")
			return nil, false, &render.Error{
				Err:  fmt.Errorf("reading the convention secretPaths: nothing is known as {%s} behind %q", name, open),
				Hint: "a pattern takes {app}, {layer}, {tier}, {namespace} and * for any one part",
			}
		}
	}
	return patterns, true, nil
}

// patternsFor puts what an app is into the patterns.
func patternsFor(patterns []string, plan render.Plan, app render.App) []string {
	at := slices.IndexFunc(plan.Layers, func(l render.Layer) bool { return l.Name == app.Layer })
	var layer render.Layer
	if at >= 0 {
		layer = plan.Layers[at]
	}
	own := make([]string, len(patterns))
	for i, pattern := range patterns {
		own[i] = fill(pattern, layer, app)
	}
	return own
}

func fill(pattern string, layer render.Layer, app render.App) string {
	return strings.NewReplacer("{app}", app.Name, "{layer}", app.Layer, "{tier}", layer.Tier, "{namespace}", app.Namespace).Replace(pattern)
}

// below says whether a path is that of a pattern, or leads further down. "*" stands for any one part.
func below(pattern, at string) bool {
	want, have := strings.Split(strings.Trim(pattern, "/"), "/"), strings.Split(at, "/")
	if len(have) < len(want) {
		return false
	}
	for i, part := range want {
		if part != "*" && part != have[i] {
			return false
		}
	}
	return true
}
