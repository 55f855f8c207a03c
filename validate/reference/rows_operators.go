package reference

// Kinds that several rows are about.
const (
	cnpg     = "Cluster.postgresql.cnpg.io"
	mariadb  = "MariaDB.k8s.mariadb.com"
	external = "ExternalMariaDB.k8s.mariadb.com"
)

// databaseRows are about operators of databases and queues.
// Sources: cloudnative-pg API reference v1, mariadb-operator API reference, strimzi, rabbitmq topology operator and
// cloud-on-k8s API references.
var databaseRows = []row{
	{
		rule: operatorRef, at: "spec.cluster", to: cnpg,
		from: "ScheduledBackup.postgresql.cnpg.io Backup.postgresql.cnpg.io Pooler.postgresql.cnpg.io Database.postgresql.cnpg.io " +
			"Publication.postgresql.cnpg.io Subscription.postgresql.cnpg.io DatabaseRole.postgresql.cnpg.io",
	},
	{rule: missingConfig, from: cnpg, at: "spec.superuserSecret", to: "Secret", needs: "username,password"},
	{rule: missingConfig, from: cnpg, at: "spec.bootstrap.{}.secret", to: "Secret", needs: "username,password"},
	{rule: missingConfig, from: cnpg, at: "spec.managed.roles.[].passwordSecret", to: "Secret", needs: "username,password"},
	{rule: missingConfig, from: cnpg, at: "spec.monitoring.customQueriesConfigMap.[]", to: "ConfigMap"},
	{rule: missingConfig, from: cnpg, at: "spec.monitoring.customQueriesSecret.[]", to: "Secret"},
	{rule: missingConfig, from: cnpg, at: "spec.backup.barmanObjectStore.{}.{}", to: "Secret"},
	{rule: missingConfig, from: cnpg, at: "spec.backup.barmanObjectStore.endpointCA", to: "Secret"},
	{rule: missingConfig, from: cnpg, at: "spec.externalClusters.[].password", to: "Secret"},
	{rule: missingConfig, from: cnpg, at: "spec.externalClusters.[].barmanObjectStore.{}.{}", to: "Secret"},
	{rule: missingConfig, from: cnpg, at: "spec.certificates.serverTLSSecret", to: "Secret", needs: "tls.crt,tls.key"},
	{rule: missingConfig, from: cnpg, at: "spec.certificates.serverCASecret", to: "Secret"},
	{rule: missingConfig, from: cnpg, at: "spec.certificates.clientCASecret", to: "Secret"},
	{rule: missingConfig, from: cnpg, at: "spec.certificates.replicationTLSSecret", to: "Secret", needs: "tls.crt,tls.key"},
	{rule: missingConfig, from: cnpg, at: "spec.bootstrap.initdb.{}.secretRefs.[]", to: "Secret"},
	{rule: missingConfig, from: cnpg, at: "spec.bootstrap.initdb.{}.configMapRefs.[]", to: "ConfigMap"},
	{rule: missingPull, from: cnpg, at: "spec.imagePullSecrets.[]", to: "Secret"},
	{rule: operatorRef, from: cnpg, at: "spec.bootstrap.recovery.backup", to: "Backup.postgresql.cnpg.io"},
	{rule: operatorRef, from: cnpg, at: "spec.imageCatalogRef", to: "ImageCatalog.postgresql.cnpg.io ClusterImageCatalog.postgresql.cnpg.io"},
	{rule: operatorRef, from: cnpg, at: "spec.plugins.[].parameters.barmanObjectName", to: "ObjectStore.barmancloud.cnpg.io"},
	{rule: missingConfig, from: "ObjectStore.barmancloud.cnpg.io", at: "spec.configuration.{}.{}", to: "Secret"},
	{rule: missingClass, from: cnpg, at: "spec.storage.storageClass", to: "StorageClass.storage.k8s.io"},
	{rule: missingClass, from: cnpg, at: "spec.walStorage.storageClass", to: "StorageClass.storage.k8s.io"},
	{rule: missingConfig, from: "Pooler.postgresql.cnpg.io", at: "spec.pgbouncer.authQuerySecret", to: "Secret"},
	{
		rule: operatorRef, at: "spec.mariaDbRef", to: mariadb + " " + external,
		from: "Database.k8s.mariadb.com User.k8s.mariadb.com Grant.k8s.mariadb.com Backup.k8s.mariadb.com PhysicalBackup.k8s.mariadb.com " +
			"Restore.k8s.mariadb.com Connection.k8s.mariadb.com SqlJob.k8s.mariadb.com MaxScale.k8s.mariadb.com",
	},
	{rule: missingConfig, from: mariadb, at: "spec.rootPasswordSecretKeyRef", to: "Secret"},
	{rule: missingConfig, from: mariadb, at: "spec.passwordSecretKeyRef", to: "Secret"},
	{rule: missingConfig, from: mariadb, at: "spec.myCnfConfigMapKeyRef", to: "ConfigMap"},
	{rule: missingClass, from: mariadb, at: "spec.storage.storageClassName", to: "StorageClass.storage.k8s.io"},
	{rule: missingConfig, from: "User.k8s.mariadb.com Connection.k8s.mariadb.com " + external, at: "spec.passwordSecretKeyRef", to: "Secret"},
	{rule: missingConfig, from: "Backup.k8s.mariadb.com PhysicalBackup.k8s.mariadb.com", at: "spec.storage.s3.accessKeyIdSecretKeyRef", to: "Secret"},
	{rule: missingConfig, from: "Backup.k8s.mariadb.com PhysicalBackup.k8s.mariadb.com", at: "spec.storage.s3.secretAccessKeySecretKeyRef", to: "Secret"},
	{rule: missingClass, from: "Backup.k8s.mariadb.com PhysicalBackup.k8s.mariadb.com", at: "spec.storage.persistentVolumeClaim.storageClassName", to: "StorageClass.storage.k8s.io"},
	{rule: operatorRef, from: "Restore.k8s.mariadb.com", at: "spec.backupRef", to: "Backup.k8s.mariadb.com PhysicalBackup.k8s.mariadb.com"},
	{
		rule: operatorRef, at: "metadata.labels.~strimzi.io/cluster", to: "Kafka.kafka.strimzi.io",
		from: "KafkaTopic.kafka.strimzi.io KafkaUser.kafka.strimzi.io KafkaNodePool.kafka.strimzi.io KafkaRebalance.kafka.strimzi.io",
	},
	{rule: operatorRef, from: "KafkaConnector.kafka.strimzi.io", at: "metadata.labels.~strimzi.io/cluster", to: "KafkaConnect.kafka.strimzi.io"},
	{
		rule: operatorRef, at: "spec.rabbitmqClusterReference", to: "RabbitmqCluster.rabbitmq.com",
		from: "Queue.rabbitmq.com Exchange.rabbitmq.com Binding.rabbitmq.com User.rabbitmq.com Vhost.rabbitmq.com Permission.rabbitmq.com Policy.rabbitmq.com Federation.rabbitmq.com Shovel.rabbitmq.com",
	},
	{
		rule: operatorRef, at: "spec.elasticsearchRef", to: "Elasticsearch.elasticsearch.k8s.elastic.co",
		from: "Kibana.kibana.k8s.elastic.co ApmServer.apm.k8s.elastic.co Beat.beat.k8s.elastic.co",
	},
	{rule: operatorRef, from: "CephObjectStoreUser.ceph.rook.io", at: "spec.store", to: "CephObjectStore.ceph.rook.io"},
}

// platformRows are about networks, scaling and delivery.
// Sources: API references of MetalLB, KEDA, Argo Rollouts, Longhorn and Kubernetes.
var platformRows = []row{
	{rule: operatorRef, from: "L2Advertisement.metallb.io BGPAdvertisement.metallb.io", at: "spec.ipAddressPools.[]", to: "IPAddressPool.metallb.io"},
	{rule: operatorRef, from: "BGPAdvertisement.metallb.io", at: "spec.peers.[]", to: "BGPPeer.metallb.io"},
	{rule: operatorRef, from: "BGPPeer.metallb.io", at: "spec.bfdProfile", to: "BFDProfile.metallb.io"},
	{rule: missingConfig, from: "BGPPeer.metallb.io", at: "spec.passwordSecret", to: "Secret"},
	{
		rule: operatorRef, from: "ScaledObject.keda.sh ScaledJob.keda.sh", at: "spec.triggers.[].authenticationRef",
		to: "TriggerAuthentication.keda.sh ClusterTriggerAuthentication.keda.sh",
	},
	{rule: missingConfig, from: "TriggerAuthentication.keda.sh", at: "spec.secretTargetRef.[]", to: "Secret"},
	{rule: operatorRef, from: "Rollout.argoproj.io", at: "spec.strategy.canary.canaryService", to: "Service"},
	{rule: operatorRef, from: "Rollout.argoproj.io", at: "spec.strategy.canary.stableService", to: "Service"},
	{rule: operatorRef, from: "Rollout.argoproj.io", at: "spec.strategy.blueGreen.activeService", to: "Service"},
	{rule: operatorRef, from: "Rollout.argoproj.io", at: "spec.strategy.blueGreen.previewService", to: "Service"},
	{rule: missingConfig, from: "BackupTarget.longhorn.io", at: "spec.credentialSecret", to: "Secret"},
}
