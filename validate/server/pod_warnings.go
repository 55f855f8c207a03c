package server

import (
	"slices"
	"strconv"
	"strings"
)

// warnPod reports what the server takes with a warning. Source: kubernetes pkg/api/pod/warnings.go.
func warnPod(p *pod) {
	warnDeprecated(p)
	warnLabels(p)
	warnSelectors(p)
	warnPorts(p)
	warnVolumes(p)
	for list, c := range p.containers() {
		warnEnv(c)
		if list == "ephemeralContainers" {
			continue
		}
		for _, key := range []string{"limits", "requests"} {
			for _, name := range []string{"memory", "ephemeral-storage"} {
				warnFraction(c.at("resources", key, name))
			}
		}
	}
	for _, key := range []string{"hostAliases", "imagePullSecrets"} {
		first := map[string]bool{}
		for _, e := range p.spec.at(key).each() {
			name := e.at(map[string]string{"hostAliases": "ip", "imagePullSecrets": "name"}[key])
			text, ok := name.text()
			if key == "imagePullSecrets" && ok && text == "" {
				name.say(ambiguousPod, "is missing or empty, and names no Secret")
			}
			if first[text] && text != "" {
				name.say(ambiguousPod, "is %s once more", quote(text))
			}
			first[text] = true
		}
	}
	if grace := p.spec.at("terminationGracePeriodSeconds"); grace.there() {
		if n, ok := grace.integer(); ok && n < 0 {
			grace.say(ambiguousPod, "is %d, which counts as 1", n)
		}
	}
}

// warnFraction reports parts of a byte: "128m" is an eighth of one byte, where 128M was meant.
func warnFraction(amount *spot) {
	if q, ok := amount.quantity(); ok && q.MilliValue()%1000 != 0 {
		amount.say(ambiguousPod, `is %s, a fraction of a byte: "m" stands for a thousandth, want "M" or "Mi"`, q.String())
	}
}

// warnEnv reports variables that hide earlier ones; one that is made of the earlier one is none.
func warnEnv(c *spot) {
	first := map[string]*spot{}
	for _, e := range c.at("env").each() {
		name := e.at("name").word()
		if before, twice := first[name]; twice && name != "" {
			ref := "$(" + name + ")"
			value, ok := e.at("value").text()
			if e.at("valueFrom").there() || ok && (value == ref || !strings.Contains(value, ref)) {
				e.say(duplicateEnv, "is %s once more and hides %s", quote(name), before.path())
			}
			continue
		}
		first[name] = e
	}
}

// warnPorts reports ports of a Pod that are the same for the cluster.
func warnPorts(p *pod) {
	names, ports := map[string]*spot{}, map[string][]*spot{}
	for _, c := range p.containers() {
		own := map[string]bool{}
		for _, port := range c.at("ports").each() {
			// Within one container it is an error, and judged as such.
			if name := port.at("name").word(); name != "" {
				if before, twice := names[name]; twice && !own[name] {
					port.at("name").say(ambiguousPod, "is %s, as %s is already: whoever selects it by name gets that one", quote(name), before.path())
				} else if !twice {
					names[name] = port.at("name")
				}
				own[name] = true
			}
			host, _ := port.at("hostPort").integer()
			ip, known := port.at("hostIP").text()
			if known && ip != "" && host == 0 {
				port.say(ambiguousPod, "has hostIP without hostPort")
			}
			warnPort(p, port, ports)
		}
	}
}

// warnPort reports a port that another container of the Pod has as well.
func warnPort(p *pod, port *spot, ports map[string][]*spot) {
	n, ok := port.at("containerPort").integer()
	protocol, known := port.at("protocol").text()
	if !ok || !known || n == 0 || port.at("hostPort").blank() {
		return
	}
	if protocol == "" {
		protocol = "TCP"
	}
	key := strconv.FormatInt(n, 10) + "/" + protocol
	host, _ := p.hostPort(port).integer()
	ip := port.at("hostIP").word()
	for _, other := range ports[key] {
		theirs, _ := p.hostPort(other).integer()
		if host == 0 || theirs == 0 || host == theirs && ip != other.at("hostIP").word() && (ip == "" || other.at("hostIP").word() == "") {
			port.say(ambiguousPod, "is %s, as %s is already", key, other.path())
			break
		}
	}
	ports[key] = append(ports[key], port)
}

// warnSelectors reports terms that match no Pod.
func warnSelectors(p *pod) {
	var terms []*spot
	for _, key := range []string{"podAffinity", "podAntiAffinity"} {
		for _, t := range p.spec.at("affinity", key, required).each() {
			terms = append(terms, t)
		}
		for _, t := range p.spec.at("affinity", key, preferred).each() {
			terms = append(terms, t.at("podAffinityTerm"))
		}
	}
	for _, t := range p.spec.at("topologySpreadConstraints").each() {
		terms = append(terms, t)
	}
	for _, t := range terms {
		if t.isMap() && !t.at("labelSelector").there() {
			t.at("labelSelector").say(ambiguousPod, "is missing, so the term is about no Pod at all")
		}
	}
}

// warnVolumes reports files of a volume that lie at or below each other.
func warnVolumes(p *pod) {
	for _, v := range p.spec.at("volumes").each() {
		for _, list := range [][]string{{"configMap", "items"}, {"secret", "items"}, {"downwardAPI", "items"}} {
			var paths []*spot
			for _, f := range v.at(list...).each() {
				paths = append(paths, f.at("path"))
			}
			warnPaths(paths, true)
		}
		var paths []*spot
		for _, source := range v.at("projected", "sources").each() {
			paths = append(paths, projectedPaths(source)...)
			if token := source.at("serviceAccountToken", "path"); token.full() {
				paths = append(paths, token)
			}
		}
		warnPaths(paths, false)
	}
}

// warnPaths reports a path at or below another. The same one twice in a projected volume is an error, judged as such.
func warnPaths(paths []*spot, same bool) {
	for i, at := range paths {
		path := strings.TrimRight(at.word(), "/")
		for _, other := range paths[:i] {
			before := strings.TrimRight(other.word(), "/")
			if path == "" || before == "" || path == before && !same {
				continue
			}
			if strings.HasPrefix(path+"/", before+"/") || strings.HasPrefix(before+"/", path+"/") {
				at.say(ambiguousPod, "is %s, and %s is %s: one hides the other", quote(path), other.path(), quote(before))
				break
			}
		}
	}
}

// deprecation is a word of Kubernetes that means nothing any more.
type deprecation struct{ key, instead string }

// Source: kubernetes pkg/api/node/util.go, deprecatedNodeLabels.
var deprecatedLabels = []deprecation{
	{"beta.kubernetes.io/arch", `since 1.14, use "kubernetes.io/arch"`},
	{"beta.kubernetes.io/os", `since 1.14, use "kubernetes.io/os"`},
	{"failure-domain.beta.kubernetes.io/region", `since 1.17, use "topology.kubernetes.io/region"`},
	{"failure-domain.beta.kubernetes.io/zone", `since 1.17, use "topology.kubernetes.io/zone"`},
	{"beta.kubernetes.io/instance-type", `since 1.17, use "node.kubernetes.io/instance-type"`},
	{"app.kubernetes.io/created-by", "since 1.9"},
	{"scheduler.alpha.kubernetes.io/preferAvoidPods", "since 1.22, use taints and tolerations"},
	{"node-role.kubernetes.io/master", `use "node-role.kubernetes.io/control-plane"`},
}

// Source: kubernetes pkg/api/pod/warnings.go, deprecatedAnnotations.
var deprecatedAnnotations = []deprecation{
	{"scheduler.alpha.kubernetes.io/critical-pod", "without effect since 1.16, use priorityClassName"},
	{"security.alpha.kubernetes.io/sysctls", "without effect since 1.11, use securityContext.sysctls"},
	{"security.alpha.kubernetes.io/unsafe-sysctls", "without effect since 1.11, use securityContext.sysctls"},
}

// Source: kubernetes pkg/api/pod/warnings.go.
var deprecatedVolumes = []deprecation{
	{"photonPersistentDisk", "without effect since 1.16"},
	{"gitRepo", "since 1.11, and turned off in 1.33"},
	{"scaleIO", "without effect since 1.22"},
	{"flocker", "without effect since 1.25"},
	{"storageos", "without effect since 1.25"},
	{"quobyte", "without effect since 1.25"},
	{"glusterfs", "without effect since 1.26"},
	{"cephfs", "since 1.28, and without effect since 1.31"},
	{"rbd", "since 1.28, and without effect since 1.31"},
}

// warnDeprecated reports volumes and annotations.
func warnDeprecated(p *pod) {
	for _, v := range p.spec.at("volumes").each() {
		for _, d := range deprecatedVolumes {
			if v.at(d.key).there() {
				v.at(d.key).say(deprecatedPod, "is deprecated: %s", d.instead)
			}
		}
	}
	annotations := p.meta.at("annotations")
	for _, d := range deprecatedAnnotations {
		if annotations.at(d.key).there() {
			annotations.at(d.key).say(deprecatedPod, "is deprecated: %s", d.instead)
		}
	}
	if seccomp := annotations.at(seccompPod); seccomp.there() && !p.spec.at("securityContext", "seccompProfile").there() {
		seccomp.say(deprecatedPod, "is without effect since 1.27, use securityContext.seccompProfile")
	}
	whole := p.spec.at("securityContext", "appArmorProfile").there()
	for _, c := range p.containers() {
		name, sc := c.at("name").word(), c.at("securityContext")
		if a := annotations.at(seccompContainer + name); a.there() && !sc.at("seccompProfile").there() {
			a.say(deprecatedPod, "is without effect since 1.27, use the container's securityContext.seccompProfile")
		}
		if a := annotations.at(appArmorContainer + name); a.there() && !whole && !sc.at("appArmorProfile").there() && p.j.since(30) {
			a.say(deprecatedPod, "is deprecated since 1.30, use the container's securityContext.appArmorProfile")
		}
	}
}

// warnLabels reports labels of nodes.
func warnLabels(p *pod) {
	warn := func(at *spot, key string) {
		if i := slices.IndexFunc(deprecatedLabels, func(d deprecation) bool { return d.key == key }); i >= 0 {
			at.say(deprecatedPod, "is about the node label %q, which is deprecated: %s", key, deprecatedLabels[i].instead)
		}
	}
	for key, value := range p.spec.at("nodeSelector").entries() {
		warn(value, key)
	}
	node := p.spec.at("affinity", "nodeAffinity")
	var terms []*spot
	for _, t := range node.at(required, "nodeSelectorTerms").each() {
		terms = append(terms, t)
	}
	for _, t := range node.at(preferred).each() {
		terms = append(terms, t.at("preference"))
		for _, e := range t.at("preference", "matchExpressions").each() {
			for _, v := range e.at("values").each() {
				if !labelValue.ok(v.word()) {
					v.say(ambiguousPod, "is %s, which no label of a node can be", quote(v.word()))
				}
			}
		}
	}
	for _, t := range terms {
		for _, e := range t.at("matchExpressions").each() {
			warn(e.at("key"), e.at("key").word())
		}
	}
	for _, t := range p.spec.at("topologySpreadConstraints").each() {
		warn(t.at("topologyKey"), t.at("topologyKey").word())
	}
}
