package convention

import (
	"cmp"
	"maps"
	"slices"

	"sluice/render"
	"sluice/validate"
)

// space is a namespace, as all apps of the stack together make it.
type space struct {
	name     string
	object   *render.Object // the Namespace; nil where the stack has none
	apps     []render.App   // that have something of their own in it, in the plan's order
	running  []*workload    // outside of the network of the node
	hosted   []*workload    // in it, where no policy reaches
	made     *render.Object // a custom resource that an operator makes Pods of
	policies []*render.Object
	foreign  *render.Object   // a policy of a kind that is not judged
	unclear  []*render.Object // policies with placeholders
	quotas   int
	limits   []*render.Object
	routed   *render.Object // an Ingress or a route
}

// first gives the object that stands for what runs in the namespace, nil where nothing does.
func (s *space) first() *render.Object {
	switch {
	case len(s.running) > 0:
		return s.running[0].object
	case len(s.hosted) > 0:
		return s.hosted[0].object
	}
	return s.made
}

// workload is an object with a template of Pods.
type workload struct {
	object *render.Object
	app    render.App
	raw    render.Key // in the set as rendered, as the ledger of placeholders has it
	blanks validate.Blanks
	at     render.Path // of the template
	spec   map[string]any
	labels map[string]any
	// least and most are how many replicas there are; 0 where that is not known, or for none.
	least, most int64
	scaled      bool // by an autoscaler
}

// blank says whether a placeholder is at or below a field.
func (w *workload) blank(at render.Path) bool { return w.blanks.Below(w.raw, at) }

// pod gives the path of a field of the Pods' spec.
func (w *workload) pod(steps ...any) render.Path {
	return append(w.at.With("spec"), steps...)
}

// templates are the kinds with a template of Pods, and where it is. Sources: the APIs of Kubernetes and of Argo Rollouts.
var templates = map[string]render.Path{
	"Pod":                   {},
	"Deployment.apps":       {"spec", "template"},
	"DaemonSet.apps":        {"spec", "template"},
	"StatefulSet.apps":      {"spec", "template"},
	"ReplicaSet.apps":       {"spec", "template"},
	"ReplicationController": {"spec", "template"},
	"Job.batch":             {"spec", "template"},
	"CronJob.batch":         {"spec", "jobTemplate", "spec", "template"},
	"Rollout.argoproj.io":   {"spec", "template"},
}

// makers are kinds of which operators make Pods in the namespace of the object. Sources: the operators' documentation.
var makers = []string{
	"Cluster.postgresql.cnpg.io", "Pooler.postgresql.cnpg.io", "MariaDB.k8s.mariadb.com", "MaxScale.k8s.mariadb.com",
	"Prometheus.monitoring.coreos.com", "Alertmanager.monitoring.coreos.com", "ThanosRuler.monitoring.coreos.com",
	"RabbitmqCluster.rabbitmq.com", "Elasticsearch.elasticsearch.k8s.elastic.co", "Kafka.kafka.strimzi.io",
	"Redis.redis.redis.opstreelabs.in", "PerconaServerMongoDB.psmdb.percona.com", "Tenant.minio.min.io",
}

// wide are kinds of policies for several namespaces, of Calico, Cilium and the network policy working group.
var wide = []string{"GlobalNetworkPolicy", "CiliumClusterwideNetworkPolicy", "AdminNetworkPolicy", "BaselineAdminNetworkPolicy", "ClusterNetworkPolicy"}

// routes are kinds by which requests come in.
var routes = []string{
	"Ingress.networking.k8s.io", "IngressRoute.traefik.io", "IngressRouteTCP.traefik.io", "IngressRouteUDP.traefik.io",
	"IngressRoute.traefik.containo.us", "HTTPRoute.gateway.networking.k8s.io", "GRPCRoute.gateway.networking.k8s.io",
	"TCPRoute.gateway.networking.k8s.io", "TLSRoute.gateway.networking.k8s.io",
}

// newJudge reads the effective sets of all apps.
func newJudge(in validate.Input) *judge {
	j := &judge{in: in, tier: map[string]string{}, spaces: map[string]*space{}}
	for _, l := range in.Plan.Layers {
		j.tier[l.Name] = l.Tier
	}
	scaled := scalers(in)
	for i := range in.Effective {
		if i >= len(in.Results) {
			break
		}
		app, blanks := in.Results[i].App, validate.BlanksOf(in.Results[i])
		objects := in.Effective[i].Objects
		for k := range objects {
			o := &objects[k]
			if w := newWorkload(o, blanks); w != nil {
				w.app = app
				w.scale(scaled)
				j.workloads = append(j.workloads, w)
				if o.Key.Namespace != "" && o.Hook() == "" {
					s := j.space(o.Key.Namespace)
					if validate.ValueAt(w.spec, "hostNetwork") == true {
						s.hosted = append(s.hosted, w)
					} else {
						s.running = append(s.running, w)
					}
				}
			}
			j.add(o, app, blanks)
		}
	}
	j.names = slices.Sorted(maps.Keys(j.spaces))
	return j
}

func (j *judge) space(name string) *space {
	s := j.spaces[name]
	if s == nil {
		s = &space{name: name}
		j.spaces[name] = s
	}
	return s
}

// add takes an object into its namespace.
func (j *judge) add(o *render.Object, app render.App, blanks validate.Blanks) {
	kind := o.Key.GroupKind()
	switch {
	case kind == "Namespace":
		j.space(o.Key.Name).object = o
		return
	case slices.Contains(wide, o.Key.Kind):
		j.wide = o
		return
	case o.Key.Namespace == "":
		return
	}
	s := j.space(o.Key.Namespace)
	_, runs := templates[kind]
	own := runs || o.Key.Namespace == app.Namespace
	if own && !slices.ContainsFunc(s.apps, func(a render.App) bool { return a.Name == app.Name }) {
		s.apps = append(s.apps, app)
	}
	switch {
	case kind == "NetworkPolicy.networking.k8s.io":
		s.policies = append(s.policies, o)
		if blanks.Has(blanks.Rendered(o.Key)) {
			s.unclear = append(s.unclear, o)
		}
	case o.Key.Kind == "NetworkPolicy", o.Key.Kind == "CiliumNetworkPolicy":
		s.foreign = o
	case kind == "ResourceQuota":
		s.quotas++
	case kind == "LimitRange":
		s.limits = append(s.limits, o)
	case slices.Contains(routes, kind):
		s.routed = o
	case slices.Contains(makers, kind) && s.made == nil:
		s.made = o
	}
}

// newWorkload reads an object; nil where it has no template of Pods.
func newWorkload(o *render.Object, blanks validate.Blanks) *workload {
	at, ok := templates[o.Key.GroupKind()]
	if !ok {
		return nil
	}
	template, _ := at.In(o.Tree)
	w := &workload{object: o, blanks: blanks, at: at, raw: blanks.Rendered(o.Key), spec: validate.MappingAt(template, "spec"), labels: validate.MappingAt(template, "metadata", "labels")}
	if w.spec == nil {
		return nil
	}
	return w
}

// scale finds how many replicas there are: what an autoscaler says comes first.
func (w *workload) scale(scaled map[render.Key]bounds) {
	switch w.object.Key.Kind {
	case "Deployment", "StatefulSet", "ReplicaSet", "ReplicationController", "Rollout":
	default:
		return
	}
	if b, ok := scaled[w.object.Key]; ok {
		w.least, w.most, w.scaled = b.least, b.most, true
		return
	}
	n, ok := validate.NumberAt(w.object.Tree, "spec", "replicas")
	switch {
	case validate.ValueAt(w.object.Tree, "spec", "replicas") == nil:
		n = 1
	case !ok, w.blank(render.Path{"spec", "replicas"}):
		return
	}
	w.least, w.most = n, n
}

// bounds are the fewest and the most replicas; 0 for what is not known.
type bounds struct{ least, most int64 }

// scalers gives the bounds of what autoscalers look after. Source: autoscaling/v2, HorizontalPodAutoscalerSpec, and KEDA's
// ScaledObject, which may scale to none.
func scalers(in validate.Input) map[render.Key]bounds {
	found := map[render.Key]bounds{}
	for _, set := range in.Effective {
		for _, o := range set.Objects {
			fewest, highest := "minReplicas", "maxReplicas"
			switch o.Key.GroupKind() {
			case "HorizontalPodAutoscaler.autoscaling":
			case "ScaledObject.keda.sh":
				fewest, highest = "minReplicaCount", "maxReplicaCount"
			default:
				continue
			}
			ref := validate.MappingAt(o.Tree, "spec", "scaleTargetRef")
			key := render.Key{Group: "apps", Kind: cmp.Or(validate.TextAt(ref, "kind"), "Deployment"), Namespace: o.Key.Namespace, Name: validate.TextAt(ref, "name")}
			switch key.Kind {
			case "Rollout":
				key.Group = "argoproj.io"
			case "ReplicationController":
				key.Group = ""
			}
			var b bounds
			b.least, _ = validate.NumberAt(o.Tree, "spec", fewest)
			b.most, _ = validate.NumberAt(o.Tree, "spec", highest)
			if validate.ValueAt(o.Tree, "spec", fewest) == nil && o.Key.Group == "autoscaling" {
				b.least = 1
			}
			found[key] = b
		}
	}
	return found
}
