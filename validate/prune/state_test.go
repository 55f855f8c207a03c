package prune

import (
	"strings"
	"testing"

	"sluice/render"
	"sluice/validate"
)

const prunable = `argocd.argoproj.io/sync-options: Prune=false`

func TestRetainPolicies(t *testing.T) {
	elastic := "apiVersion: elasticsearch.k8s.elastic.co/v1\nkind: Elasticsearch\nmetadata: {name: logs}\nspec: {}\n"
	for _, c := range []struct{ object, says string }{
		{db("", ""), "spec.cleanupPolicy is not stated"},
		{db("", "cleanupPolicy: Delete"), "spec.cleanupPolicy does not keep it"},
		{db("", "cleanupPolicy: Skip"), ""},
		{elastic, "spec.volumeClaimDeletePolicy is not stated"},
		{object("postgresql.cnpg.io/v1", "Database", "spec: {}"), ""},
		{object("postgresql.cnpg.io/v1", "Cluster", "spec: {}"), ""}, // no field keeps it: see no-prune-guard
		{deployment, ""},
	} {
		in := hop{left: c.object, right: c.object}.input(t)
		for _, changes := range [][]validate.Comparison{in.Changes, nil} {
			in.Changes = changes
			found, _ := judge(t, in, retainPolicy)
			if (len(found) == 1) != (c.says != "") || c.says != "" && (found[0].Severity != validate.Info || !strings.Contains(found[0].Message, c.says) ||
				!strings.HasPrefix(found[0].Fix, "set spec.") || found[0].Rendered.File != "next.yaml") {
				t.Errorf("%s: %+v", c.object, found)
			}
		}
	}
}

func TestNoPruneGuard(t *testing.T) {
	claim := func(annotations string) string {
		return "apiVersion: v1\nkind: PersistentVolumeClaim\nmetadata: {name: one, annotations: {" + annotations + "}}\n"
	}
	for _, c := range []struct {
		object string
		sync   render.Sync
		argocd string
		want   int
	}{
		{claim(""), automated, "", 1},
		{claim("helm.sh/resource-policy: keep"), automated, "", 1},
		{claim(prunable), automated, "", 0},
		{claim(""), syncs("Prune=false"), "", 0},
		{claim(""), syncs("Prune=false"), "3.3.0", 1},
		{claim(""), render.Sync{Automated: true}, "", 0},
		{db("", ""), automated, "", 1},
		{db("", "cleanupPolicy: Skip"), automated, "", 0},
		{deployment, automated, "", 0},
		{definition("", ""), automated, "", 0},
	} {
		found, _ := judge(t, hop{left: c.object, right: c.object, live: c.sync, argocd: c.argocd}.input(t), noGuard)
		if len(found) != c.want || c.want == 1 && found[0].Severity != validate.Info {
			t.Errorf("%s, %v: %+v", c.object, c.sync, found)
		}
	}
}

func TestFirstCutover(t *testing.T) {
	for _, c := range []struct {
		left, right string
		sync        render.Sync
		want        string
	}{
		{"", deployment + db("", "cleanupPolicy: Skip"), automated, "first-cutover-prune outage Database.k8s.mariadb.com databases/netbox"},
		{"", deployment + db("", ""), render.Sync{Automated: true}, ""},
		{"", deployment + db("", ""), render.Sync{Prune: true, SelfHeal: true}, ""},
		{"", deployment, automated, ""},
		{deployment, deployment + db("", ""), automated, ""},
	} {
		found, _ := judge(t, hop{left: c.left, right: strings.Replace(c.right, "apiVersion: k8s", "---\napiVersion: k8s", 1), live: c.sync}.input(t), firstCutover)
		if brief(found) != c.want || c.want != "" && found[0].Pos.Line != 7 {
			t.Errorf("%q -> %q, %v: %+v", c.left, c.right, c.sync, found)
		}
	}
}

// declared writes a plugin in the three ways that there are.
func declared(step, command string) []string {
	spec := step + ": " + command
	document := "apiVersion: argoproj.io/v1alpha1\nkind: ConfigManagementPlugin\nmetadata: {name: avp}\nspec: {" + spec + "}\n"
	return []string{
		document,
		"apiVersion: v1\nkind: ConfigMap\nmetadata: {name: cmp}\ndata:\n  x: y\n  plugin.yaml: |\n    " + strings.ReplaceAll(strings.TrimSpace(document), "\n", "\n    ") + "\n",
		"apiVersion: v1\nkind: ConfigMap\nmetadata: {name: argocd-cm}\ndata:\n  configManagementPlugins: |\n    - name: avp\n      " + spec + "\n",
	}
}

func TestPipelines(t *testing.T) {
	for _, c := range []struct {
		command string
		want    bool
	}{
		{`{command: [sh, -c, "helm template . | avp generate -"]}`, true},
		{`{command: [sh, -c], args: ["helm template . | avp generate -"]}`, true},
		{`{command: [/bin/bash, "-c"], args: ["kustomize build . |avp generate -"]}`, true},
		{`{command: [bash, -ec, "a\nb | c"]}`, true},
		{`{command: [bash, -ec, "a |& c"]}`, true},
		{`{command: [busybox, ash, -c, "a | c"]}`, true},
		{`{command: [sh, -c, "set -e; a | c"]}`, true},
		{`{command: [sh, -c, "a | c; set -o pipefail"]}`, true},
		{`{command: [sh, -c, "echo 'set -x'; a || b; c | d"]}`, true},
		{`{command: [sh, -c, "x=\"$(a | b)\""]}`, true},
		{`{command: [sh, -c, "case $x in a|b) c | d;; esac"]}`, true},
		{`{command: [bash, -o, pipefail, -c, "a | b"]}`, false},
		{`{command: [bash, -eo, pipefail, -c, "a | b"]}`, false},
		{`{command: [bash, -ceuo, pipefail, "a | b"]}`, false},
		{`{command: [sh, -c, "set -o pipefail; a | b"]}`, false},
		{`{command: [sh, -c, "set -euo pipefail && a | b"]}`, false},
		{`{command: [sh, -c, "set -e -o pipefail\na | b"]}`, false},
		{`{command: [sh, -c, "a || b"]}`, false},
		{`{command: [sh, -c, "a '|' \"|\" \\|"]}`, false},
		{`{command: [sh, -c, "a # b | c"]}`, false},
		{`{command: [sh, -c, "a >| b"]}`, false},
		{`{command: [sh, -c, "case $x in a|b) c;; esac"]}`, false},
		{`{command: [sh, -c, "case $x in\n  a | b)\n c;; esac"]}`, false},
		{`{command: [argocd-vault-plugin, generate, "a | b"]}`, false},
		{`{command: [sh, -x]}`, false},
		{`{}`, false},
	} {
		for _, step := range []string{"init", "generate"} {
			for i, text := range declared(step, c.command) {
				found, unchecked := judge(t, hop{left: text, right: text}.input(t), pipefail)
				if len(unchecked) > 0 || (len(found) == 1) != c.want {
					t.Errorf("%s\n%+v, %+v", text, found, unchecked)
					continue
				}
				if c.want && (!strings.Contains(found[0].Message, "the "+step+" command of plugin avp") || found[0].Rendered.Line != []int{4, 6, 5}[i]) {
					t.Errorf("%s\n%+v", text, found)
				}
			}
		}
	}
	broken := "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\ndata:\n  x: \"kind: ConfigManagementPlugin\\n\\t- {\"\n"
	if found, unchecked := judge(t, hop{right: broken}.input(t), pipefail); len(found) > 0 || len(unchecked) != 1 {
		t.Errorf("%+v, %+v", found, unchecked)
	}
}
