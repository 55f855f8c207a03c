package argocd

import (
	"context"
	"slices"
	"strings"
	"testing"

	"sluice/render"
	"sluice/validate"
)

// stack makes an input of the texts of apps. An app is called as the first line of its text says: "# name layer wave option...".
func stack(t testing.TB, texts ...string) validate.Input {
	t.Helper()
	in := validate.Input{
		Plan:          render.Plan{Name: "cluster", Cluster: render.Cluster{ArgoCD: "3.2.1"}},
		ClusterScoped: func(k render.Key) bool { return k.Kind == "Namespace" || k.Definition() || k.Kind == "ClusterRole" },
	}
	for _, text := range texts {
		head, body, _ := strings.Cut(text, "\n")
		words := strings.Fields(strings.TrimPrefix(head, "#"))
		app := render.App{Name: words[0], Layer: words[1], Namespace: words[0], Sync: render.Sync{Automated: true, SelfHeal: true}}
		for _, w := range words[2:] {
			if name, ok := strings.CutPrefix(w, "after:"); ok {
				app.DependsOn = append(app.DependsOn, name)
				continue
			}
			app.Sync.Options = append(app.Sync.Options, w)
		}
		i := slices.IndexFunc(in.Plan.Layers, func(l render.Layer) bool { return l.Name == app.Layer })
		if i < 0 {
			i = len(in.Plan.Layers)
			in.Plan.Layers = append(in.Plan.Layers, render.Layer{Name: app.Layer, Wave: i})
		}
		in.Plan.Layers[i].Apps = append(in.Plan.Layers[i].Apps, app)
		set, err := render.Parse(app.Name+".yaml", []byte(body))
		if err != nil {
			t.Fatal(err)
		}
		in.Results = append(in.Results, render.Result{App: app, Set: set})
		in.Effective = append(in.Effective, set.Effective(app.Namespace, in.ClusterScoped))
	}
	return in
}

// said lists what the rules say: "severity rule: message".
func said(t *testing.T, in validate.Input) []string {
	t.Helper()
	report, err := validate.Run(context.Background(), in, Rules())
	if err != nil {
		t.Fatal(err)
	}
	var all []string
	for _, f := range report.Findings {
		all = append(all, f.Severity.String()+" "+f.Rule+": "+f.Message)
	}
	return all
}

const (
	oneApp  = "# shop apps\n"
	member  = "apiVersion: argoproj.io/v1alpha1\nkind: Application\nmetadata: {name: shop, namespace: argocd}\n"
	sound   = "  destination: {server: https://kubernetes.default.svc, namespace: shop}\n"
	plain   = "  source: {repoURL: https://git.example.com/shop.git, path: deploy, targetRevision: v1}\n"
	project = "apiVersion: argoproj.io/v1alpha1\nkind: AppProject\nmetadata: {name: team, namespace: argocd}\n"
)

// Every case names a part of each line that is said, and no more is.
func TestJudgement(t *testing.T) {
	crd := definition
	pod := func(annotation, use string) string {
		return "---\napiVersion: batch/v1\nkind: Job\nmetadata: {name: job, annotations: {" + annotation + "}}\nspec: {template: {spec: {restartPolicy: Never, " + use + ", containers: [{name: a, image: \"a:1\"}]}}}\n"
	}
	inWave := func(n string) string { return `argocd.argoproj.io/sync-wave: "` + n + `"` }
	note := func(annotation string) string {
		return "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: note, annotations: {" + annotation + "}}\n"
	}
	large := func(annotation string) string {
		return note(annotation) + "data: {a: " + strings.Repeat("x", limit) + "}\n"
	}
	unnamed := func(annotation string) string {
		return strings.Replace(note(annotation), "name: note", "generateName: note-", 1)
	}
	useNote := "volumes: [{name: v, configMap: {name: note}}]"
	for name, c := range map[string]struct {
		texts []string
		want  string
	}{
		"no destination":        {[]string{oneApp + member + "spec:\n  project: default\n" + plain}, "error application-destination: spec.destination has neither server nor name\ninfo application-namespace"},
		"both ends":             {[]string{oneApp + member + "spec:\n  project: default\n" + plain + "  destination: {server: https://a.example.com, name: a, namespace: shop}\n"}, `has server "https://a.example.com" and name "a"`},
		"no path":               {[]string{oneApp + member + "spec:\n  project: default\n  source: {repoURL: https://git.example.com/a.git, targetRevision: v1}\n" + sound}, "error application-source: spec.source has neither path nor chart"},
		"oci":                   {[]string{oneApp + member + "spec:\n  project: default\n  source: {repoURL: oci://registry.example.com/a, path: ., targetRevision: v1}\n" + sound}, ""},
		"oci, no path":          {[]string{oneApp + member + "spec:\n  project: default\n  source: {repoURL: oci://registry.example.com/a, targetRevision: v1}\n" + sound}, "error application-source: spec.source has neither path nor chart"},
		"chart, no version":     {[]string{oneApp + member + "spec:\n  project: default\n  source: {repoURL: https://c.example.com, chart: a}\n" + sound}, `error application-source: spec.source has chart "a" and no targetRevision`},
		"two tools":             {[]string{oneApp + member + "spec:\n  project: default\n  source: {repoURL: https://g.example.com, path: a, targetRevision: v1, helm: {}, kustomize: {}}\n" + sound}, "spec.source has helm and kustomize"},
		"range":                 {[]string{oneApp + member + "spec:\n  project: default\n  source: {repoURL: https://c.example.com, chart: a, targetRevision: 1.2.x}\n" + sound}, "warning floating-revision"},
		"head":                  {[]string{oneApp + member + "spec:\n  project: default\n  source: {repoURL: https://g.example.com, path: a}\n" + sound}, "info floating-revision"},
		"build variable":        {[]string{oneApp + member + "spec:\n  project: default\n  source: {repoURL: https://g.example.com, path: a, targetRevision: v1, helm: {valueFiles: [$ARGOCD_APP_NAME/values.yaml]}}\n" + sound}, ""},
		"ref in one source":     {[]string{oneApp + member + "spec:\n  project: default\n  source: {repoURL: https://g.example.com, path: a, targetRevision: v1, helm: {valueFiles: [$values/a.yaml]}}\n" + sound}, "error application-ref: spec.source.helm.valueFiles[0]"},
		"unused ref":            {[]string{oneApp + member + "spec:\n  project: default\n  sources: [{repoURL: https://g.example.com, path: a, targetRevision: v1}, {repoURL: https://h.example.com, ref: values, targetRevision: v1}]\n" + sound}, "info application-ref: spec.sources[1].ref"},
		"hydrator":              {[]string{oneApp + member + "spec:\n  project: default\n  sourceHydrator: {drySource: {repoURL: https://g.example.com, path: a, targetRevision: v1}, syncSource: {targetBranch: b, path: a}}\n" + sound}, ""},
		"option value":          {[]string{oneApp + member + "spec:\n  project: default\n" + plain + sound + "  syncPolicy: {syncOptions: [Prune=no]}\n"}, "Prune=true or false or confirm"},
		"Force of an app":       {[]string{oneApp + member + "spec:\n  project: default\n" + plain + sound + "  syncPolicy: {syncOptions: [Force=true]}\n"}, "of an object alone"},
		"stack option":          {[]string{"# shop apps ServerSideAply=true\n" + note("")}, `warning unknown-sync-option: sync.options of app shop has "ServerSideAply=true", which Argo CD does not know; did you mean "ServerSideApply"?`},
		"compare of an object":  {[]string{oneApp + note("argocd.argoproj.io/compare-options: ServerSideDiff=true")}, "on the Application alone"},
		"pointer":               {[]string{oneApp + member + "spec:\n  project: default\n" + plain + sound + "  ignoreDifferences: [{group: apps/v1, kind: Deployment, jsonPointers: [/a~2b]}]\n"}, "warning ignore-differences: spec.ignoreDifferences[0].group\nwarning ignore-differences: spec.ignoreDifferences[0].jsonPointers[0] is \"/a~2b\""},
		"metadata, not managed": {[]string{oneApp + member + "spec:\n  project: default\n" + plain + sound + "  syncPolicy: {managedNamespaceMetadata: {labels: {a: b}}}\n"}, "warning sync-policy-contradiction"},
		"denied kind": {[]string{
			oneApp + project + "spec: {sourceRepos: ['*'], destinations: [{server: '*', namespace: '*'}], namespaceResourceBlacklist: [{group: '', kind: Config*}]}\n---\n" + member + "spec:\n  project: team\n" + plain + sound + "---\n" + note(""),
		}, "error project-denies: ConfigMap is in spec.namespaceResourceBlacklist of AppProject team\ninfo wildcard-project: spec.sourceRepos\ninfo wildcard-project: spec.destinations[0]"},
		"cluster kinds": {[]string{
			oneApp + project + "spec: {sourceRepos: ['*'], destinations: [{server: '*', namespace: '*'}]}\n---\n" + member + "spec:\n  project: team\n" + plain + sound + "---\napiVersion: rbac.authorization.k8s.io/v1\nkind: ClusterRole\nmetadata: {name: a}\n",
		}, "ClusterRole.rbac.authorization.k8s.io is not in spec.clusterResourceWhitelist\ninfo wildcard-project: spec.sourceRepos\ninfo wildcard-project: spec.destinations[0]"},
		"late hook":         {[]string{oneApp + note("") + pod("argocd.argoproj.io/hook: PreSync", useNote)}, "error hook-before-its-objects: spec.template.spec.volumes[0].configMap.name names ConfigMap shop/note"},
		"hook, helm's":      {[]string{oneApp + note("helm.sh/hook: pre-install") + pod("helm.sh/hook: pre-install", useNote)}, ""},
		"hook, two waves":   {[]string{oneApp + note(`helm.sh/hook: pre-install, helm.sh/hook-weight: "5"`) + pod("helm.sh/hook: pre-install", useNote)}, "error late-wave"},
		"late account":      {[]string{oneApp + "apiVersion: v1\nkind: ServiceAccount\nmetadata: {name: a, annotations: {" + inWave("3") + "}}\n" + pod(inWave("2"), "serviceAccountName: a")}, "(wave 3, this wave 2)"},
		"optional":          {[]string{oneApp + note(inWave("3")) + pod("", "volumes: [{name: v, configMap: {name: note, optional: true}}]")}, ""},
		"moot":              {[]string{oneApp + "apiVersion: v1\nkind: Namespace\nmetadata: {name: shop, annotations: {" + inWave("1") + "}}\n---\n" + note("")}, "info moot-wave"},
		"same wave":         {[]string{oneApp + crd + "---\n" + table}, ""},
		"PreDelete":         {[]string{oneApp + note("argocd.argoproj.io/hook: PreDelete")}, "which Argo CD has from 3.3 on, and the cluster has 3.2.1"},
		"rollback":          {[]string{oneApp + note("helm.sh/hook: post-rollback")}, "info hook-never-runs"},
		"one of two":        {[]string{oneApp + note("argocd.argoproj.io/hook: 'PreSync,PreSink'")}, `warning hook-never-runs: metadata.annotations."argocd.argoproj.io/hook" has "PreSink"`},
		"definition, hook":  {[]string{oneApp + strings.Replace(crd, "tables.shop.example.com}", "tables.shop.example.com, annotations: {argocd.argoproj.io/hook: PreSync}}", 1)}, "warning hook-never-runs: the definition is a hook"},
		"policy, no hook":   {[]string{oneApp + note("argocd.argoproj.io/hook-delete-policy: HookFailed")}, "info hook-delete-policy"},
		"later definition":  {[]string{"# shop apps\n" + table, "# crds later\n" + crd}, "warning late-definition: kind is Table, which app crds defines, and it comes later\ninfo waves-without-health"},
		"chain":             {[]string{"# crds apps\n" + crd, "# two apps after:crds\n" + note(""), "# shop apps after:two\n" + table + "---\n" + argocdConfig(healthCheck)}, ""},
		"unordered, skips":  {[]string{"# crds apps\n" + crd, "# shop apps SkipDryRunOnMissingResource=true\n" + table}, ""},
		"deadlock":          {[]string{"# shop apps\n" + table + "---\n" + argocdConfig(healthCheck), "# crds later\n" + crd}, "error late-definition"},
		"layers":            {[]string{"# a one\n" + note(""), "# b two\n" + note("")}, "info waves-without-health: the waves of the layers"},
		"shared, same":      {[]string{"# a one\n" + settings("a"), "# b one\n" + settings("a")}, "warning shared-object: app a has ConfigMap a/settings too"},
		"shared, not same":  {[]string{"# a one\n" + settings("a"), "# b one\n" + settings("a") + "data: {a: b}\n"}, "error shared-object"},
		"shared crd":        {[]string{"# a one\n" + crd, "# b one\n" + crd}, "info shared-object"},
		"no namespace":      {[]string{"# a one CreateNamespace=false\n" + note("")}, "sync.options say CreateNamespace=false"},
		"later namespace":   {[]string{"# a one\n" + settings("b"), "# b two\n" + note("")}, "which only app b makes, and it comes later\ninfo waves-without-health"},
		"chart's version":   {[]string{oneApp + member + "spec:\n  project: default\n  source: {repoURL: https://g.example.com, path: a, targetRevision: v1, helm: {valueFiles: [$KUBE_VERSION/values.yaml]}}\n" + sound}, ""},
		"automated":         {[]string{oneApp + member + "spec:\n  project: default\n" + plain + sound + "  syncPolicy: {automated: {prune: true, selfHeal: true}}\n"}, ""},
		"switched off":      {[]string{oneApp + member + "spec:\n  project: default\n" + plain + sound + "  syncPolicy: {automated: {enabled: false, prune: true}}\n"}, "info sync-policy-contradiction: spec.syncPolicy.automated.prune"},
		"OpenShift's":       {[]string{oneApp + settings("openshift") + "---\n" + settings("openshift-config")}, ""},
		"no replicas":       {[]string{oneApp + note(inWave("3")) + "---\napiVersion: apps/v1\nkind: Deployment\nmetadata: {name: a}\nspec: {replicas: 0, template: {spec: {" + useNote + "}}}\n"}, ""},
		"replicas":          {[]string{oneApp + note(inWave("3")) + "---\napiVersion: apps/v1\nkind: Deployment\nmetadata: {name: a}\nspec: {replicas: 1, template: {spec: {" + useNote + "}}}\n"}, "error late-wave"},
		"large":             {[]string{oneApp + large("")}, "error annotation-limit"},
		"large, replaced":   {[]string{oneApp + large("argocd.argoproj.io/sync-options: Replace=true")}, ""},
		"made-up name":      {[]string{oneApp + unnamed("")}, "error generated-name: metadata.generateName stands in place of a name"},
		"made up, a hook":   {[]string{oneApp + unnamed("argocd.argoproj.io/hook: PostSync")}, ""},
		"made up, replaced": {[]string{oneApp + unnamed("argocd.argoproj.io/sync-options: Replace=true")}, ""},
		"made up, app's":    {[]string{"# shop apps Replace=true\n" + unnamed("")}, ""},
		"twice, one a test": {[]string{oneApp + note("helm.sh/hook: test") + "---\n" + note("")}, "info hook-never-runs"},
		"shared hook":       {[]string{"# a one\n" + settings("a"), "# b one\n" + strings.Replace(settings("a"), "name: settings", "name: settings, annotations: {argocd.argoproj.io/hook: Sync}", 1)}, "warning shared-object"},
		"denied alone": {[]string{
			oneApp + project + "spec: {sourceRepos: ['!https://other.example.com/**'], destinations: [{server: https://kubernetes.default.svc, namespace: shop}]}\n---\n" + member + "spec:\n  project: team\n" + plain + sound,
		}, ""},
		"twice": {[]string{oneApp + settings("shop") + "---\n" + settings("shop")}, "info repeated-object"},
	} {
		t.Run(name, func(t *testing.T) {
			got := said(t, stack(t, c.texts...))
			var want []string
			if c.want != "" {
				want = strings.Split(c.want, "\n")
			}
			missing := slices.ContainsFunc(want, func(w string) bool {
				return !slices.ContainsFunc(got, func(s string) bool { return strings.Contains(s, w) })
			})
			if missing || len(got) != len(want) {
				t.Errorf("%q is not what is said:\n%s", want, strings.Join(got, "\n"))
			}
		})
	}
}

// Of a part of a stack, or of bare manifests, nothing is said that the rest could mend.
func TestPartly(t *testing.T) {
	texts := []string{"# a one CreateNamespace=false\n" + table + "---\n" + settings("elsewhere"), "# b two\n" + definition}
	whole := stack(t, texts...)
	if got := said(t, whole); len(got) < 3 {
		t.Errorf("of the whole is said %q", got)
	}
	narrow := whole
	narrow.Plan.Others = []render.App{{Name: "other"}}
	bare := whole
	bare.Plan = render.Plan{}
	failed := whole
	failed.Results, failed.Effective = whole.Results[:1], whole.Effective[:1]
	for name, in := range map[string]validate.Input{"narrow": narrow, "bare": bare, "failed": failed} {
		if got := said(t, in); len(got) > 0 {
			t.Errorf("%s: %q", name, got)
		}
	}
}

// A project has what is scoped to it besides, and what an operator makes is not known.
func TestScopedToProject(t *testing.T) {
	text := project + "spec: {sourceRepos: ['https://other.example.com/*'], destinations: [{name: in-cluster, namespace: shop}]}\n---\n" + member + "spec:\n  project: team\n" + plain + sound + "---\n"
	if got := said(t, stack(t, oneApp+text)); len(got) != 1 || !strings.Contains(got[0], "sourceRepos") {
		t.Errorf("%q", got)
	}
	secret := "apiVersion: v1\nkind: Secret\nmetadata: {name: repo, labels: {argocd.argoproj.io/secret-type: repository}}\nstringData: {project: team, url: https://git.example.com/Shop}\n"
	external := "apiVersion: external-secrets.io/v1\nkind: ExternalSecret\nmetadata: {name: repo}\nspec: {target: {template: {metadata: {labels: {argocd.argoproj.io/secret-type: repository}}}}}\n"
	for _, more := range []string{secret, external} {
		if got := said(t, stack(t, oneApp+text+more)); len(got) != 0 {
			t.Errorf("%q", got)
		}
	}
}

// A cluster that a Secret declares for a project is one of its destinations, whatever these say.
func TestClusterOfProject(t *testing.T) {
	text := project + "spec: {sourceRepos: ['https://git.example.com/*'], destinations: [{name: other, namespace: shop}]}\n---\n" + member + "spec:\n  project: team\n" + plain + sound
	cluster := "---\napiVersion: v1\nkind: Secret\nmetadata: {name: here, labels: {argocd.argoproj.io/secret-type: cluster}}\nstringData: {project: PROJECT, server: https://kubernetes.default.svc}\n"
	for owner, want := range map[string]int{"team": 0, "others": 1} {
		if got := said(t, stack(t, oneApp+text+strings.Replace(cluster, "PROJECT", owner, 1))); len(got) != want {
			t.Errorf("of %s: %q", owner, got)
		}
	}
}

// A placeholder in an object that states a namespace, though its kind has none, is no text either.
func TestPlaceholderOfAStatedNamespace(t *testing.T) {
	in := stack(t, oneApp+"apiVersion: v1\nkind: Namespace\nmetadata: {name: shop, namespace: shop, annotations: {argocd.argoproj.io/sync-wave: \"<path:kv/data/a#wave>\"}}\n")
	if got := said(t, in); len(got) != 1 {
		t.Errorf("without the plugin: %q", got)
	}
	in.Results[0].Ledger = []render.Placeholder{{Object: in.Results[0].Set.Objects[0].Key, Field: annotationPath(waveAnnotation), Key: "wave"}}
	if got := said(t, in); len(got) != 0 {
		t.Errorf("%q", got)
	}
}

// The namespace that an Application goes to may come with what it deploys, so that nobody makes it is not certain.
func TestNamespaceOfAnApplication(t *testing.T) {
	other := member + "spec:\n  project: default\n" + plain
	for text, want := range map[string]int{
		other + "  destination: {server: https://kubernetes.default.svc, namespace: store}\n":                                          1,
		other + "  destination: {name: in-cluster, namespace: store}\n":                                                                1,
		other + "  destination: {server: https://a.example.com, namespace: store}\n":                                                   0,
		other + "  destination: {name: in-cluster, namespace: store}\n  syncPolicy: {syncOptions: [CreateNamespace=true]}\n":           0,
		other + "  destination: {name: in-cluster, namespace: store}\n---\napiVersion: v1\nkind: Namespace\nmetadata: {name: store}\n": 0,
		other + "  destination: {name: in-cluster, namespace: kube-system}\n":                                                          0,
		other + sound: 0,
	} {
		report, err := validate.Run(context.Background(), stack(t, oneApp+text), Rules())
		if err != nil || len(report.Findings) > 0 || len(report.Unchecked) != want {
			t.Errorf("%v, %v, %v of\n%s", report.Findings, report.Unchecked, err, text)
		}
	}
}

// A project may take no cluster but those of its own. Which these are is known where the stack declares some.
func TestScopedClustersAlone(t *testing.T) {
	text := project + "spec: {permitOnlyProjectScopedClusters: true, sourceRepos: ['https://git.example.com/*'], destinations: [{server: https://kubernetes.default.svc, namespace: shop}]}\n---\n" + member + "spec:\n  project: team\n" + plain + sound
	cluster := "---\napiVersion: v1\nkind: Secret\nmetadata: {name: here, labels: {argocd.argoproj.io/secret-type: cluster}}\nstringData: {project: team, SERVER}\n"
	for server, want := range map[string]string{
		"server: https://kubernetes.default.svc": "", "name: in-cluster": "", "name: other, server: https://a.example.com": "spec.destination is a cluster that no Secret scopes to AppProject team",
	} {
		got := said(t, stack(t, oneApp+text+strings.Replace(cluster, "SERVER", server, 1)))
		if (len(got) > 0) != (want != "") || len(got) > 0 && !strings.Contains(got[0], want) {
			t.Errorf("%s: %q", server, got)
		}
	}
	report, err := validate.Run(context.Background(), stack(t, oneApp+text), Rules())
	if err != nil || len(report.Findings) > 0 || len(report.Unchecked) != 1 {
		t.Errorf("of clusters that are declared elsewhere: %v, %v, %v", report.Findings, report.Unchecked, err)
	}
}

// Entries of a project that are there twice are refused by the API of Argo CD, and so are groups that are none.
func TestTwiceInAProject(t *testing.T) {
	window := "{kind: deny, schedule: 0 1 * * *, duration: 1h, applications: ['*']"
	for spec, want := range map[string][]string{
		"roles: [{name: a, groups: [x, y], policies: ['p, proj:team:a, logs, get, team/*, allow']}, {name: b, groups: [x]}]": nil,
		"roles: [{name: a, groups: [x, x]}]": {`spec.roles[0].groups[1] is "x", as one before it`},
		"roles: [{name: a, policies: ['p, proj:team:a, logs, get, team/*, allow', 'p, proj:team:a, logs, get, team/*, allow']}]": {`spec.roles[0].policies[1] is "p, proj:team:a, logs, get, team/*, allow", as one before it`},
		`roles: [{name: a, groups: ['cn=a,dc=b', '"cn=a,dc=b"', ' x', '']}]`:                                                     {"groups[0] is \"cn=a,dc=b\", which has a comma", "groups[2] is \" x\", want no white space", "groups[3] is \"\", want a name"},
		"syncWindows: [" + window + "}, " + window + ", manualSync: true}]":                                                      {"spec.syncWindows[1] is the same window as spec.syncWindows[0]"},
		"syncWindows: [" + window + "}, " + window + ", timeZone: UTC}]":                                                         nil,
	} {
		got := said(t, stack(t, oneApp+project+"spec: {"+spec+"}\n"))
		for i := range want {
			if len(got) != len(want) || !strings.Contains(got[i], want[i]) {
				t.Errorf("%s: %q", spec, got)
				break
			}
		}
		if len(want) == 0 && len(got) > 0 {
			t.Errorf("%s: %q", spec, got)
		}
	}
	in := stack(t, oneApp+project+"spec: {syncWindows: ["+window+"}, "+window+", timeZone: UTC}]}\n")
	if in.Plan.Cluster.ArgoCD = "3.1.16"; len(said(t, in)) != 1 {
		t.Errorf("before 3.2 kind, schedule and duration make a window: %q", said(t, in))
	}
}

// A policy is what the API of Argo CD takes, or said to be another.
func TestPolicies(t *testing.T) {
	for policy, want := range map[string]string{
		"p, proj:team:ci, applications, sync, team/*, allow":                       "",
		"p,proj:team:ci,applications,action/apps/Deployment/restart,team/a/b,deny": "",
		"p, proj:team:ci, repositories, create, team/*, allow":                     "",
		"p, proj:team:ci, clusters, get, https://a.example.com, allow":             `want an object of the project, "team/*"`,
		"p, proj:team:ci, applications, get, other/*, allow":                       `want an object of the project, "team/*"`,
		"p, proj:team:ci, applications, get, team/a/b/c, allow":                    `want an object of the project, "team/*"`,
		"p, proj:team:cd, applications, get, team/*, allow":                        `want the subject "proj:team:ci"`,
		"p, proj:team:ci, application, get, team/*, allow":                         "want one of the resources applications,",
		"p, proj:team:ci, applications, read, team/*, allow":                       "want one of the actions get,",
		"p, proj:team:ci, applications, get, team/*, yes":                          "want the effect allow or deny",
		"p, proj:team:ci, applications, get, team/*":                               `want "p, SUBJECT,`,
		"g, proj:team:ci, applications, get, team/*, allow":                        `want "p, SUBJECT,`,
	} {
		if got := wrongPolicy("team", "ci", policy); !strings.HasPrefix(got, want) || (got == "") != (want == "") {
			t.Errorf("%s: %q", policy, got)
		}
	}
}

// What a destination with "!" denies beyond its own namespace has changed with Argo CD 3.6.
func TestDeniedClusters(t *testing.T) {
	text := project + "spec: {destinations: [{name: '!in-cluster', namespace: system}, {server: '*', namespace: shop}]}\n"
	for version, want := range map[string]bool{"3.5.7": false, "3.6.0": true} {
		in := stack(t, oneApp+text)
		in.Plan.Cluster.ArgoCD = version
		j := newJudge(in)
		of := &in.Effective[0].Objects[0]
		if ok, known := j.permitsPlace(of, inCluster, "", "shop"); ok != want || !known {
			t.Errorf("%s: %t, %t", version, ok, known)
		}
		if ok, known := j.permitsPlace(of, inCluster, "", "system"); ok || !known {
			t.Errorf("%s: its own namespace: %t, %t", version, ok, known)
		}
	}
}

func TestPatterns(t *testing.T) {
	for _, c := range []struct {
		pattern, text string
		separator     byte
		want          bool
	}{
		{"*", "a/b", 0, true},
		{"https://*/shop", "https://git.example.com/shop", '/', true},
		{"https://*", "https://git.example.com/shop", '/', false},
		{"https://**", "https://git.example.com/shop", '/', true},
		{"team-?", "team-a", 0, true},
		{"team-{a,b}", "team-b", 0, true},
		{"team-[!a]", "team-a", 0, false},
		{"a.b", "axb", 0, false},
		{"a,b", "a,b", 0, true},
		{"{a,b},c", "b,c", 0, true},
	} {
		if got, sound := matches(c.pattern, c.text, c.separator); got != c.want || !sound {
			t.Errorf("%s and %s: %v", c.pattern, c.text, got)
		}
	}
	for in, want := range map[string]string{
		"git@git.example.com:Team/shop.git":       "git@git.example.com/team/shop",
		"ssh://git@git.example.com/team/shop":     "git@git.example.com/team/shop",
		"https://git.example.com/team/shop.git":   "https://git.example.com/team/shop",
		" https://user@git.example.com/team/shop": "https://user@git.example.com/team/shop",
	} {
		if got := normal(in); got != want {
			t.Errorf("%s becomes %s", in, got)
		}
	}
}
