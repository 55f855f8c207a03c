package server

import (
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/util/validation"
	netutils "k8s.io/utils/net"
)

// judgeIngress judges an Ingress. Source: Kubernetes pkg/apis/networking/validation/validation.go, ValidateIngressCreate.
func judgeIngress(j *judge) {
	spec := j.at("spec")
	rules, fallback := spec.at("rules"), spec.at("defaultBackend")
	if spec.there() && !spec.isMap() {
		return
	}
	if !fallback.there() && rules.noList() {
		spec.say(invalidIngress, "has neither rules nor defaultBackend")
	}
	if fallback.isMap() {
		judgeBackend(fallback)
	}
	for _, rule := range rules.each() {
		host := rule.at("host")
		if text, ok := host.text(); ok && netutils.ParseIPSloppy(text) != nil {
			host.say(invalidIngress, "is %s, want a DNS name, not an address", quote(text))
		} else {
			judgeHost(host)
		}
		paths := rule.at("http", "paths")
		paths.some(invalidIngress, "at least one path")
		for _, path := range paths.each() {
			judgePath(path)
		}
	}
	for _, tls := range spec.at("tls").each() {
		for _, host := range tls.at("hosts").each() {
			judgeHost(host)
		}
		tls.at("secretName").must(invalidIngress, subdomain)
	}
	class := spec.at("ingressClassName")
	class.strictly(invalidIngress, subdomain)
	old := j.at("metadata", "annotations", "kubernetes.io/ingress.class")
	annotation, ok1 := old.text()
	name, ok2 := class.text()
	if ok1 && ok2 && old.entered() && class.there() && annotation != name {
		old.say(invalidIngress, "is %s, and spec.ingressClassName is %s: want one of them, or both the same", quote(annotation), quote(name))
	}
}

// judgeHost judges the name of a host, which may begin with "*.".
func judgeHost(host *spot) {
	text, ok := host.text()
	switch {
	case !ok || !host.stands():
	case strings.Contains(text, "*"):
		host.must(invalidIngress, wildcardName)
	case host.key == "": // of a list
		host.strictly(invalidIngress, subdomain)
	default:
		host.must(invalidIngress, subdomain)
	}
}

// judgePath judges what of a host goes to which backend.
func judgePath(path *spot) {
	at := path.at("path")
	text, ok := at.text()
	kind := path.at("pathType").word()
	exact := kind == "Exact" || kind == "Prefix"
	switch {
	case !ok || kind == "":
	case !strings.HasPrefix(text, "/") && (text != "" || exact):
		at.say(invalidIngress, `is %s, want a path that begins with "/"`, quote(text))
	case exact:
		for _, part := range []string{"//", "/./", "/../", "%2f", "%2F"} {
			if strings.Contains(text, part) {
				at.say(invalidIngress, "is %s, want a path without %q", quote(text), part)
			}
		}
		for _, end := range []string{"/..", "/."} {
			if strings.HasSuffix(text, end) {
				at.say(invalidIngress, "is %s, want a path that does not end in %q", quote(text), end)
			}
		}
	}
	if backend := path.at("backend"); backend.isMap() && kind != "" {
		judgeBackend(backend)
	}
}

// judgeBackend judges where requests go.
func judgeBackend(backend *spot) {
	service, resource := backend.at("service"), backend.at("resource")
	switch {
	case service.there() && resource.there():
		backend.say(invalidIngress, "has both service and resource, want one of them")
		return
	case resource.there():
		resource.at("apiGroup").strictly(invalidIngress, subdomain)
		for _, field := range []string{"kind", "name"} {
			resource.at(field).filled(invalidIngress, "the "+field+" of the resource")
			resource.at(field).must(invalidIngress, pathSegment)
		}
		return
	case !service.there():
		backend.say(invalidIngress, "has neither service nor resource")
		return
	case !service.isMap():
		return
	}
	service.at("name").filled(invalidIngress, "the name of a Service")
	service.at("name").must(invalidIngress, backend.j.serviceName())
	port := service.at("port")
	if port.there() && !port.isMap() {
		return
	}
	name, number := port.at("name"), port.at("number")
	hasNumber := number.there() && number.value != int64(0)
	switch {
	case name.full() && hasNumber:
		backend.say(invalidIngress, "has both the name and the number of a port, want one of them")
	case name.full():
		name.must(invalidIngress, portName)
	case hasNumber:
		number.within(invalidIngress, 1, 65535)
	default:
		backend.say(invalidIngress, "has no port, want service.port.name or service.port.number")
	}
}

// serviceName is the form of a Service's name. Source: Kubernetes pkg/features/kube_features.go,
// RelaxedServiceNameValidation: on since 1.36, the first letter may be a digit.
func (j *judge) serviceName() form {
	if j.since(36) {
		return dnsLabel
	}
	return dnsLabel1035
}

// judgeIngressClass judges an IngressClass. Source: Kubernetes pkg/apis/networking/validation/validation.go,
// ValidateIngressClass.
func judgeIngressClass(j *judge) {
	const longest = 250
	controller := j.at("spec", "controller")
	if text, ok := controller.text(); ok && (controller.there() || controller.missing()) {
		switch {
		case text == "":
			controller.say(invalidIngress, `is missing or empty, want the controller's name, such as "example.com/ingress"`)
		case len(text) > longest:
			controller.say(invalidIngress, "has %d characters, want at most %d", len(text), longest)
		case len(validation.IsDomainPrefixedPath(nil, text)) > 0:
			controller.say(invalidIngress, `is %s, want a domain, "/" and a path, such as "example.com/ingress"`, quote(text))
		}
	}
	parameters := j.at("spec", "parameters")
	if !parameters.isMap() {
		return
	}
	parameters.at("apiGroup").strictly(invalidIngress, subdomain)
	for _, field := range []string{"kind", "name"} {
		parameters.at(field).filled(invalidIngress, "the "+field+" of the parameters")
		parameters.at(field).must(invalidIngress, pathSegment)
	}
	scope, ok := parameters.at("scope").known("Cluster")
	namespace := parameters.at("namespace")
	switch {
	case !ok:
	case !slices.Contains([]string{"Cluster", "Namespace"}, scope):
		parameters.at("scope").say(invalidIngress, "is %s, want Cluster or Namespace", quote(scope))
	case scope == "Cluster" && namespace.there():
		namespace.say(invalidIngress, "is set, and scope is Cluster: want none, or scope Namespace")
	case scope == "Namespace" && !namespace.there():
		namespace.say(invalidIngress, "is missing, and scope is Namespace")
	default:
		namespace.strictly(invalidIngress, dnsLabel)
	}
}
