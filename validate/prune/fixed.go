package prune

// fixed is what may not change on objects of some kinds once they are there.
type fixed struct {
	group, kinds string
	// fields are paths as [field] has them; each is compared whole.
	fields []string
	// but makes it every field of the first path except these.
	but []string
	// since and until bound the Kubernetes minors for which the row holds; zero is without bound.
	since, until int
	// given are fields that the cluster fills in where the live manifest does not state them, so that stating one may be
	// no change at all. That cannot be judged without the cluster.
	given []string
	// initial are the values of fields that are not stated.
	initial map[string]any
	unless  string // "path=value"; where either side says so the row does not count
	when    string // "path=value"; only where the live side says so
	cost    string // what deleting and creating anew costs
	by      string // who refuses the change
	custom  bool   // of a custom resource, whose definition may bring the rule itself
	source  string
}

const (
	apiServer = "the API server"
	webhook   = "the operator's webhook"
)

// fixeds are the fields that do not change, by kind.
// Source: the validation of Kubernetes v1.24 to v1.36 (pkg/apis/*/validation), and the operators' webhooks and rules as
// each row names them.
var fixeds = []fixed{
	{group: "apps", kinds: "Deployment ReplicaSet DaemonSet", fields: []string{"spec selector"}, cost: "its pods are deleted and start anew", by: apiServer, source: "Kubernetes pkg/apis/apps/validation"},
	{
		group: "apps", kinds: "StatefulSet", fields: []string{"spec"}, until: 32,
		but:     []string{"replicas", "ordinals", "template", "updateStrategy", "persistentVolumeClaimRetentionPolicy", "minReadySeconds"},
		initial: map[string]any{"podManagementPolicy": "OrderedReady", "revisionHistoryLimit": int64(10)},
		cost:    "it is deleted with its pods; the claims stay unless whenDeleted says Delete, with their old size", by: apiServer, source: "Kubernetes pkg/apis/apps/validation, ValidateStatefulSetUpdate",
	},
	{
		group: "apps", kinds: "StatefulSet", fields: []string{"spec"}, since: 33,
		but:     []string{"replicas", "ordinals", "template", "updateStrategy", "persistentVolumeClaimRetentionPolicy", "minReadySeconds", "revisionHistoryLimit"},
		initial: map[string]any{"podManagementPolicy": "OrderedReady"},
		cost:    "it is deleted with its pods; the claims stay unless whenDeleted says Delete, with their old size", by: apiServer, source: "Kubernetes pkg/apis/apps/validation, ValidateStatefulSetUpdate",
	},
	{
		group: "batch", kinds: "Job", unless: "spec suspend=true",
		fields: []string{"spec template", "spec selector", "spec completionMode", "spec podFailurePolicy", "spec backoffLimitPerIndex", "spec managedBy", "spec successPolicy"},
		cost:   "it runs again", by: apiServer, source: "Kubernetes pkg/apis/batch/validation, ValidateJobSpecUpdate",
	},
	{
		group: "batch", kinds: "Job", fields: []string{"spec selector", "spec completionMode", "spec podFailurePolicy", "spec backoffLimitPerIndex", "spec managedBy", "spec successPolicy"}, when: "spec suspend=true",
		cost: "it runs again", by: apiServer, source: "Kubernetes pkg/apis/batch/validation, ValidateJobSpecUpdate",
	},
	{
		group: "batch", kinds: "Job", unless: "spec completionMode=Indexed", fields: []string{"spec completions"},
		cost: "it runs again", by: apiServer, source: "Kubernetes pkg/apis/batch/validation, validateCompletions",
	},
	{
		group: "", kinds: "PersistentVolumeClaim", fields: []string{"spec"}, but: []string{"resources"}, until: 28,
		given: []string{"storageClassName", "volumeName"}, initial: map[string]any{"volumeMode": "Filesystem"},
		cost: "the claim is deleted, with its volume where that does not say Retain", by: apiServer, source: "Kubernetes pkg/apis/core/validation, ValidatePersistentVolumeClaimUpdate",
	},
	{
		group: "", kinds: "PersistentVolumeClaim", fields: []string{"spec"}, but: []string{"resources", "volumeAttributesClassName"}, since: 29,
		given: []string{"storageClassName", "volumeName"}, initial: map[string]any{"volumeMode": "Filesystem"},
		cost: "the claim is deleted, with its volume where that does not say Retain", by: apiServer, source: "Kubernetes pkg/apis/core/validation, ValidatePersistentVolumeClaimUpdate",
	},
	{
		group: "", kinds: "PersistentVolume", fields: []string{"spec"},
		but:     []string{"capacity", "accessModes", "persistentVolumeReclaimPolicy", "storageClassName", "mountOptions", "claimRef", "nodeAffinity", "volumeAttributesClassName"},
		initial: map[string]any{"volumeMode": "Filesystem"},
		cost:    "the volume is deleted, with the storage behind it where it does not say Retain", by: apiServer, source: "Kubernetes pkg/apis/core/validation, ValidatePersistentVolumeUpdate",
	},
	{
		group: "", kinds: "Service", fields: []string{"spec clusterIP", "spec clusterIPs [0]", "spec loadBalancerClass", "spec healthCheckNodePort", "spec ipFamilies [0]"},
		given: []string{"clusterIP", "clusterIPs", "loadBalancerClass", "healthCheckNodePort", "ipFamilies"},
		cost:  "it comes back with another address; DNS and load balancers follow late", by: apiServer, source: "Kubernetes pkg/apis/core/validation, ValidateServiceUpdate",
	},
	{group: "rbac.authorization.k8s.io", kinds: "RoleBinding ClusterRoleBinding", fields: []string{"roleRef"}, cost: "the permission is gone for a moment", by: apiServer, source: "Kubernetes pkg/apis/rbac/validation"},
	{
		group: "", kinds: "ConfigMap Secret", when: "immutable=true", fields: []string{"immutable", "data", "binaryData", "stringData"},
		cost: "what reads it fails for a moment; a new name is the way meant", by: apiServer, source: "Kubernetes docs, ConfigMaps, Immutable",
	},
	{group: "", kinds: "Secret", fields: []string{"type"}, initial: map[string]any{"type": "Opaque"}, cost: "the Secret is deleted, and with it what was not in the manifest", by: apiServer, source: "Kubernetes pkg/apis/core/validation, ValidateSecretUpdate"},
	{
		group: "storage.k8s.io", kinds: "StorageClass", fields: []string{"parameters", "provisioner", "reclaimPolicy", "volumeBindingMode"},
		initial: map[string]any{"reclaimPolicy": "Delete", "volumeBindingMode": "Immediate"}, cost: "volumes that it made stay as they are", by: apiServer, source: "Kubernetes pkg/apis/storage/validation",
	},
	{group: "storage.k8s.io", kinds: "VolumeAttributesClass", fields: []string{"driverName", "parameters"}, cost: "claims that name it wait", by: apiServer, source: "Kubernetes pkg/apis/storage/validation"},
	{group: "storage.k8s.io", kinds: "VolumeAttachment", fields: []string{"spec"}, cost: "the volume is detached", by: apiServer, source: "Kubernetes pkg/apis/storage/validation"},
	{
		group: "storage.k8s.io", kinds: "CSIDriver", fields: []string{"spec attachRequired", "spec volumeLifecycleModes"}, initial: map[string]any{"attachRequired": true},
		cost: "volumes of the driver cannot be attached for a moment", by: apiServer, source: "Kubernetes pkg/apis/storage/validation",
	},
	{group: "networking.k8s.io", kinds: "IngressClass", fields: []string{"spec controller"}, cost: "its Ingresses are served by nobody for a moment", by: apiServer, source: "Kubernetes pkg/apis/networking/validation"},
	{
		group: "scheduling.k8s.io", kinds: "PriorityClass", fields: []string{"value", "preemptionPolicy"}, initial: map[string]any{"preemptionPolicy": "PreemptLowerPriority"},
		cost: "pods that name it are refused for a moment", by: apiServer, source: "Kubernetes pkg/apis/scheduling/validation",
	},
	{group: "node.k8s.io", kinds: "RuntimeClass", fields: []string{"handler"}, cost: "pods that name it are refused for a moment", by: apiServer, source: "Kubernetes pkg/apis/node/validation"},
	{group: "discovery.k8s.io", kinds: "EndpointSlice", fields: []string{"addressType"}, cost: "its addresses are gone for a moment", by: apiServer, source: "Kubernetes pkg/apis/discovery/validation"},
	{group: "resource.k8s.io", kinds: "ResourceClaim ResourceClaimTemplate", fields: []string{"spec"}, cost: "the devices are released", by: apiServer, source: "Kubernetes pkg/apis/resource/validation"},
	{group: "", kinds: "ResourceQuota", fields: []string{"spec scopes"}, cost: "nothing limits for a moment", by: apiServer, source: "Kubernetes pkg/apis/core/validation, ValidateResourceQuotaUpdate"},
	{
		group: "apiextensions.k8s.io", kinds: "CustomResourceDefinition", fields: []string{"spec group", "spec names plural", "spec names kind", "spec scope"},
		cost: "every object of its kind is deleted", by: apiServer, source: "Kubernetes apiextensions validation, ValidateCustomResourceDefinitionUpdate",
	},
	{
		group: "postgresql.cnpg.io", kinds: "Database", custom: true, by: "a rule of its definition",
		fields: []string{
			"spec cluster", "spec name", "spec encoding", "spec locale", "spec localeProvider", "spec localeCollate", "spec localeCType",
			"spec icuLocale", "spec icuRules", "spec builtinLocale", "spec collationVersion",
		},
		cost: "the database is dropped where databaseReclaimPolicy says delete, and created empty", source: "cloudnative-pg api/v1 database_types.go",
	},
	{group: "postgresql.cnpg.io", kinds: "Backup", custom: true, fields: []string{"spec"}, by: "a rule of its definition", cost: "the record of the backup is gone", source: "cloudnative-pg api/v1 backup_types.go"},
	{
		group: "postgresql.cnpg.io", kinds: "DatabaseRole", custom: true, fields: []string{"spec name", "spec cluster"}, by: "a rule of its definition",
		cost: "the role is dropped and created", source: "cloudnative-pg api/v1 (1.30)",
	},
	{
		group: "postgresql.cnpg.io", kinds: "Cluster", fields: []string{"spec postgresUID", "spec postgresGID"}, initial: map[string]any{"postgresUID": int64(26), "postgresGID": int64(26)},
		by: webhook, cost: "its volume claims and Secrets are deleted with it", source: "cloudnative-pg webhook cluster_webhook.go",
	},
	{
		group: "k8s.mariadb.com", kinds: "Database", fields: []string{"spec mariaDbRef", "spec name", "spec characterSet", "spec collate"},
		initial: map[string]any{"characterSet": "utf8", "collate": "utf8_general_ci"},
		by:      webhook, cost: "the database is dropped unless cleanupPolicy says Skip, and created empty", source: "mariadb-operator api/v1alpha1 database_types.go, webhook tags",
	},
	{
		group: "k8s.mariadb.com", kinds: "Grant", fields: []string{"spec mariaDbRef", "spec database", "spec table", "spec username", "spec host", "spec grantOption"},
		initial: map[string]any{"database": "*", "table": "*", "grantOption": false},
		by:      webhook, cost: "the privileges are revoked and granted", source: "mariadb-operator api/v1alpha1 grant_types.go, webhook tags",
	},
	{group: "k8s.mariadb.com", kinds: "User", fields: []string{"spec mariaDbRef"}, by: webhook, cost: "the user is dropped and created", source: "mariadb-operator api/v1alpha1 user_types.go, webhook tags"},
	{group: "k8s.mariadb.com", kinds: "SqlJob Restore Connection", fields: []string{"spec mariaDbRef"}, by: webhook, cost: "it runs again", source: "mariadb-operator api/v1alpha1, webhook tags"},
	{group: "k8s.mariadb.com", kinds: "Backup PhysicalBackup", fields: []string{"spec mariaDbRef", "spec storage"}, by: webhook, cost: "backups may go with it", source: "mariadb-operator api/v1alpha1 backup_types.go, webhook tags"},
	{
		group: "k8s.mariadb.com", kinds: "MariaDB", fields: []string{"spec database", "spec username", "spec timeZone", "spec storage storageClassName", "spec galera config volumeClaimTemplate"},
		by: webhook, cost: "its volume claims go with it unless pvcRetentionPolicy says Retain", source: "mariadb-operator api/v1alpha1 mariadb_types.go, webhook tags",
	},
	{
		group: "snapshot.storage.k8s.io", kinds: "VolumeSnapshot", custom: true, fields: []string{"spec source", "spec volumeSnapshotClassName"}, by: "a rule of its definition",
		given: []string{"volumeSnapshotClassName"}, cost: "the snapshot is deleted where its content says Delete", source: "external-snapshotter types.go",
	},
}

// shrink is a size that may grow and not shrink, or a part that may not be taken away.
type shrink struct {
	group, kinds string
	size         string // a path to a quantity
	part         string // a path that must stay stated, with "[] name" for the elements of a list
	by, source   string
}

var shrinks = []shrink{
	{group: "", kinds: "PersistentVolumeClaim", size: "spec resources requests storage", by: apiServer, source: "Kubernetes pkg/apis/core/validation: a claim does not go below its capacity"},
	{group: "k8s.mariadb.com", kinds: "MariaDB", size: "spec storage size", by: webhook, source: "mariadb-operator webhook mariadb_webhook.go, validateUpdateStorage"},
	{group: "postgresql.cnpg.io", kinds: "Cluster", size: "spec storage size", by: webhook, source: "cloudnative-pg webhook cluster_webhook.go"},
	{group: "postgresql.cnpg.io", kinds: "Cluster", size: "spec walStorage size", by: webhook, source: "cloudnative-pg webhook cluster_webhook.go"},
	{group: "postgresql.cnpg.io", kinds: "Cluster", part: "spec walStorage", by: webhook, source: "cloudnative-pg webhook cluster_webhook.go"},
	{group: "postgresql.cnpg.io", kinds: "Cluster", part: "spec tablespaces [] name", by: webhook, source: "cloudnative-pg webhook cluster_webhook.go"},
}
