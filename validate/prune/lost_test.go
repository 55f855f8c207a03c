package prune

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"sluice/render"
	"sluice/validate"
)

// db is a Database of mariadb-operator with annotations and fields.
func db(annotations, spec string) string {
	return fmt.Sprintf("apiVersion: k8s.mariadb.com/v1alpha1\nkind: Database\nmetadata: {name: netbox, namespace: databases, annotations: {%s}}\nspec: {%s}\n", annotations, spec)
}

const deployment = "---\napiVersion: apps/v1\nkind: Deployment\nmetadata: {name: web, namespace: shop}\nspec: {selector: {matchLabels: {app: web}}}\n"

func syncs(options ...string) render.Sync {
	return render.Sync{Automated: true, Prune: true, Options: options}
}

// What protects is judged on the live side, and what only looks like it is said to protect nothing.
func TestGuards(t *testing.T) {
	const prune = `argocd.argoproj.io/sync-options: `
	for name, c := range map[string]struct {
		hop
		want validate.Severity
		says string
	}{
		"nothing":                  {hop{left: db("", "")}, validate.DataLoss, "spec.cleanupPolicy is not stated"},
		"policy deletes":           {hop{left: db("", "cleanupPolicy: Delete")}, validate.DataLoss, "spec.cleanupPolicy does not keep that"},
		"policy keeps":             {hop{left: db("", "cleanupPolicy: Skip")}, validate.Info, "spec.cleanupPolicy keeps"},
		"Prune=false":              {hop{left: db(prune+`"Prune=false"`, "")}, validate.Info, "the live object says Prune=false"},
		"in a list":                {hop{left: db(prune+`"Validate=false , Prune=false"`, "")}, validate.Info, "the live object says Prune=false"},
		"no such option":           {hop{left: db(prune+`"prune=false,Prune=False"`, "")}, validate.DataLoss, "not stated"},
		"confirm":                  {hop{left: db(prune+`"Prune=confirm"`, "")}, validate.Info, "until a person approves"},
		"confirm, 2.13":            {hop{left: db(prune+`"Prune=confirm"`, ""), argocd: "2.13.9"}, validate.DataLoss, "does nothing before Argo CD 2.14"},
		"keep":                     {hop{left: db(`helm.sh/resource-policy: keep`, "")}, validate.DataLoss, "keep does not protect from pruning"},
		"Delete=false":             {hop{left: db(prune+`"Delete=false"`, "")}, validate.DataLoss, "Delete=false does not protect from pruning"},
		"PruneLast":                {hop{left: db(prune+`"PruneLast=true"`, "")}, validate.DataLoss, "only puts the deletion last"},
		"IgnoreExtraneous":         {hop{left: db(`argocd.argoproj.io/compare-options: IgnoreExtraneous`, "")}, validate.DataLoss, "IgnoreExtraneous hides"},
		"app option":               {hop{left: db("", ""), live: syncs("Prune=false")}, validate.Info, "the app says Prune=false"},
		"orphan":                   {hop{left: db("", ""), live: syncs("PrunePropagationPolicy=orphan")}, validate.DataLoss, "does not protect the object"},
		"app option, 3.3 is live":  {hop{left: db("", ""), live: syncs("Prune=false"), argocd: "3.4.9", edit: liveIn("3.3.9")}, validate.DataLoss, "Argo CD 3.4.9 would keep it, but what is live was made for 3.3.9"},
		"app option, 3.4 is live":  {hop{left: db("", ""), live: syncs("Prune=false"), argocd: "3.5.1", edit: liveIn("3.4.0")}, validate.Info, "the app says Prune=false"},
		"app option, 3.3 is next":  {hop{left: db("", ""), live: syncs("Prune=false"), argocd: "3.3.9", edit: liveIn("3.4.9")}, validate.DataLoss, "does nothing before Argo CD 3.4"},
		"app option, 3.3":          {hop{left: db("", ""), live: syncs("Prune=false"), argocd: "3.3.9"}, validate.DataLoss, "does nothing before Argo CD 3.4"},
		"app option, no version":   {hop{left: db("", ""), live: syncs("Prune=false"), argocd: "latest"}, validate.DataLoss, "does nothing before"},
		"app option overridden":    {hop{left: db(prune+`"Prune=true"`, ""), live: syncs("Prune=false")}, validate.DataLoss, "does not count beside"},
		"app option too late":      {hop{left: db("", ""), live: syncs(), next: syncs("Prune=false")}, validate.DataLoss, "may be too late"},
		"app option taken away":    {hop{left: db("", ""), live: syncs("Prune=confirm"), next: syncs("Other=true")}, validate.DataLoss, "is taken away"},
		"app confirms":             {hop{left: db("", ""), live: syncs("Prune=confirm")}, validate.Info, "until a person approves"},
		"no prune":                 {hop{left: db("", ""), live: render.Sync{Automated: true, Options: []string{"A=b"}}}, validate.Info, "by hand with prune deletes"},
		"prune turned off too":     {hop{left: db("", ""), live: automated, next: render.Sync{Automated: true, SelfHeal: true}}, validate.DataLoss, "may be too late"},
		"prune turned on too":      {hop{left: db("", ""), live: render.Sync{Automated: true}, next: automated}, validate.DataLoss, "turns that on"},
		"how it syncs is unknown":  {hop{left: db("", ""), edit: func(in *validate.Input) { in.Changes[0].Left.App.Name = "" }}, validate.DataLoss, "is not known"},
		"live hook":                {hop{left: db("argocd.argoproj.io/hook: PreSync", "")}, validate.Info, "never prunes"},
		"helm hook":                {hop{left: db("helm.sh/hook: post-install", "")}, validate.Info, "never prunes"},
		"hook that is none":        {hop{left: db("argocd.argoproj.io/hook: Skip", "")}, validate.DataLoss, "not stated"},
		"both keep and the object": {hop{left: db(prune+`"Prune=false", helm.sh/resource-policy: keep`, "")}, validate.Info, "keep does not protect"},
	} {
		c.right = deployment
		c.left += deployment
		found, _ := judge(t, c.input(t), lostData)
		if len(found) != 1 || found[0].Severity != c.want || !strings.Contains(found[0].Why, c.says) {
			t.Errorf("%s: %s; want %s saying %q: %+v", name, brief(found), c.want, c.says, found)
			continue
		}
		if f := found[0]; f.Object.String() != "Database.k8s.mariadb.com databases/netbox" || f.Pos.File != "stack.cue" || f.Source == "" || f.Fix == "" {
			t.Errorf("%s: %+v", name, f)
		}
	}
	if found, _ := judge(t, hop{left: db("", ""), right: db("", "")}.input(t), lostData); len(found) > 0 {
		t.Errorf("nothing changes: %s", brief(found))
	}
}

// liveIn says which Argo CD the left side was made for.
func liveIn(version string) func(*validate.Input) {
	return func(in *validate.Input) { in.Live = version }
}

func TestKinds(t *testing.T) {
	found, unchecked := judge(t, hop{right: deployment, left: deployment + `---
apiVersion: v1
kind: ConfigMap
metadata: {name: a, namespace: shop}
---
apiVersion: example.com/v1
kind: Thing
metadata: {name: a, namespace: shop}
---
apiVersion: example.com/v1
kind: Thing
metadata: {name: b, namespace: shop}
---
apiVersion: k8s.mariadb.com/v1alpha1
kind: Backup
metadata: {name: nightly, namespace: shop}
`}.input(t), lostData, lostObject)
	want := "lost-object outage ConfigMap shop/a\nlost-object outage Thing.example.com shop/a\nlost-object outage Thing.example.com shop/b\nlost-object outage Backup.k8s.mariadb.com shop/nightly"
	if brief(found) != want {
		t.Errorf("findings\n%s\nwant\n%s", brief(found), want)
	}
	if len(unchecked) != 2 || unchecked[0].What != "what becomes of the backups that it has stored of a Backup.k8s.mariadb.com" ||
		unchecked[1].What != "what the deletion of a Thing.example.com destroys" {
		t.Errorf("unchecked: %+v", unchecked)
	}
}

// An object of the same kind and name in another API group is not the old one under a new name.
func TestRegrouped(t *testing.T) {
	route := func(group, name string) string {
		return "---\napiVersion: " + group + "/v1\nkind: IngressRoute\nmetadata: {name: " + name + ", namespace: shop}\n"
	}
	for next, says := range map[string]bool{route("traefik.io", "web"): true, route("traefik.io", "other"): false} {
		found, _ := judge(t, hop{left: deployment + route("traefik.containo.us", "web"), right: deployment + next}.input(t), lostObject)
		if len(found) != 1 || strings.Contains(found[0].Why, "IngressRoute.traefik.io shop/web has its kind and name in another group") != says {
			t.Errorf("%s: %+v", next, found)
		}
	}
}

// turn makes the first two changes, of one object that is not the same any more, one with a turn.
func turn(word string) func(*validate.Input) {
	return func(in *validate.Input) {
		var left, right *render.Object
		for _, c := range in.Changes[0].Effective {
			if c.Left != nil {
				left = c.Left
			}
			if c.Right != nil {
				right = c.Right
			}
		}
		in.Changes[0].Effective = []render.Change{{Key: left.Key, Left: left, Right: right, Turn: word}}
	}
}

func TestTurns(t *testing.T) {
	elsewhere := strings.Replace(db("", ""), "namespace: databases", "namespace: shop", 1)
	hook := db(`helm.sh/hook: post-install`, "")
	for _, c := range []struct{ turn, right, rule, says string }{
		{"moved", elsewhere, movedObject, "moves to namespace shop"},
		{"hooked", hook, becomesHook, "becomes a hook"},
		{"collapsed", elsewhere, lostData, "gives way to Database.k8s.mariadb.com shop/netbox"},
	} {
		found, _ := judge(t, hop{left: db("", ""), right: c.right, edit: turn(c.turn)}.input(t), movedObject, becomesHook, lostData, lostObject, immutable)
		if len(found) != 1 || found[0].Rule != c.rule || found[0].Severity != validate.DataLoss || !strings.Contains(found[0].Message, c.says) {
			t.Errorf("%s: %+v", c.turn, found)
		}
		found, _ = judge(t, hop{left: db("", "cleanupPolicy: Skip"), right: c.right, edit: turn(c.turn)}.input(t), c.rule)
		if len(found) != 1 || found[0].Severity != validate.Info {
			t.Errorf("%s of one that keeps: %+v", c.turn, found)
		}
		found, _ = judge(t, hop{left: db("argocd.argoproj.io/sync-options: Prune=false", ""), right: c.right, edit: turn(c.turn)}.input(t), c.rule)
		if len(found) != 1 || found[0].Severity != validate.Info || c.turn == "moved" && !strings.Contains(found[0].Message, "the live one stays") {
			t.Errorf("%s of one that is not pruned: %+v", c.turn, found)
		}
	}
	found, _ := judge(t, hop{left: db("", ""), right: db("", "name: x"), edit: turn("collapsed")}.input(t), lostData)
	if len(found) != 1 || found[0].Severity != validate.Outage {
		t.Errorf("two of one identity: %+v", found)
	}
}

func definition(metadata, versions string) string {
	return "apiVersion: apiextensions.k8s.io/v1\nkind: CustomResourceDefinition\nmetadata: {name: things.example.com" + metadata + "}\n" +
		"spec: {group: example.com, scope: Namespaced, names: {kind: Thing, plural: things}, versions: [" + versions + "]}\n"
}

// A definition that Argo CD tracks is pruned; one that it does not track is left behind, which is said.
func TestDefinitions(t *testing.T) {
	for _, c := range []struct {
		metadata, argocd string
		want             validate.Severity
		says             string
	}{
		{"", "3.4.9", validate.Cascade, "sets no tracking"},
		{", labels: {app.kubernetes.io/instance: blog}", "3.4.9", validate.Cascade, "sets no tracking"},
		{", namespace: shop", "3.4.9", validate.DataLoss, "states a namespace"},
		{", namespace: shop", "latest", validate.DataLoss, "states a namespace"},
		{", namespace: shop", "2.14.1", validate.Cascade, "sets no tracking"},
		{", labels: {app.kubernetes.io/instance: shop}", "2.14.1", validate.DataLoss, "before 3.0"},
		{", labels: {app.kubernetes.io/instance: shop}", "3.4.9", validate.DataLoss, "set to track by label"},
		{`, annotations: {argocd.argoproj.io/tracking-id: "shop:x"}`, "3.4.9", validate.DataLoss, "tracking id"},
		{`, labels: {app.kubernetes.io/instance: shop}, annotations: {helm.sh/resource-policy: keep}`, "2.14.1", validate.DataLoss, "keep does not protect"},
		{`, annotations: {argocd.argoproj.io/sync-options: Prune=false}`, "3.4.9", validate.Info, "Prune=false"},
	} {
		found, _ := judge(t, hop{left: definition(c.metadata, "") + deployment, right: deployment, argocd: c.argocd}.input(t), lostData)
		if len(found) != 1 || found[0].Severity != c.want || !strings.Contains(found[0].Why, c.says) ||
			strings.Contains(found[0].Message, "would be pruned") != (c.want == validate.DataLoss) {
			t.Errorf("%q, Argo CD %s: want %s, %q: %+v", c.metadata, c.argocd, c.want, c.says, found)
		}
	}
}

// drop takes the app out of the stack.
func drop(in *validate.Input) {
	in.Plan.Layers = nil
	in.Results = nil
	in.Changes[0].Right.App = render.App{}
}

func application(finalizers string) string {
	return "apiVersion: argoproj.io/v1alpha1\nkind: Application\nmetadata: {name: shop, namespace: argocd" + finalizers + "}\n"
}

// with adds the app of the Applications, of which the one of shop goes or stays.
func with(t *testing.T, left string) func(*validate.Input) {
	return func(in *validate.Input) {
		drop(in)
		root := hop{left: left}.input(t).Changes[0]
		root.App, root.Left.App.Name = "root", "root"
		in.Changes = append(in.Changes, root)
		in.Plan.Layers = []render.Layer{{Apps: []render.App{{Name: "root"}}}}
	}
}

func TestLostApp(t *testing.T) {
	left := db("", "") + deployment
	found, _ := judge(t, hop{left: left, edit: drop}.input(t))
	if want := "lost-data data-loss Database.k8s.mariadb.com databases/netbox\nlost-app cascade Application.argoproj.io argocd/shop"; brief(found) != want {
		t.Errorf("unknown finalizer:\n%s\nwant\n%s", brief(found), want)
	}
	final := with(t, application(", finalizers: [resources-finalizer.argocd.argoproj.io/background]"))
	found, _ = judge(t, hop{left: left, edit: final}.input(t))
	if want := "lost-data cascade Application.argoproj.io argocd/shop\nlost-data data-loss Database.k8s.mariadb.com databases/netbox\nlost-app cascade Application.argoproj.io argocd/shop"; brief(found) != want {
		t.Errorf("finalizer:\n%s\nwant\n%s", brief(found), want)
	}
	found, _ = judge(t, hop{left: left, edit: with(t, application(""))}.input(t))
	if want := "lost-data outage Application.argoproj.io argocd/shop\nlost-app outage Application.argoproj.io argocd/shop\nlost-data info Database.k8s.mariadb.com databases/netbox"; brief(found) != want {
		t.Errorf("no finalizer:\n%s\nwant\n%s", brief(found), want)
	}
	for _, c := range []struct {
		annotations string
		want        validate.Severity
	}{
		{`argocd.argoproj.io/sync-options: "Delete=false"`, validate.Info},
		{`helm.sh/resource-policy: keep`, validate.Info},
		{`argocd.argoproj.io/sync-options: "Prune=false"`, validate.DataLoss},
	} {
		found, _ := judge(t, hop{left: db(c.annotations, "") + deployment, edit: final}.input(t), lostData)
		if len(found) != 2 || found[1].Severity != c.want && found[0].Severity != c.want {
			t.Errorf("%s: %s", c.annotations, brief(found))
		}
	}
	spared := "apiVersion: apiextensions.k8s.io/v1\nkind: CustomResourceDefinition\nmetadata: {name: tables.example.com}\nspec: {group: example.com, names: {kind: Table}}\n"
	found, _ = judge(t, hop{left: spared + deployment, edit: final}.input(t), lostData)
	if want := "lost-data cascade Application.argoproj.io argocd/shop\nlost-data info CustomResourceDefinition.apiextensions.k8s.io tables.example.com"; brief(found) != want {
		t.Errorf("definition:\n%s\nwant\n%s", brief(found), want)
	}
	// An app that stays and loses everything is no app that goes.
	if found, _ := judge(t, hop{left: left}.input(t), lostApp); len(found) > 0 {
		t.Errorf("the app stays: %s", brief(found))
	}
}

func TestElsewhere(t *testing.T) {
	in := hop{left: db("", "") + deployment, right: deployment}.input(t)
	other := hop{right: db("", "")}.input(t).Changes[0]
	other.App = "blog"
	in.Changes = append(in.Changes, other)
	if found, _ := judge(t, in, lostData); len(found) != 1 || found[0].Severity != validate.DataLoss || !strings.Contains(found[0].Why, "app blog has the object") {
		t.Errorf("%+v", found)
	}
}

func TestBudgets(t *testing.T) {
	left := db("", "cleanupPolicy: Skip") + deployment + strings.ReplaceAll(deployment, "web", "api") + strings.ReplaceAll(deployment, "web", "job")
	for _, c := range []struct {
		stack, app map[string]int
		want       string
	}{
		{nil, nil, ""},
		{map[string]int{"Deployment": 3}, nil, ""},
		{map[string]int{"Deployment": 2}, nil, "prune-budget cascade Deployment *"},
		{map[string]int{"Deployment.apps": 0, "*": 3}, nil, "prune-budget cascade  \nprune-budget cascade Deployment.apps *"},
		{map[string]int{"*": 4, "Database.example.com": 0}, nil, ""},
		{map[string]int{"Deployment": 0}, map[string]int{"Deployment": 3}, ""},
		{map[string]int{"Deployment": 9}, map[string]int{"Deployment": 1}, "prune-budget cascade Deployment *"},
		{map[string]int{"Deployment": 0}, map[string]int{"*": 9}, ""},
		{nil, map[string]int{"Database": 0}, "prune-budget cascade Database *"},
	} {
		in := hop{left: left, right: strings.ReplaceAll(deployment, "web", "rest"), edit: func(in *validate.Input) {
			in.Plan.MaxPrune = c.stack
			in.Plan.Layers[0].Apps[0].MaxPrune = c.app
		}}.input(t)
		if found, _ := judge(t, in, pruneBudget); brief(found) != c.want {
			t.Errorf("%v, %v: %q, want %q", c.stack, c.app, brief(found), c.want)
		}
	}
}

func TestNever(t *testing.T) {
	for _, c := range []struct {
		kind, want string
	}{
		{"Database", "never-prune data-loss Database.k8s.mariadb.com databases/netbox"},
		{"Database.k8s.mariadb.com", "never-prune data-loss Database.k8s.mariadb.com databases/netbox"},
		{"Database.postgresql.cnpg.io", ""},
	} {
		in := hop{left: db(`argocd.argoproj.io/sync-options: Prune=false`, "cleanupPolicy: Skip") + deployment, right: deployment}.input(t)
		in.Plan.Never = []string{c.kind}
		if found, _ := judge(t, in, neverPrune); brief(found) != c.want {
			t.Errorf("%s: %q, want %q", c.kind, brief(found), c.want)
		}
	}
}

// What goes with a namespace or a definition is named.
func TestCarried(t *testing.T) {
	left := "apiVersion: v1\nkind: Namespace\nmetadata: {name: databases}\n---\n" + db("", "") + "---\n" + definition("", "") + "---\n" + thing("{}")
	found, _ := judge(t, hop{left: left, right: deployment}.input(t), lostData)
	if len(found) != 3 || !strings.Contains(found[0].Why, "at least Database.k8s.mariadb.com databases/netbox") ||
		!strings.Contains(found[2].Why, "at least Thing.example.com shop/one") {
		t.Errorf("%+v", found)
	}
}

// A side that could not be rendered has lost nothing.
func TestFailedSides(t *testing.T) {
	in := hop{left: db("", ""), edit: func(in *validate.Input) { in.Changes[0].Right.Err = errors.New("broken") }}.input(t)
	found, unchecked := judge(t, in)
	if len(found) > 0 || len(unchecked) != 1 || unchecked[0].What != "what the app loses" {
		t.Errorf("%+v, %+v", found, unchecked)
	}
}

// TestOperatorsOfVolumesAndQueues has the kinds whose finalizers delete what they stand for unless a field says otherwise.
func TestOperatorsOfVolumesAndQueues(t *testing.T) {
	for _, c := range []struct {
		apiVersion, kind, spec string
		want                   validate.Severity
	}{
		{"jetstream.nats.io/v1beta2", "Stream", "{name: orders}", validate.DataLoss},
		{"jetstream.nats.io/v1beta2", "KeyValue", "{preventDelete: true}", validate.Outage},
		{"redis.redis.opstreelabs.in/v1beta2", "RedisCluster", "{storage: {volumeClaimTemplate: {}, keepAfterDelete: false}}", validate.DataLoss},
		{"redis.redis.opstreelabs.in/v1beta2", "Redis", "{storage: {keepAfterDelete: true}}", validate.Outage},
		{"cdi.kubevirt.io/v1beta1", "DataVolume", "{pvc: {}}", validate.DataLoss},
		{"kubevirt.io/v1", "VirtualMachine", "{dataVolumeTemplates: [{metadata: {name: root}}]}", validate.DataLoss},
		{"kubevirt.io/v1", "VirtualMachine", "{running: true}", validate.Outage},
		{"cluster.x-k8s.io/v1beta1", "Cluster", "{}", validate.DataLoss},
	} {
		found, unchecked := judge(t, hop{left: object(c.apiVersion, c.kind, "spec: "+c.spec)}.input(t), lostData, lostObject)
		if len(found) != 1 || found[0].Severity != c.want || len(unchecked) > 0 {
			t.Errorf("%s %s: %s, want %s; unchecked %v", c.kind, c.spec, brief(found), c.want, unchecked)
		}
	}
}
