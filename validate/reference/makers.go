package reference

// databaseMakers are operators of databases and queues.
// Sources: as each row names them; the patterns are the operators' own naming functions.
var databaseMakers = []maker{
	{
		group: "postgresql.cnpg.io", kinds: "Cluster",
		services: "{name}-rw:postgres=5432 {name}-ro:postgres=5432 {name}-r:postgres=5432 {name}-any:postgres=5432 {spec.managed.services.additional.[].serviceTemplate.metadata.name}",
		secrets: "{name}-app:username,user,password,dbname,host,port,pgpass,uri,jdbc-uri,fqdn-uri,fqdn-jdbc-uri " +
			"{name}-superuser:username,user,password,dbname,host,port,pgpass,uri,jdbc-uri,fqdn-uri,fqdn-jdbc-uri " +
			"{name}-ca:ca.crt,ca.key {name}-server:tls.crt,tls.key {name}-replication:tls.crt,tls.key {name}-pull",
		configs: "cnpg-default-monitoring:queries", accounts: "{name}", pods: "cnpg.io/cluster={name}",
		source: "cloudnative-pg docs applications, service_management, certificates, labels_annotations",
	},
	{
		group: "postgresql.cnpg.io", kinds: "Pooler", services: "{name}:pgbouncer=5432", secrets: "{name}-pull", accounts: "{name}", pods: "cnpg.io/poolerName={name}",
		source: "cloudnative-pg docs connection_pooling",
	},
	{
		group: "k8s.mariadb.com", kinds: "MariaDB",
		services: "{name} {name}-internal {name}-primary {name}-secondary {name}-metrics {name}-maxscale",
		secrets: "{name}-root {name}-password {name}-repl-password {name}-ca-bundle {name}-ca {name}-server-cert " +
			"{name}-client-cert {name}-metrics-password {name}-metrics-config {name}-agent-auth {name}-connection {name}-primary {name}-secondary " +
			"{spec.connection.secretName} {spec.primaryConnection.secretName} {spec.secondaryConnection.secretName}",
		configs: "{name}-config {name}-config-default {name}-config-tls", accounts: "{spec.serviceAccountName|name}",
		pods:   "app.kubernetes.io/name=mariadb,app.kubernetes.io/instance={name} app.kubernetes.io/name=exporter,app.kubernetes.io/instance={name}-metrics",
		source: "mariadb-operator api/v1alpha1/mariadb_keys.go, pkg/builder/labels",
	},
	{
		group: "k8s.mariadb.com", kinds: "MaxScale", services: "{name} {name}-internal {name}-gui {name}-metrics",
		secrets: "{name}-admin {name}-client {name}-server {name}-monitor {name}-sync {name}-metrics {name}-ca-bundle {name}-ca {name}-connection {name}-config",
		pods:    "app.kubernetes.io/name=maxscale,app.kubernetes.io/instance={name}", source: "mariadb-operator api/v1alpha1/maxscale_keys.go",
	},
	{group: "k8s.mariadb.com", kinds: "Connection", secrets: "{spec.secretName|name}", source: "mariadb-operator docs connection"},
	{
		group: "k8s.mariadb.com", kinds: "Backup PhysicalBackup Restore SqlJob", pods: "app.kubernetes.io/instance={name}", claims: "{name}", accounts: "{spec.serviceAccountName|name}",
		source: "mariadb-operator pkg/builder/batch_builder.go",
	},
	{
		group: "acid.zalan.do", kinds: "postgresql", services: "{name} {name}-repl {name}-config {name}-pooler {name}-pooler-repl",
		pods: "cluster-name={name},application=spilo", source: "postgres-operator docs user, reference",
	},
	{
		group: "postgres-operator.crunchydata.com", kinds: "PostgresCluster", services: "{name}-primary {name}-replicas {name}-ha {name}-ha-config {name}-pods {name}-pgbouncer",
		secrets: "{name}-pguser-{name} {name}-pguser-{spec.users.[].name} {name}-cluster-cert {name}-replication-cert {name}-pgbackrest",
		pods:    "postgres-operator.crunchydata.com/cluster={name}", source: "CrunchyData postgres-operator internal/naming",
	},
	{
		group: "pxc.percona.com", kinds: "PerconaXtraDBCluster", services: "{name}-pxc {name}-pxc-unready {name}-haproxy {name}-haproxy-replicas {name}-proxysql {name}-proxysql-unready",
		secrets: "{spec.secretsName} {name}-secrets {name}-ssl {name}-ssl-internal internal-{name}", pods: "app.kubernetes.io/instance={name}",
		source: "Percona XtraDB Cluster operator docs",
	},
	{
		group: "psmdb.percona.com", kinds: "PerconaServerMongoDB", services: "{name}-{spec.replsets.[].name} {name}-mongos {name}-cfg",
		secrets: "{spec.secrets.users} {name}-secrets {name}-ssl {name}-ssl-internal", pods: "app.kubernetes.io/instance={name}", source: "Percona Server for MongoDB operator docs",
	},
	{
		group: "mongodbcommunity.mongodb.com", kinds: "MongoDBCommunity", services: "{name}-svc {spec.statefulSet.spec.serviceName}", pods: "app={name}-svc",
		secrets: "{spec.users.[].connectionStringSecretName} {name}-{spec.users.[].db}-{spec.users.[].name}", source: "mongodb-kubernetes-operator docs",
	},
	{
		group: "kafka.strimzi.io", kinds: "Kafka", services: "{name}-kafka-bootstrap {name}-kafka-brokers {name}-zookeeper-client {name}-zookeeper-nodes {name}-kafka-exporter",
		secrets: "{name}-cluster-ca {name}-cluster-ca-cert:ca.crt,ca.p12,ca.password {name}-clients-ca {name}-clients-ca-cert:ca.crt,ca.p12,ca.password " +
			"{name}-cluster-operator-certs {name}-kafka-brokers {name}-entity-topic-operator-certs {name}-entity-user-operator-certs",
		accounts: "{name}-kafka {name}-zookeeper {name}-entity-operator", pods: "strimzi.io/cluster={name}", source: "strimzi documentation, cluster resources",
	},
	{
		group: "kafka.strimzi.io", kinds: "KafkaConnect", services: "{name}-connect-api", accounts: "{name}-connect", configs: "{name}-connect-config",
		pods: "strimzi.io/cluster={name}", source: "strimzi documentation, KafkaConnect resources",
	},
	{
		group: "kafka.strimzi.io", kinds: "KafkaMirrorMaker2 KafkaBridge", services: "{name}-mirrormaker2-api {name}-bridge-service", pods: "strimzi.io/cluster={name}",
		source: "strimzi documentation",
	},
	{group: "kafka.strimzi.io", kinds: "KafkaNodePool", pods: "strimzi.io/pool-name={name}", source: "strimzi documentation"},
	{group: "kafka.strimzi.io", kinds: "KafkaUser", secrets: "{name}", source: "strimzi documentation, user secrets"},
	{
		group: "rabbitmq.com", kinds: "RabbitmqCluster", services: "{name} {name}-nodes", secrets: "{name}-default-user {name}-erlang-cookie", configs: "{name}-server-conf {name}-plugins-conf",
		accounts: "{name}-server", pods: "app.kubernetes.io/name={name}", source: "rabbitmq cluster-operator internal/resource",
	},
	{group: "rabbitmq.com", kinds: "User", secrets: "{name}-user-credentials", source: "rabbitmq messaging-topology-operator docs"},
	{
		group: "elasticsearch.k8s.elastic.co", kinds: "Elasticsearch", services: "{name}-es-http {name}-es-transport {name}-es-internal-http {name}-es-{spec.nodeSets.[].name}",
		secrets: "{name}-es-elastic-user:elastic {name}-es-http-certs-public:ca.crt,tls.crt {name}-es-http-certs-internal {name}-es-http-ca-internal {name}-es-transport-certs-public {name}-es-remote-ca",
		pods:    "elasticsearch.k8s.elastic.co/cluster-name={name},common.k8s.elastic.co/type=elasticsearch", source: "cloud-on-k8s pkg/controller/elasticsearch/esv1 names",
	},
	{
		group: "kibana.k8s.elastic.co", kinds: "Kibana", services: "{name}-kb-http", secrets: "{name}-kb-http-certs-public {name}-kb-http-certs-internal",
		pods: "kibana.k8s.elastic.co/name={name},common.k8s.elastic.co/type=kibana", source: "cloud-on-k8s pkg/controller/kibana",
	},
	{
		group: "redis.redis.opstreelabs.in", kinds: "Redis RedisReplication RedisCluster RedisSentinel",
		services: "{name} {name}-headless {name}-additional {name}-leader {name}-leader-headless {name}-follower {name}-follower-headless {name}-sentinel {name}-sentinel-headless {name}-master {name}-replica",
		pods:     "app={name} app={name}-leader app={name}-follower app={name}-sentinel", source: "redis-operator internal/k8sutils",
	},
	{group: "databases.spotahome.com", kinds: "RedisFailover", services: "rfs-{name} rfr-{name} rfrm-{name} rfrs-{name}", pods: "app.kubernetes.io/name={name}", source: "spotahome redis-operator docs"},
	{group: "dragonflydb.io", kinds: "Dragonfly", services: "{name}", pods: "app={name}", source: "dragonfly-operator internal/resources"},
	{
		group: "minio.min.io", kinds: "Tenant", services: "minio {name}-hl {name}-console", secrets: "{name}-tls", accounts: "{name}-sa", pods: "v1.min.io/tenant={name}",
		source: "minio operator pkg/apis/minio.min.io/v2/names.go",
	},
	{group: "clickhouse.altinity.com", kinds: "ClickHouseInstallation", services: "clickhouse-{name}", pods: "clickhouse.altinity.com/chi={name}", source: "clickhouse-operator docs"},
}
