package reference

// platformMakers are operators of monitoring, storage and networks.
// Sources: as each row names them.
var platformMakers = []maker{
	{
		group: "monitoring.coreos.com", kinds: "Prometheus PrometheusAgent", services: "prometheus-operated",
		secrets: "prometheus-{name} prometheus-{name}-web-config prometheus-{name}-tls-assets-0", configs: "prometheus-{name}-rulefiles-0",
		pods: "app.kubernetes.io/name=prometheus,operator.prometheus.io/name={name},prometheus={name},app.kubernetes.io/instance={name} " +
			"app.kubernetes.io/name=prometheus-agent,operator.prometheus.io/name={name},app.kubernetes.io/instance={name}",
		source: "prometheus-operator pkg/prometheus/server/statefulset.go",
	},
	{
		group: "monitoring.coreos.com", kinds: "Alertmanager", services: "alertmanager-operated", secrets: "alertmanager-{name}-generated alertmanager-{name}-tls-assets-0 alertmanager-{name}",
		pods: "app.kubernetes.io/name=alertmanager,alertmanager={name},app.kubernetes.io/instance={name}", source: "prometheus-operator pkg/alertmanager/statefulset.go",
	},
	{
		group: "monitoring.coreos.com", kinds: "ThanosRuler", services: "thanos-ruler-operated", pods: "app.kubernetes.io/name=thanos-ruler,thanos-ruler={name},app.kubernetes.io/instance={name}",
		source: "prometheus-operator pkg/thanos/statefulset.go",
	},
	{
		group: "opentelemetry.io", kinds: "OpenTelemetryCollector", services: "{name}-collector {name}-collector-headless {name}-collector-monitoring", accounts: "{spec.serviceAccount|name}-collector",
		configs: "{name}-collector", pods: "app.kubernetes.io/component=opentelemetry-collector,app.kubernetes.io/name={name}-collector", source: "opentelemetry-operator internal/naming",
	},
	{group: "jaegertracing.io", kinds: "Jaeger", services: "{name}-query {name}-collector {name}-collector-headless {name}-agent", accounts: "{name}", pods: "app.kubernetes.io/instance={name}", source: "jaeger-operator docs"},
	{
		group: "grafana.integreatly.org", kinds: "Grafana", services: "{name}-service", secrets: "{name}-admin-credentials", accounts: "{name}-sa", configs: "{name}-ini", claims: "{name}-pvc",
		pods: "app={name}", source: "grafana-operator controllers/model",
	},
	{
		group: "operator.victoriametrics.com", kinds: "VMSingle VMAgent VMAlert VMAlertmanager VMAuth VMCluster",
		services: "vmsingle-{name} vmagent-{name} vmalert-{name} vmalertmanager-{name} vmauth-{name} vmselect-{name} vminsert-{name} vmstorage-{name}",
		accounts: "vmsingle-{name} vmagent-{name} vmalert-{name} vmalertmanager-{name} vmauth-{name} vmcluster-{name}", pods: "app.kubernetes.io/instance={name}", source: "VictoriaMetrics operator api naming",
	},
	{
		group: "ceph.rook.io", kinds: "CephCluster", services: "rook-ceph-mgr rook-ceph-mgr-dashboard rook-ceph-exporter",
		secrets: "rook-ceph-mon rook-ceph-dashboard-password rook-ceph-config rook-csi-rbd-node rook-csi-rbd-provisioner rook-csi-cephfs-node rook-csi-cephfs-provisioner rook-ceph-admin-keyring",
		configs: "rook-ceph-mon-endpoints rook-config-override rook-ceph-csi-config", pods: "rook_cluster={name} app=rook-ceph-mgr app=rook-ceph-mon app=rook-ceph-osd app=rook-ceph-exporter",
		source: "rook pkg/operator/ceph",
	},
	{group: "ceph.rook.io", kinds: "CephObjectStore", services: "rook-ceph-rgw-{name}", pods: "app=rook-ceph-rgw,rook_object_store={name}", source: "rook pkg/operator/ceph/object"},
	{group: "ceph.rook.io", kinds: "CephObjectStoreUser", secrets: "rook-ceph-object-user-{spec.store}-{name}", source: "rook docs object-store user"},
	{group: "ceph.rook.io", kinds: "CephFilesystem CephNFS", pods: "app=rook-ceph-mds,rook_file_system={name}", services: "rook-ceph-nfs-{name}-a", source: "rook pkg/operator/ceph"},
	{group: "ceph.rook.io", kinds: "CephBlockPool CephClient CephFilesystemSubVolumeGroup", secrets: "rook-ceph-client-{name}", source: "rook docs"},
	{group: "objectbucket.io", kinds: "ObjectBucketClaim", secrets: "{name}:AWS_ACCESS_KEY_ID,AWS_SECRET_ACCESS_KEY", configs: "{name}:BUCKET_HOST,BUCKET_NAME,BUCKET_PORT,BUCKET_REGION,BUCKET_SUBREGION", source: "lib-bucket-provisioner docs"},
	{group: "serving.knative.dev", kinds: "Service", services: "{name}", source: "knative serving spec"},
	{group: "argoproj.io", kinds: "ArgoCD", services: "{name}-server {name}-repo-server {name}-redis {name}-metrics", source: "argocd-operator docs"},
	{group: "cdi.kubevirt.io", kinds: "DataVolume", claims: "{name}", source: "containerized-data-importer docs datavolumes"},
	{group: "volsync.backube", kinds: "ReplicationDestination ReplicationSource", claims: "{spec.restic.destinationPVC|name}", secrets: "volsync-{name}", source: "volsync docs"},
	{group: "gateway.networking.k8s.io", kinds: "Gateway", services: "{name} {name}-{spec.gatewayClassName}", source: "istio docs gateway-api automated deployment"},
	{group: "batch.volcano.sh", kinds: "Job", pods: "volcano.sh/job-name={name}", source: "volcano docs"},
	{group: "keycloak.org", kinds: "Keycloak", services: "{name} {name}-service {name}-discovery keycloak keycloak-discovery", secrets: "{name}-initial-admin credential-{name}", pods: "app=keycloak", source: "keycloak operator docs"},
}

// secretMakers are controllers whose whole purpose is a Secret or ConfigMap. Those with keys are in special.
// Sources: as each row names them.
var secretMakers = []maker{
	{group: "secrets.hashicorp.com", kinds: "VaultStaticSecret VaultDynamicSecret VaultPKISecret HCPVaultSecretsApp", secrets: "{spec.destination.name}", source: "vault-secrets-operator docs api-reference"},
	{group: "ricoberger.de", kinds: "VaultSecret", secrets: "{name}", source: "ricoberger vault-secrets-operator README"},
	{group: "redhatcop.redhat.io", kinds: "VaultSecret", secrets: "{spec.output.name|name}", source: "vault-config-operator docs"},
	{group: "secrets.infisical.com", kinds: "InfisicalSecret", secrets: "{spec.managedSecretReference.secretName|spec.managedKubeSecretReferences.[].secretName}", source: "infisical operator docs"},
	{group: "secrets.doppler.com", kinds: "DopplerSecret", secrets: "{spec.managedSecret.name}", source: "doppler kubernetes-operator README"},
	{group: "onepassword.com", kinds: "OnePasswordItem", secrets: "{name}", source: "onepassword-operator USAGEGUIDE"},
	{group: "k8s.bitwarden.com", kinds: "BitwardenSecret", secrets: "{spec.secretName}", source: "bitwarden sm-operator README"},
	{group: "spv.no", kinds: "AzureKeyVaultSecret", secrets: "{spec.output.secret.name}", configs: "{spec.output.configMap.name}", source: "akv2k8s docs"},
	{group: "kubernetes-client.io", kinds: "ExternalSecret", secrets: "{name}", source: "kubernetes-external-secrets README"},
	{group: "secretgenerator.mittwald.de", kinds: "StringSecret BasicAuth SSHKeyPair", secrets: "{name}", source: "kubernetes-secret-generator README"},
	{group: "isindir.github.com", kinds: "SopsSecret", secrets: "{spec.secretTemplates.[].name|spec.secret_templates.[].name}", source: "sops-secrets-operator README"},
	{group: "secrets-store.csi.x-k8s.io", kinds: "SecretProviderClass", secrets: "{spec.secretObjects.[].secretName}", source: "secrets-store-csi-driver docs sync-as-kubernetes-secret"},
	{group: "db.movetokube.com", kinds: "PostgresUser", secrets: "{spec.secretName}-{name} {spec.secretName}", source: "ext-postgres-operator README"},
}
