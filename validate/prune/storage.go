package prune

import "sluice/validate"

// storage are the kinds that hold bytes.
// Sources: the Kubernetes documentation and the operators', as each row names them.
var storage = []row{
	{
		group: "cdi.kubevirt.io", kinds: "DataVolume", severity: validate.DataLoss, destroys: "it owns its volume claim, which goes with it", fix: pvRetain,
		source: "containerized-data-importer docs, datavolumes",
	},
	{
		group: "kubevirt.io", kinds: "VirtualMachine", only: "spec dataVolumeTemplates", severity: validate.DataLoss,
		destroys: "the machine stops, and the DataVolumes of its templates go with it, disks included", fix: pvRetain, source: "KubeVirt user guide, DataVolumes, DataVolume VM behavior",
	},
	{group: "kubevirt.io", kinds: "VirtualMachine VirtualMachineInstance VirtualMachinePool", severity: validate.Outage, destroys: "the machine stops", source: "KubeVirt user guide, Lifecycle"},
	{
		group: "cluster.x-k8s.io", kinds: "Cluster", severity: validate.DataLoss, destroys: "the whole cluster that it stands for is deleted, its machines and their disks included",
		source: "Cluster API book, Delete a workload cluster",
	},
	{
		group: "", kinds: "PersistentVolumeClaim", severity: validate.DataLoss,
		destroys: "its volume is released, and deleted where its reclaim policy is Delete, as that of dynamically provisioned volumes is by default; protection of claims in use only delays it",
		fix:      "put Prune=false on the live claim, or persistentVolumeReclaimPolicy: Retain on its volume, before it goes",
		source:   "Kubernetes docs, Persistent Volumes, Reclaiming",
	},
	{
		group: "", kinds: "PersistentVolume", severity: validate.DataLoss, destroys: "the storage behind it is deleted (from Kubernetes 1.31 on also where the volume goes before its claim)",
		keeps: policy("spec persistentVolumeReclaimPolicy", true, "Retain"), kept: validate.Outage, source: "Kubernetes docs, Persistent Volumes; KEP-2644",
	},
	{
		group: "storage.k8s.io", kinds: "StorageClass", severity: validate.Outage, destroys: "claims that name it wait for ever; volumes that it made stay",
		source: "Kubernetes docs, Storage Classes",
	},
	{
		group: "apps", kinds: "StatefulSet", only: "spec volumeClaimTemplates", severity: validate.DataLoss, destroys: "its pods and the volume claims that it made are deleted",
		keeps: policy("spec persistentVolumeClaimRetentionPolicy whenDeleted", true, "Retain"), kept: validate.Outage,
		source: "Kubernetes docs, StatefulSet, PersistentVolumeClaim retention",
	},
	{
		group: "snapshot.storage.k8s.io", kinds: "VolumeSnapshot", severity: validate.DataLoss,
		destroys: "the snapshot in the storage is deleted where its content says deletionPolicy: Delete",
		fix:      "set deletionPolicy: Retain on its VolumeSnapshotContent before it goes", source: "external-snapshotter types.go",
	},
	{
		group: "snapshot.storage.k8s.io", kinds: "VolumeSnapshotContent", severity: validate.DataLoss, destroys: "the snapshot in the storage is deleted",
		keeps: policy("spec deletionPolicy", false, "Retain"), source: "external-snapshotter types.go",
	},
	{
		group: "snapshot.storage.k8s.io", kinds: "VolumeSnapshotClass", severity: validate.Outage, destroys: "no further snapshot of the class is taken; each content has its own copy of the policy",
		source: "external-snapshotter types.go",
	},
	{
		group: "groupsnapshot.storage.k8s.io", kinds: "*", severity: validate.DataLoss, destroys: "the snapshots of the group are deleted with it where the policy is Delete",
		source: "external-snapshotter types.go",
	},
	{
		group: "longhorn.io", kinds: "Volume BackingImage Backup BackupVolume Snapshot Engine Replica Node", severity: validate.DataLoss,
		destroys: "Longhorn deletes the blocks that it stands for", fix: pvRetain, source: "Longhorn docs, CRD reference; chart README",
	},
	{
		group: "longhorn.io", kinds: "*", severity: validate.Outage, destroys: "Longhorn falls back to its defaults",
		source: "Longhorn chart README",
	},
	{
		group: "ceph.rook.io", kinds: "CephCluster", severity: validate.DataLoss, destroys: "Rook wipes the disks of its hosts",
		keeps: switched("spec cleanupPolicy confirmation", "yes-really-destroy-data"), kept: validate.Outage, source: "Rook docs, CephCluster CRD, Cleanup Policy",
	},
	{
		group: "ceph.rook.io", kinds: "CephFilesystem", severity: validate.DataLoss, destroys: "Rook deletes the file system with its pools",
		keeps: policy("spec preserveFilesystemOnDelete", false, "true"), kept: validate.Outage, source: "Rook docs, CephFilesystem CRD",
	},
	{
		group: "ceph.rook.io", kinds: "CephObjectStore CephObjectZone", severity: validate.DataLoss, destroys: "Rook deletes the pools with the objects in them",
		keeps: policy("spec preservePoolsOnDelete", false, "true"), kept: validate.Outage, source: "Rook docs, CephObjectStore CRD",
	},
	{
		group: "ceph.rook.io", kinds: "*", severity: validate.DataLoss, destroys: "Rook deletes what it stands for in Ceph; that it stays is documented nowhere, so it counts as lost",
		source: "Rook docs",
	},
	{
		group: "objectbucket.io", kinds: "ObjectBucketClaim ObjectBucket", severity: validate.DataLoss, destroys: "its bucket is deleted with the objects in it where the storage class says Delete",
		source: "Rook docs, Object Bucket Claim",
	},
	{
		group: "velero.io", kinds: "Schedule", severity: validate.Outage, destroys: "no further backup is taken; with useOwnerReferencesInBackup its Backup objects go too, the stored data stays",
		source: "velero docs schedule, backup-reference",
	},
	{
		group: "velero.io", kinds: "*", severity: validate.Outage, destroys: "Velero no longer knows it; the stored data stays, and goes only through its command line or a DeleteBackupRequest",
		source: "velero docs backup-reference",
	},
}

// secrets are the kinds that hold or make secret material.
// Sources: the operators' documentation, as each row names them.
var secrets = []row{
	{
		group: "external-secrets.io", kinds: "ExternalSecret", severity: validate.SecretLoss,
		destroys: "its Secret is garbage-collected with it (target.deletionPolicy is about losses in the provider, not about this)",
		keeps:    policy("spec target creationPolicy", false, "Orphan", "Merge", "None"), source: "External Secrets docs, ownership and deletion policy",
	},
	{
		group: "external-secrets.io", kinds: "ClusterExternalSecret", severity: validate.Cascade, destroys: "its ExternalSecrets in all namespaces go, and their Secrets with them",
		source: "External Secrets API reference",
	},
	{
		group: "external-secrets.io", kinds: "PushSecret", severity: validate.SecretLoss, destroys: "the secret in the provider is deleted",
		keeps: policy("spec deletionPolicy", true, "None"), source: "External Secrets API reference, PushSecret",
	},
	{group: "external-secrets.io", kinds: "*", severity: validate.Outage, destroys: "Secrets are no longer refreshed", source: "External Secrets docs"},
	{
		group: "bitnami.com", kinds: "SealedSecret", severity: validate.SecretLoss, destroys: "its Secret is garbage-collected with it",
		keeps:  policy("spec template metadata annotations sealedsecrets.bitnami.com/skip-set-owner-references", false, "true"),
		source: "sealed-secrets README",
	},
	{group: "isindir.github.com", kinds: "SopsSecret", severity: validate.SecretLoss, destroys: "the Secrets that it owns go with it", source: "isindir sops-secrets-operator README"},
	{
		group: "clustersecret.io", kinds: "ClusterSecret", severity: validate.Cascade, destroys: "its copies in every namespace are deleted",
		source: "zakkg3 ClusterSecret README",
	},
	{
		group: "secretgenerator.mittwald.de", kinds: "*", severity: validate.SecretLoss, destroys: "its Secret goes with it, and comes back with another random value",
		source: "kubernetes-secret-generator README",
	},
	{
		group: "cert-manager.io", kinds: "Certificate", severity: validate.Outage,
		destroys: "it is no longer renewed; its Secret stays unless cert-manager runs with --enable-certificate-owner-ref", source: "cert-manager docs, controller options",
	},
	{group: "cert-manager.io", kinds: "*", severity: validate.Outage, destroys: "certificates are no longer issued and renewed", source: "cert-manager docs"},
	{group: "trust.cert-manager.io", kinds: "Bundle", severity: validate.Cascade, destroys: "its copies in every namespace are deleted", source: "trust-manager docs"},
	{
		group: "secrets.hashicorp.com", kinds: "VaultDynamicSecret VaultPKISecret", severity: validate.SecretLoss, destroys: "the lease or certificate is revoked in Vault, and its Secret goes",
		keeps: switched("spec revoke", "true"), kept: validate.SecretLoss, source: "vault-secrets-operator API reference",
	},
	{group: "secrets.hashicorp.com", kinds: "VaultStaticSecret", severity: validate.SecretLoss, destroys: "the Secret that it made goes with it", source: "vault-secrets-operator API reference"},
	{group: "secrets.hashicorp.com", kinds: "*", severity: validate.Outage, destroys: "Secrets are no longer refreshed", source: "vault-secrets-operator API reference"},
	// A Secret whose value stands in the tree comes back from there. One that something else fills, or that others are
	// made from, does not.
	{
		group: "", kinds: "Secret", only: "metadata labels sealedsecrets.bitnami.com/sealed-secrets-key", severity: validate.SecretLoss,
		destroys: "no SealedSecret that was made for this key can ever be decrypted again", source: "sealed-secrets README",
	},
	{
		group: "", kinds: "Secret ConfigMap", only: "metadata annotations reflector.v1.k8s.emberstack.com/reflection-auto-enabled", severity: validate.Cascade,
		destroys: "its mirrors in other namespaces are deleted", source: "kubernetes-reflector README",
	},
	{
		group: "", kinds: "Secret", only: "metadata annotations secret-generator.v1.mittwald.de/autogenerate", severity: validate.SecretLoss,
		destroys: "the generated value is gone, and comes back as another one", source: "kubernetes-secret-generator README",
	},
	{
		group: "", kinds: "Secret", only: "data", severity: validate.Outage, destroys: "what reads it fails at its next start; the value stands in the tree that is replaced",
		source: "Kubernetes docs, Secrets",
	},
	{
		group: "", kinds: "Secret", only: "stringData", severity: validate.Outage, destroys: "what reads it fails at its next start; the value stands in the tree that is replaced",
		source: "Kubernetes docs, Secrets",
	},
	{
		group: "", kinds: "Secret", severity: validate.SecretLoss, destroys: "its manifest holds no value, so something else filled it, and what that wrote is gone",
		source: "Kubernetes docs, Secrets",
	},
}
