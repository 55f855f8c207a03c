package prune

import "sluice/validate"

// policy is a field that keeps where it has one of the values, and what an object without it does.
func policy(path string, absent bool, safe ...string) []field {
	return []field{{path: path, absent: absent, safe: safe}}
}

// switched is a field that destroys where it has one of the values, and keeps where it is not stated.
func switched(path string, unsafe ...string) []field {
	return []field{{path: path, absent: true, unsafe: unsafe}}
}

const pvRetain = "put Prune=false on the live object and persistentVolumeReclaimPolicy: Retain on its volumes before it goes"

// databases are the operators of databases.
// Sources: their documentation and API types, as each row names them.
var databases = []row{
	{
		group: "redis.redis.opstreelabs.in", kinds: "Redis RedisCluster RedisReplication", only: "spec storage", severity: validate.DataLoss,
		destroys: "the operator's finalizer deletes its volume claims", keeps: policy("spec storage keepAfterDelete", false, "true"), kept: validate.Outage,
		source: "redis-operator internal/k8sutils/finalizer.go",
	},
	{
		group: "postgresql.cnpg.io", kinds: "Database", severity: validate.DataLoss,
		destroys: "the operator runs DROP DATABASE in the cluster of PostgreSQL",
		keeps: []field{
			{path: "spec databaseReclaimPolicy", absent: true, safe: []string{"retain"}},
			{path: "spec ensure", absent: true, safe: []string{"present"}},
		},
		source: "cloudnative-pg docs declarative_database_management",
	},
	{
		group: "postgresql.cnpg.io", kinds: "Publication", severity: validate.DataLoss, destroys: "the operator drops the publication, and its subscribers stop",
		keeps: policy("spec publicationReclaimPolicy", true, "retain"), source: "cloudnative-pg docs logical_replication",
	},
	{
		group: "postgresql.cnpg.io", kinds: "Subscription", severity: validate.DataLoss, destroys: "the operator drops the subscription with its place in the stream",
		keeps: policy("spec subscriptionReclaimPolicy", true, "retain"), source: "cloudnative-pg docs logical_replication",
	},
	{
		group: "postgresql.cnpg.io", kinds: "DatabaseRole", severity: validate.DataLoss, destroys: "the operator drops the role with its privileges",
		keeps: policy("spec databaseRoleReclaimPolicy", true, "retain"), source: "cloudnative-pg API v1, DatabaseRole (1.30)",
	},
	{
		group: "postgresql.cnpg.io", kinds: "Cluster", severity: validate.DataLoss,
		destroys: "its volume claims, its generated Secrets (superuser, app, certificate authority) and its Services are garbage-collected with it; no field keeps them",
		fix:      pvRetain + ", and have a backup that was restored once",
		source:   "cloudnative-pg discussion #4278, persistentvolumeclaim/build.go",
	},
	{
		group: "postgresql.cnpg.io", kinds: "ScheduledBackup", severity: validate.DataLoss, destroys: "the Backup objects that it owns go with it",
		keeps: policy("spec backupOwnerReference", true, "none"), kept: validate.Outage, source: "cloudnative-pg docs backup",
	},
	{
		group: "postgresql.cnpg.io", kinds: "Backup", severity: validate.DataLoss,
		destroys: "the backup can no longer be named in a recovery, and the volume snapshots that it owns are deleted",
		fix:      "set snapshotOwnerReference: none in the backup.volumeSnapshot of its Cluster before it goes", source: "cloudnative-pg docs backup_volumesnapshot",
	},
	{group: "postgresql.cnpg.io", kinds: "*", severity: validate.Outage, destroys: "what PostgreSQL is reached or built through is gone", source: "cloudnative-pg docs"},
	{
		group: "k8s.mariadb.com", kinds: "Database", severity: validate.DataLoss, destroys: "the operator's finalizer runs DROP DATABASE",
		keeps: policy("spec cleanupPolicy", false, "Skip"), source: "mariadb-operator docs sql_resources, #643 (a real loss), #1011",
	},
	{
		group: "k8s.mariadb.com", kinds: "User", severity: validate.DataLoss, destroys: "the operator's finalizer runs DROP USER",
		keeps: policy("spec cleanupPolicy", false, "Skip"), source: "mariadb-operator docs sql_resources, #643",
	},
	{
		group: "k8s.mariadb.com", kinds: "Grant", severity: validate.DataLoss, destroys: "the operator's finalizer revokes the privileges",
		keeps: policy("spec cleanupPolicy", false, "Skip"), source: "mariadb-operator docs sql_resources, #643",
	},
	{
		group: "k8s.mariadb.com", kinds: "MariaDB", severity: validate.DataLoss, destroys: "its volume claims are deleted with it",
		keeps: policy("spec storage pvcRetentionPolicy whenDeleted", true, "Retain"), kept: validate.Outage,
		source: "mariadb-operator mariadb_types.go, #1123, #1125",
	},
	{
		group: "k8s.mariadb.com", kinds: "Backup PhysicalBackup", severity: validate.Outage, destroys: "no further backup is taken",
		unknown: "what becomes of the backups that it has stored", source: "mariadb-operator docs logical_backup, physical_backup",
	},
	{group: "k8s.mariadb.com", kinds: "*", severity: validate.Outage, destroys: "what MariaDB is reached or run through is gone", source: "mariadb-operator docs"},
	{
		group: "acid.zalan.do", kinds: "postgresql", severity: validate.DataLoss,
		destroys: "the operator deletes the volume claims and the Secrets of its roles, unless its options enable_persistent_volume_claim_deletion and enable_secrets_deletion are off",
		fix:      "turn both options off in the operator's configuration, or require its delete_annotation_date_key and delete_annotation_name_key, before it goes",
		source:   "postgres-operator docs operator_parameters, administrator",
	},
	{
		group: "postgres-operator.crunchydata.com", kinds: "PostgresCluster", severity: validate.DataLoss,
		destroys: "its volume claims are deleted with it; no field keeps them", fix: pvRetain, source: "CrunchyData postgres-operator #3674",
	},
	{
		group: "pxc.percona.com", kinds: "PerconaXtraDBCluster", severity: validate.DataLoss, destroys: "the operator's finalizer deletes its volume claims or certificates",
		keeps: switched("metadata finalizers", "percona.com/delete-pxc-pvc", "percona.com/delete-ssl", "delete-pxc-pvc", "delete-proxysql-pvc", "percona.com/delete-proxysql-pvc"),
		kept:  validate.Outage, source: "Percona XtraDB Cluster operator docs, delete",
	},
	{
		group: "ps.percona.com", kinds: "PerconaServerMySQL", severity: validate.DataLoss, destroys: "the operator's finalizer deletes its volume claims or certificates",
		keeps: switched("metadata finalizers", "percona.com/delete-mysql-pvc", "percona.com/delete-ssl"), kept: validate.Outage,
		source: "Percona Server for MySQL operator docs, delete",
	},
	{
		group: "psmdb.percona.com", kinds: "PerconaServerMongoDB", severity: validate.DataLoss, destroys: "the operator's finalizer deletes its volume claims",
		keeps: switched("metadata finalizers", "percona.com/delete-psmdb-pvc", "delete-psmdb-pvc"), kept: validate.Outage,
		source: "Percona Server for MongoDB operator docs, delete",
	},
	{
		group: "pgv2.percona.com", kinds: "PerconaPGCluster", severity: validate.DataLoss, destroys: "the operator's finalizer deletes its volume claims or certificates",
		keeps: switched("metadata finalizers", "percona.com/delete-pvc", "percona.com/delete-ssl"), kept: validate.Outage,
		source: "Percona operator for PostgreSQL docs, delete",
	},
	{
		group: "*.percona.com", kinds: "PerconaXtraDBClusterBackup PerconaServerMySQLBackup PerconaServerMongoDBBackup PerconaPGBackup", severity: validate.DataLoss,
		destroys: "the operator's finalizer deletes the stored backup",
		keeps:    switched("metadata finalizers", "percona.com/delete-backup", "delete-s3-backup", "delete-backup"), source: "Percona operator docs, backups",
	},
	{
		group: "elasticsearch.k8s.elastic.co", kinds: "Elasticsearch", severity: validate.DataLoss, destroys: "the operator deletes its volume claims",
		keeps: policy("spec volumeClaimDeletePolicy", false, "DeleteOnScaledownOnly"), kept: validate.Outage, source: "ECK API reference, VolumeClaimDeletePolicy",
	},
	{
		group: "valkey.io", kinds: "ValkeyNode", severity: validate.DataLoss, destroys: "its volume claim is deleted with it",
		keeps: policy("spec persistence reclaimPolicy", true, "Retain"), kept: validate.Outage, source: "valkey-operator API",
	},
	{
		group: "mongodbcommunity.mongodb.com", kinds: "MongoDBCommunity", severity: validate.DataLoss,
		destroys: "its members go; that their volume claims stay is documented nowhere, so they count as lost", fix: pvRetain, source: "mongodb-kubernetes docs",
	},
	{
		group: "mongodb.com", kinds: "MongoDB MongoDBMultiCluster MongoDBOpsManager", severity: validate.DataLoss,
		destroys: "its members go; that their volume claims stay is documented nowhere, so they count as lost", fix: pvRetain, source: "mongodb-kubernetes docs",
	},
	{
		group: "clickhouse.altinity.com", kinds: "ClickHouseInstallation", severity: validate.DataLoss,
		destroys: "its volume claims go with it, and reclaimPolicy: Retain did not stop Argo CD from pruning claims that carry its label",
		fix:      pvRetain + ", and keep the label app.kubernetes.io/instance off the claims", source: "Altinity clickhouse-operator #1272",
	},
}

// queues are the operators of message brokers.
// Sources: their documentation and API types, as each row names them.
var queues = []row{
	{
		group: "jetstream.nats.io", kinds: "Stream KeyValue ObjectStore", severity: validate.DataLoss, destroys: "the controller's finalizer deletes it on the server with its messages",
		keeps: policy("spec preventDelete", false, "true"), kept: validate.Outage,
		source: "nack controllers/jetstream/stream.go, internal/controller keyvalue_controller.go and objectstore_controller.go",
	},
	{
		group: "jetstream.nats.io", kinds: "Consumer", severity: validate.Outage, destroys: "the consumer is deleted on the server, and with it how far it had read",
		keeps: policy("spec preventDelete", false, "true"), kept: validate.Outage, source: "nack controllers/jetstream/consumer.go",
	},
	{
		group: "kafka.strimzi.io", kinds: "Kafka", severity: validate.DataLoss, destroys: "its volume claims, and the certificate authorities that it generated, are deleted with it",
		keeps: []field{
			{path: "spec kafka storage deleteClaim", absent: true, safe: []string{"false"}},
			{path: "spec kafka storage volumes [] deleteClaim", absent: true, safe: []string{"false"}},
			{path: "spec zookeeper storage deleteClaim", absent: true, safe: []string{"false"}},
		},
		kept: validate.Outage, source: "Strimzi API reference, PersistentClaimStorage",
	},
	{
		group: "kafka.strimzi.io", kinds: "KafkaNodePool", severity: validate.DataLoss, destroys: "the volume claims of its brokers are deleted with it",
		keeps: []field{
			{path: "spec storage deleteClaim", absent: true, safe: []string{"false"}},
			{path: "spec storage volumes [] deleteClaim", absent: true, safe: []string{"false"}},
		},
		kept: validate.Outage, source: "Strimzi API reference, PersistentClaimStorage",
	},
	{
		group: "kafka.strimzi.io", kinds: "KafkaTopic", severity: validate.DataLoss, destroys: "the topic operator deletes the topic with its messages",
		keeps:  policy("metadata annotations strimzi.io/managed", false, "false"),
		source: "Strimzi docs con-deleting-managed-topics, proc-converting-managed-topics",
	},
	{
		group: "kafka.strimzi.io", kinds: "KafkaUser", severity: validate.SecretLoss, destroys: "its credentials and access rules go with it",
		source: "Strimzi docs proc-configuring-kafka-user",
	},
	{group: "kafka.strimzi.io", kinds: "*", severity: validate.Outage, destroys: "what connects to Kafka stops", source: "Strimzi docs"},
	{
		group: "cluster.redpanda.com", kinds: "Topic", severity: validate.DataLoss, destroys: "the operator's finalizer deletes the topic with its messages",
		source: "redpanda-operator topic_controller.go",
	},
	{
		group: "rabbitmq.com", kinds: "RabbitmqCluster", severity: validate.DataLoss, destroys: "its volume claims are deleted with it: the operator creates the StatefulSet with whenDeleted: Delete",
		keeps: policy("spec override statefulSet spec persistentVolumeClaimRetentionPolicy whenDeleted", false, "Retain"), kept: validate.Outage,
		source: "rabbitmq cluster-operator statefulset.go",
	},
	{
		group: "rabbitmq.com", kinds: "Queue Vhost Federation Shovel", severity: validate.DataLoss, destroys: "the operator deletes it in the broker, with the messages in it",
		keeps: policy("spec deletionPolicy", false, "retain"), source: "rabbitmq messaging-topology-operator api/v1beta1",
	},
	{
		group: "rabbitmq.com", kinds: "*", severity: validate.DataLoss, destroys: "the operator deletes it in the broker; no field keeps it",
		source: "rabbitmq messaging-topology-operator api/v1beta1",
	},
	{
		group: "minio.min.io", kinds: "Tenant", severity: validate.Outage, destroys: "its servers go; the volume claims of their StatefulSets stay",
		source: "minio operator docs tenant-storage-deletion",
	},
}
