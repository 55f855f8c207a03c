package prune

import (
	"strings"
	"testing"

	"sluice/render"
	"sluice/validate"
)

// object writes an object of some kind with fields below the top, in YAML's flow style.
func object(apiVersion, kind, rest string) string {
	return "apiVersion: " + apiVersion + "\nkind: " + kind + "\nmetadata: {name: one, namespace: shop}\n" + rest + "\n"
}

// fixedCases are one change for every row of the table, or for every field of one, with a twin that may change.
var fixedCases = []struct {
	apiVersion, kind   string
	left, right, allow string
	field              string
	minor              int
}{
	{"apps/v1", "Deployment", "spec: {selector: {matchLabels: {a: b}}}", "spec: {selector: {matchLabels: {a: c}}}", "spec: {selector: {matchLabels: {a: b}}, replicas: 3}", "spec.selector", 0},
	{"apps/v1", "DaemonSet", "spec: {selector: {matchLabels: {a: b}}}", "spec: {selector: {matchLabels: {a: b, c: d}}}", "spec: {selector: {matchLabels: {a: b}}, template: {}}", "spec.selector", 0},
	{"apps/v1", "ReplicaSet", "spec: {selector: {matchLabels: {a: b}}}", "spec: {selector: {matchLabels: {}}}", "spec: {selector: {matchLabels: {a: b}}, template: {}}", "spec.selector", 0},
	{"apps/v1", "StatefulSet", "spec: {serviceName: a}", "spec: {serviceName: b}", "spec: {serviceName: a, replicas: 3, podManagementPolicy: OrderedReady}", "spec.serviceName", 0},
	{"apps/v1", "StatefulSet", "spec: {revisionHistoryLimit: 3}", "spec: {revisionHistoryLimit: 4}", "spec: {revisionHistoryLimit: 3, minReadySeconds: 5}", "spec.revisionHistoryLimit", 32},
	{
		"apps/v1", "StatefulSet", "spec: {volumeClaimTemplates: [{metadata: {name: d}, spec: {resources: {requests: {storage: 1Gi}}}}]}",
		"spec: {volumeClaimTemplates: [{metadata: {name: d}, spec: {resources: {requests: {storage: 2Gi}}}}]}",
		"spec: {volumeClaimTemplates: [{apiVersion: v1, kind: PersistentVolumeClaim, metadata: {name: d, creationTimestamp: null}, spec: {volumeMode: Filesystem, resources: {requests: {storage: 1024Mi}}}}]}",
		"spec.volumeClaimTemplates", 0,
	},
	{"batch/v1", "Job", "spec: {template: {a: b}}", "spec: {template: {a: c}}", "spec: {template: {a: b}, parallelism: 2}", "spec.template", 0},
	{"batch/v1", "Job", "spec: {suspend: true, completionMode: Indexed}", "spec: {suspend: true}", "spec: {suspend: true, completionMode: Indexed, template: {x: y}}", "spec.completionMode", 0},
	{"batch/v1", "Job", "spec: {completions: 2}", "spec: {completions: 3}", "spec: {completions: 2, parallelism: 2}", "spec.completions", 0},
	{"v1", "PersistentVolumeClaim", "spec: {accessModes: [ReadWriteOnce]}", "spec: {accessModes: [ReadWriteMany]}", "spec: {accessModes: [ReadWriteOnce], volumeMode: Filesystem}", "spec.accessModes", 0},
	{"v1", "PersistentVolumeClaim", "spec: {storageClassName: fast}", "spec: {storageClassName: slow}", "spec: {storageClassName: fast, volumeAttributesClassName: gold}", "spec.storageClassName", 29},
	{"v1", "PersistentVolumeClaim", "spec: {storageClassName: fast}", "spec: {storageClassName: fast, volumeAttributesClassName: gold}", "spec: {storageClassName: fast, resources: {limits: {}}}", "spec.volumeAttributesClassName", 28},
	{"v1", "PersistentVolume", "spec: {nfs: {path: /a}}", "spec: {nfs: {path: /b}}", "spec: {nfs: {path: /a}, persistentVolumeReclaimPolicy: Retain}", "spec.nfs", 0},
	{"v1", "Service", "spec: {clusterIP: 10.43.0.9}", "spec: {clusterIP: 10.43.0.8}", "spec: {clusterIP: 10.43.0.9, ports: []}", "spec.clusterIP", 0},
	{"v1", "Service", "spec: {}", "spec: {clusterIP: None}", "spec: {ports: [{port: 80}]}", "spec.clusterIP", 0},
	{"v1", "Service", "spec: {ipFamilies: [IPv4]}", "spec: {ipFamilies: [IPv6, IPv4]}", "spec: {ipFamilies: [IPv4, IPv6]}", "spec.ipFamilies[0]", 0},
	{"v1", "Service", "spec: {loadBalancerClass: a}", "spec: {loadBalancerClass: b}", "spec: {loadBalancerClass: a, type: LoadBalancer}", "spec.loadBalancerClass", 0},
	{"rbac.authorization.k8s.io/v1", "RoleBinding", "roleRef: {name: a}", "roleRef: {name: b}", "roleRef: {name: a}\nsubjects: []", "roleRef", 0},
	{"rbac.authorization.k8s.io/v1", "ClusterRoleBinding", "roleRef: {kind: Role}", "roleRef: {kind: ClusterRole}", "roleRef: {kind: Role}\nsubjects: []", "roleRef", 0},
	{"v1", "ConfigMap", "immutable: true\ndata: {a: b}", "immutable: true\ndata: {a: c}", "immutable: true\ndata: {a: b}\nx: y", "data", 0},
	{"v1", "ConfigMap", "immutable: true\ndata: {a: b}", "data: {a: b}", "immutable: true\ndata: {a: b}\nx: y", "immutable", 0},
	{"v1", "Secret", "immutable: true\ndata: {a: Yg==}", "immutable: true\ndata: {a: Yw==}", "immutable: true\ndata: {a: Yg==}\nx: y", "data", 0},
	{"v1", "Secret", "data: {a: Yg==}", "type: kubernetes.io/tls\ndata: {a: Yg==}", "type: Opaque\ndata: {a: Yw==}", "type", 0},
	{"storage.k8s.io/v1", "StorageClass", "provisioner: a", "provisioner: b", "provisioner: a\nreclaimPolicy: Delete\nvolumeBindingMode: Immediate\nallowVolumeExpansion: true", "provisioner", 0},
	{"storage.k8s.io/v1", "StorageClass", "provisioner: a", "provisioner: a\nreclaimPolicy: Retain", "provisioner: a\nmountOptions: [x]", "reclaimPolicy", 0},
	{"storage.k8s.io/v1", "VolumeAttributesClass", "parameters: {a: b}", "parameters: {a: c}", "parameters: {a: b}\nx: y", "parameters", 0},
	{"storage.k8s.io/v1", "VolumeAttachment", "spec: {nodeName: a}", "spec: {nodeName: b}", "spec: {nodeName: a}\nx: y", "spec", 0},
	{"storage.k8s.io/v1", "CSIDriver", "spec: {}", "spec: {attachRequired: false}", "spec: {attachRequired: true, podInfoOnMount: true}", "spec.attachRequired", 0},
	{"networking.k8s.io/v1", "IngressClass", "spec: {controller: a}", "spec: {controller: b}", "spec: {controller: a, parameters: {}}", "spec.controller", 0},
	{"scheduling.k8s.io/v1", "PriorityClass", "value: 1", "value: 2", "value: 1\npreemptionPolicy: PreemptLowerPriority\ndescription: x", "value", 0},
	{"node.k8s.io/v1", "RuntimeClass", "handler: a", "handler: b", "handler: a\noverhead: {x: y}", "handler", 0},
	{"discovery.k8s.io/v1", "EndpointSlice", "addressType: IPv4", "addressType: IPv6", "addressType: IPv4\nports: [{port: 1}]", "addressType", 0},
	{"resource.k8s.io/v1", "ResourceClaim", "spec: {devices: {a: b}}", "spec: {devices: {a: c}}", "spec: {devices: {a: b}}\nx: y", "spec", 0},
	{"resource.k8s.io/v1", "ResourceClaimTemplate", "spec: {a: b}", "spec: {a: c}", "spec: {a: b}\nx: y", "spec", 0},
	{"v1", "ResourceQuota", "spec: {scopes: [BestEffort]}", "spec: {scopes: [NotBestEffort]}", "spec: {scopes: [BestEffort], hard: {pods: 1}}", "spec.scopes", 0},
	{"apiextensions.k8s.io/v1", "CustomResourceDefinition", "spec: {scope: Cluster}", "spec: {scope: Namespaced}", "spec: {scope: Cluster, preserveUnknownFields: false}", "spec.scope", 0},
	{"apiextensions.k8s.io/v1", "CustomResourceDefinition", "spec: {names: {kind: A}}", "spec: {names: {kind: B}}", "spec: {names: {kind: A, shortNames: [a]}}", "spec.names.kind", 0},
	{"v1", "Pod", "spec: {containers: [{name: a, image: x:1}]}", "spec: {containers: [{name: a, image: x:1, args: [b]}]}", "spec: {containers: [{name: a, image: x:2}], activeDeadlineSeconds: 5}", "spec", 0},
	{"postgresql.cnpg.io/v1", "Database", "spec: {name: a}", "spec: {name: b}", "spec: {name: a, owner: x}", "spec.name", 0},
	{"postgresql.cnpg.io/v1", "Backup", "spec: {method: a}", "spec: {method: b}", "spec: {method: a}\nx: y", "spec", 0},
	{"postgresql.cnpg.io/v1", "DatabaseRole", "spec: {name: a}", "spec: {name: b}", "spec: {name: a, login: true}", "spec.name", 0},
	{"postgresql.cnpg.io/v1", "Cluster", "spec: {instances: 3}", "spec: {postgresUID: 27}", "spec: {instances: 2, postgresUID: 26}", "spec.postgresUID", 0},
	{"postgresql.cnpg.io/v1", "Cluster", "spec: {storage: {size: 2Gi}}", "spec: {storage: {size: 1500Mi}}", "spec: {storage: {size: 2048Mi}}", "spec.storage.size", 0},
	{"postgresql.cnpg.io/v1", "Cluster", "spec: {walStorage: {size: 2Gi}}", "spec: {}", "spec: {walStorage: {size: 3Gi}}", "spec.walStorage", 0},
	{"postgresql.cnpg.io/v1", "Cluster", "spec: {tablespaces: [{name: a}, {name: b}]}", "spec: {tablespaces: [{name: b}]}", "spec: {tablespaces: [{name: b}, {name: a}]}", "spec.tablespaces.name", 0},
	{"k8s.mariadb.com/v1alpha1", "Database", "spec: {characterSet: utf8mb4}", "spec: {}", "spec: {characterSet: utf8mb4, requeueInterval: 5s}", "spec.characterSet", 0},
	{"k8s.mariadb.com/v1alpha1", "Grant", "spec: {username: a}", "spec: {username: b}", `spec: {username: a, database: "*", privileges: [x]}`, "spec.username", 0},
	{"k8s.mariadb.com/v1alpha1", "User", "spec: {mariaDbRef: {name: a}}", "spec: {mariaDbRef: {name: b}}", "spec: {mariaDbRef: {name: a}, maxUserConnections: 2}", "spec.mariaDbRef", 0},
	{"k8s.mariadb.com/v1alpha1", "Restore", "spec: {mariaDbRef: {name: a}}", "spec: {mariaDbRef: {name: b}}", "spec: {mariaDbRef: {name: a}, x: 2}", "spec.mariaDbRef", 0},
	{"k8s.mariadb.com/v1alpha1", "Backup", "spec: {storage: {a: b}}", "spec: {storage: {a: c}}", "spec: {storage: {a: b}, schedule: {}}", "spec.storage", 0},
	{"k8s.mariadb.com/v1alpha1", "MariaDB", "spec: {storage: {size: 2Gi}}", "spec: {storage: {size: 1Gi}}", "spec: {storage: {size: 3Gi}}", "spec.storage.size", 0},
	{"k8s.mariadb.com/v1alpha1", "MariaDB", "spec: {storage: {storageClassName: a}}", "spec: {storage: {storageClassName: b}}", "spec: {storage: {storageClassName: a, size: 2Gi}}", "spec.storage.storageClassName", 0},
	{"snapshot.storage.k8s.io/v1", "VolumeSnapshot", "spec: {source: {a: b}}", "spec: {source: {a: c}}", "spec: {source: {a: b}}\nx: y", "spec.source", 0},
	{"v1", "PersistentVolumeClaim", "spec: {resources: {requests: {storage: 10Gi}}}", "spec: {resources: {requests: {storage: 5Gi}}}", "spec: {resources: {requests: {storage: 20Gi}}}", "spec.resources.requests.storage", 0},
}

func TestFixedFields(t *testing.T) {
	covered := map[string]bool{}
	for _, c := range fixedCases {
		covered[strings.Split("/"+c.apiVersion, "/")[strings.Count(c.apiVersion, "/")]+" "+c.kind] = true
		left := object(c.apiVersion, c.kind, c.left)
		found, _ := judge(t, hop{left: left, right: object(c.apiVersion, c.kind, c.right), minor: c.minor}.input(t), immutable)
		if len(found) != 1 || found[0].Severity != validate.Replace || !strings.Contains(found[0].Message, c.field) ||
			found[0].Pos.File != "next.yaml" || found[0].Source == "" || found[0].Why == "" {
			t.Errorf("%s %s: %s -> %s: %+v", c.apiVersion, c.kind, c.left, c.right, found)
		}
		if found, _ = judge(t, hop{left: left, right: object(c.apiVersion, c.kind, c.allow), minor: c.minor}.input(t), immutable); len(found) > 0 {
			t.Errorf("%s %s: %s -> %s: %+v", c.apiVersion, c.kind, c.left, c.allow, found)
		}
	}
	for _, f := range fixeds {
		for kind := range strings.FieldsSeq(f.kinds) {
			group := f.group
			if !covered[group+" "+kind] && !strings.Contains("SqlJob Connection PhysicalBackup", kind) {
				t.Errorf("no case for %s %s", group, kind)
			}
		}
	}
}

// A value of a Secret is in no text.
func TestSecretsStayOut(t *testing.T) {
	in := hop{left: object("v1", "Secret", "immutable: true\nstringData: {a: hunter2}"), right: object("v1", "Secret", "immutable: true\nstringData: {a: hunter3}")}.input(t)
	found, unchecked := judge(t, in)
	if len(found) == 0 {
		t.Fatal("nothing found")
	}
	for _, f := range found {
		if strings.Contains(f.Message+f.Why+f.Fix, "hunter") {
			t.Errorf("%+v", f)
		}
	}
	_ = unchecked
}

// What the cluster fills in cannot be judged from manifests.
func TestFilledIn(t *testing.T) {
	found, unchecked := judge(t, hop{left: object("v1", "PersistentVolumeClaim", "spec: {}"), right: object("v1", "PersistentVolumeClaim", "spec: {storageClassName: fast}")}.input(t), immutable)
	if len(found) > 0 || len(unchecked) != 1 || unchecked[0].What != "whether spec.storageClassName changes" {
		t.Errorf("%+v, %+v", found, unchecked)
	}
}

// A hook is deleted before it is created again.
func TestHookJobsMayChange(t *testing.T) {
	job := func(args string) string {
		return "apiVersion: batch/v1\nkind: Job\nmetadata: {name: one, annotations: {helm.sh/hook: post-install}}\nspec: {template: {args: " + args + "}}\n"
	}
	if found, _ := judge(t, hop{left: job("a"), right: job("b")}.input(t), immutable); len(found) > 0 {
		t.Errorf("%+v", found)
	}
}

func TestForce(t *testing.T) {
	claim := func(options, mode string) string {
		return "apiVersion: v1\nkind: PersistentVolumeClaim\nmetadata: {name: one, namespace: shop, annotations: {argocd.argoproj.io/sync-options: \"" + options + "\"}}\nspec: {accessModes: [" + mode + "]}\n"
	}
	for _, c := range []struct {
		left, right string
		next        render.Sync
		want, says  string
	}{
		{claim("Force=true", "a"), claim("Force=true", "b"), automated, "immutable-field data-loss PersistentVolumeClaim shop/one", "Force=true makes"},
		{claim("", "a"), claim("Force=true,Replace=true", "b"), automated, "immutable-field data-loss PersistentVolumeClaim shop/one\nforced-replace outage PersistentVolumeClaim shop/one\nforced-replace outage PersistentVolumeClaim shop/one", "Force=true makes"},
		{claim("x", "a"), claim("", "b"), syncs("Force=true"), "immutable-field data-loss PersistentVolumeClaim shop/one\nforced-replace outage PersistentVolumeClaim shop/one", "Force=true makes"},
		{claim("Replace=true", "a"), claim("Replace=true", "b"), automated, "immutable-field replace PersistentVolumeClaim shop/one", "Replace=true is refused likewise"},
		{claim("", "a"), claim("Replace=true", "a"), automated, "forced-replace outage PersistentVolumeClaim shop/one", "--force"},
		{claim("Replace=true", "a"), claim("Replace=true,x", "a"), automated, "", ""},
	} {
		found, _ := judge(t, hop{left: c.left, right: c.right, live: automated, next: c.next}.input(t), immutable, forced)
		if brief(found) != c.want || len(found) > 0 && !strings.Contains(found[0].Why, c.says) {
			t.Errorf("%s\n%s\n%v: %q, want %q: %+v", c.left, c.right, c.next, brief(found), c.want, found)
		}
	}
	// Where a deletion costs little, Force=true makes it no worse than the refusal.
	deploy := func(label string) string {
		return "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: one, annotations: {argocd.argoproj.io/sync-options: Force=true}}\nspec: {selector: {a: " + label + "}}\n"
	}
	if found, _ := judge(t, hop{left: deploy("a"), right: deploy("b")}.input(t), immutable, forced); brief(found) != "immutable-field replace Deployment.apps one" {
		t.Errorf("%s", brief(found))
	}
}

func TestDestructiveChanges(t *testing.T) {
	set := func(replicas, scaled string) string {
		return object("apps/v1", "StatefulSet", "spec: {replicas: "+replicas+", volumeClaimTemplates: [{metadata: {name: d}}], persistentVolumeClaimRetentionPolicy: {whenScaled: "+scaled+"}}")
	}
	pg := func(spec string) string { return object("postgresql.cnpg.io/v1", "Database", "spec: {"+spec+"}") }
	cluster := func(spec string) string { return object("postgresql.cnpg.io/v1", "Cluster", "spec: {"+spec+"}") }
	for _, c := range []struct {
		left, right string
		want        bool
	}{
		{pg("ensure: present"), pg("ensure: absent"), true},
		{"", pg("ensure: absent"), true},
		{pg("ensure: absent"), pg("ensure: absent, owner: x"), false},
		{pg("ensure: absent"), pg("ensure: present"), false},
		{pg("schemas: [{name: a}, {name: b, ensure: absent}]"), pg("schemas: [{name: a, ensure: absent}, {name: b, ensure: absent}]"), true},
		{pg("extensions: [{name: a}]"), pg("extensions: [{name: a, ensure: absent}]"), true},
		{cluster("managed: {roles: [{name: a}]}"), cluster("managed: {roles: [{name: a, ensure: absent}]}"), true},
		{object("postgresql.cnpg.io/v1", "DatabaseRole", "spec: {}"), object("postgresql.cnpg.io/v1", "DatabaseRole", "spec: {ensure: absent}"), true},
		{set("3", "Delete"), set("2", "Delete"), true},
		{set("3", "Delete"), set("2", "Retain"), true},
		{set("3", "Retain"), set("2", "Retain"), false},
		{set("2", "Delete"), set("3", "Delete"), false},
		{set("3", "Delete"), set("3", "Retain"), false},
		{set("3", "Delete"), object("apps/v1", "StatefulSet", "spec: {volumeClaimTemplates: [{metadata: {name: d}}]}"), true},
	} {
		found, _ := judge(t, hop{left: c.left, right: c.right}.input(t), destructive)
		if len(found) != map[bool]int{true: 1}[c.want] || c.want && found[0].Severity != validate.DataLoss {
			t.Errorf("%s\n-> %s\n%+v", c.left, c.right, found)
		}
	}
}

func TestWeakened(t *testing.T) {
	guarded := `argocd.argoproj.io/sync-options: Prune=false`
	pxc := func(finalizers string) string {
		return "apiVersion: pxc.percona.com/v1\nkind: PerconaXtraDBCluster\nmetadata: {name: one, finalizers: [" + finalizers + "]}\n"
	}
	for _, c := range []struct{ left, right, says string }{
		{db("", "cleanupPolicy: Skip"), db("", "cleanupPolicy: Delete"), "loses spec.cleanupPolicy: Skip"},
		{db("", "cleanupPolicy: Skip"), db("", ""), "loses spec.cleanupPolicy: Skip"},
		{db("", ""), db("", "cleanupPolicy: Skip"), ""},
		{db(guarded, ""), db("", ""), "loses Prune=false"},
		{db(guarded, ""), db(`argocd.argoproj.io/sync-options: Prune=confirm`, ""), ""},
		{pxc(""), pxc("percona.com/delete-pxc-pvc"), "metadata.finalizers without"},
		{pxc("percona.com/delete-pxc-pvc"), pxc(""), ""},
		{deployment, deployment + "x: y\n", ""},
	} {
		found, _ := judge(t, hop{left: c.left, right: c.right}.input(t), weakened)
		if (len(found) == 1) != (c.says != "") || c.says != "" && (found[0].Severity != validate.Outage || !strings.Contains(found[0].Message, c.says)) {
			t.Errorf("%s\n-> %s\n%+v", c.left, c.right, found)
		}
	}
}

func TestDroppedVersions(t *testing.T) {
	v := func(name, rest string) string { return "{name: " + name + ", served: " + rest + "}" }
	both := definition("", v("v1", "true, storage: true")+", "+v("v1beta1", "true"))
	thing := "---\napiVersion: example.com/v1beta1\nkind: Thing\nmetadata: {name: a}\n"
	for _, c := range []struct{ left, right, want, says string }{
		{both, definition("", v("v1", "true, storage: true")), "crd-version outage", "drops version v1beta1"},
		{both, definition("", v("v1", "true, storage: true")+", "+v("v1beta1", "false")), "crd-version outage", "no longer serves version v1beta1"},
		{both, definition("", v("v1beta1", "true, storage: true")), "crd-version replace", "drops version v1, in which objects are stored"},
		{definition("", v("v1", "true, storage: true")), both, "", ""},
	} {
		found, _ := judge(t, hop{left: c.left + thing, right: c.right + thing}.input(t), servedVersion)
		want := strings.TrimSpace(c.want + " CustomResourceDefinition.apiextensions.k8s.io things.example.com")
		if c.want == "" {
			want = ""
		}
		if brief(found) != want || c.says != "" && !strings.Contains(found[0].Message, c.says) {
			t.Errorf("%s\n-> %s\n%+v", c.left, c.right, found)
		}
		if strings.Contains(c.says, "v1beta1") && !strings.Contains(found[0].Why, "Thing.example.com a") {
			t.Errorf("who still uses it: %+v", found)
		}
	}
}

func TestQuantity(t *testing.T) {
	for text, want := range map[any]string{"10Gi": "10737418240", "1500M": "1500000000", "500m": "1/2", "1e3": "1000", int64(5): "5", "0.5Ki": "512", "": "", "x": "", "1/2": "", "1e999999999": "", "1E999999999": "", "0x10": ""} {
		q, ok := quantity(text)
		if ok != (want != "") || ok && q.RatString() != want {
			t.Errorf("%v is %s, %t, want %q", text, q.RatString(), ok, want)
		}
	}
}

// What was lost while an app was not pruned goes when it is.
func TestPruneThatIsTurnedOnIsSaid(t *testing.T) {
	const object = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\n"
	for _, c := range []struct{ was, is, want bool }{{false, true, true}, {true, true, false}, {false, false, false}, {true, false, false}} {
		in := hop{left: object, right: object}.input(t)
		in.Changes[0].Left.App.Sync.Prune, in.Changes[0].Right.App.Sync.Prune = c.was, c.is
		if found, _ := judge(t, in, weakened); (len(found) == 1) != c.want {
			t.Errorf("prune %v, then %v: %+v", c.was, c.is, found)
		}
	}
}
