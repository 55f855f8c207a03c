package reference

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"sluice/render"
	"sluice/validate"
)

// checksByKind are the judgements that no row can say, by kind: where what is named follows from several fields, or is chosen by
// labels, or has ports.
func checksByKind() map[string][]func(*judge) {
	return map[string][]func(*judge){
		"Service":                                                     {service},
		"Ingress.networking.k8s.io":                                   {ingress},
		"NetworkPolicy.networking.k8s.io":                             {networkPolicy},
		"PodDisruptionBudget.policy":                                  {budget},
		"ServiceMonitor.monitoring.coreos.com":                        {serviceMonitor},
		"PodMonitor.monitoring.coreos.com":                            {podMonitor},
		"HorizontalPodAutoscaler.autoscaling":                         {scaled("spec", "scaleTargetRef")},
		"VerticalPodAutoscaler.autoscaling.k8s.io":                    {scaled("spec", "targetRef")},
		"ScaledObject.keda.sh":                                        {scaled("spec", "scaleTargetRef")},
		"RoleBinding.rbac.authorization.k8s.io":                       {subjects},
		"ClusterRoleBinding.rbac.authorization.k8s.io":                {subjects},
		"ValidatingWebhookConfiguration.admissionregistration.k8s.io": {webhook("webhooks.[].clientConfig.service"), injected},
		"MutatingWebhookConfiguration.admissionregistration.k8s.io":   {webhook("webhooks.[].clientConfig.service"), injected},
		"CustomResourceDefinition.apiextensions.k8s.io":               {webhook("spec.conversion.webhook.clientConfig.service"), injected},
		"APIService.apiregistration.k8s.io":                           {webhook("spec.service"), injected},
		"IngressRoute.traefik.io":                                     {traefikRoute},
		"IngressRoute.traefik.containo.us":                            {traefikRoute},
		"IngressRouteTCP.traefik.io":                                  {traefikRoute},
		"IngressRouteTCP.traefik.containo.us":                         {traefikRoute},
		"IngressRouteUDP.traefik.io":                                  {traefikRoute},
		"IngressRouteUDP.traefik.containo.us":                         {traefikRoute},
		"Middleware.traefik.io":                                       {traefikMiddleware},
		"Middleware.traefik.containo.us":                              {traefikMiddleware},
		"HTTPRoute.gateway.networking.k8s.io":                         {gatewayRoute},
		"GRPCRoute.gateway.networking.k8s.io":                         {gatewayRoute},
		"TLSRoute.gateway.networking.k8s.io":                          {gatewayRoute},
		"TCPRoute.gateway.networking.k8s.io":                          {gatewayRoute},
		"UDPRoute.gateway.networking.k8s.io":                          {gatewayRoute},
		"Gateway.gateway.networking.k8s.io":                           {gateway},
	}
}

// service holds the selector of a Service to the Pods of its namespace, and its ports to theirs. One without a selector has
// endpoints that somebody else writes, and an ExternalName has none. A selector with a value that is no text is refused by the
// server, so the rest of it says nothing.
func service(j *judge) {
	sel := selector{labels: words(j.object.Tree, "spec", "selector")}
	at := render.Path{"spec", "selector"}
	if len(sel.labels) == 0 || len(sel.labels) != len(validate.MappingAt(j.object.Tree, "spec", "selector")) || validate.TextAt(j.object.Tree, "spec", "type") == "ExternalName" || j.blanks.Below(j.raw, at) {
		return
	}
	space := j.namespaces[j.object.Key.Namespace]
	found := space.matching(sel)
	if found.none() {
		j.dangling(danglingService, sel, at, "spec.selector selects no Pod")
		return
	}
	if validate.TextAt(j.object.Tree, "spec", "clusterIP") == "None" {
		return // its clients connect to the Pods, whatever it says of ports
	}
	for i, v := range validate.ListAt(j.object.Tree, "spec", "ports") {
		j.targetPort(v, render.Path{"spec", "ports", i}, found)
	}
}

// dangling says that a selector selects no Pods of the namespace: an error where the app has workloads there of which
// each has another value for a label, as then nothing that runs later can make it fit.
func (j *judge) dangling(rule string, sel selector, at render.Path, what string) {
	name := j.object.Key.Namespace
	if slices.Contains(systemSpaces, name) || j.foreign[name] {
		return
	}
	if len(j.opaque[name]) > 0 {
		j.unclear("Pods of "+name+" with "+selectorText(sel), unknownPod)
		return
	}
	id := fmt.Sprintf("%s %s %q %s", rule, name, j.object.Provenance.App, sel.id())
	d, known := j.dangled[id]
	if !known {
		d = j.explain(rule, sel, what)
		j.dangled[id] = d
	}
	if d.elsewhere {
		j.unclear("Pods of "+name+" with "+selectorText(sel), j.partly)
		return
	}
	j.say(rule, d.severity, at, d.text)
}

// dangled is what is said of a selector that selects nothing. Many objects of an app may have it.
type dangled struct {
	severity  validate.Severity
	text      string
	elsewhere bool // the app has no Pods there, and another may have
}

// explain compares a selector that selects nothing with the Pods that there are. It is an error only for a Service, beside
// workloads of its own app that each contradict it: a label that is merely missing may be set while the Pods run, and Pods of
// another app may come. The nearest workload is named where half of the labels fit; with fewer it would be any workload.
func (j *judge) explain(rule string, sel selector, what string) dangled {
	name := j.object.Key.Namespace
	var best *pods
	hits, apart, mine := -1, true, false
	for _, p := range j.namespaces[name].unlike(j.object.Provenance.App) {
		mine = true
		same, other := sel.compare(p)
		apart = apart && other > 0
		if same > hits {
			best, hits = p, same
		}
	}
	if !mine && j.partly != "" {
		return dangled{elsewhere: true}
	}
	// The rule's own severity, which is higher, takes its place.
	severity := validate.Info
	text := fmt.Sprintf("%s: none of namespace %s has %s", what, name, selectorText(sel))
	differ := ""
	if best != nil && 2*hits >= len(sel.labels) {
		differ = best.differ(sel)
	}
	if differ != "" { // otherwise an expression is what they do not meet
		text += fmt.Sprintf("; nearest are those of %s %s: %s", best.by.Key.Kind, best.by.Key.Name, differ)
	} else {
		text += j.namespaces[name].meant(sel)
	}
	if mine && apart && rule == danglingService && j.partly == "" {
		severity = validate.Error
	}
	return dangled{severity: severity, text: text}
}

// unlike lists the Pods of an app in a namespace, of several with the same labels the first.
func (s *space) unlike(app string) []*pods {
	if s == nil {
		return nil
	}
	list, known := s.unlikes[app]
	if known {
		return list
	}
	seen := map[string]bool{}
	for _, p := range s.pods {
		if p.by == nil || p.by.Provenance.App != app {
			continue
		}
		if labels := labelText(p.labels); !seen[labels] {
			seen[labels] = true
			list = append(list, p)
		}
	}
	if s.unlikes == nil {
		s.unlikes = map[string][]*pods{}
	}
	s.unlikes[app] = list
	return list
}

// compare counts the labels of Pods that are as a selector wants them, and those that are otherwise.
func (s selector) compare(p *pods) (same, other int) {
	for k, v := range s.labels {
		switch got, ok := p.labels[k]; {
		case ok && got == v:
			same++
		case ok:
			other++
		}
	}
	return same, other
}

// differ says which labels of Pods are not as a selector wants them, in the order of their keys.
func (p *pods) differ(sel selector) string {
	var parts []string
	for _, k := range slices.Sorted(maps.Keys(sel.labels)) {
		switch got, ok := p.labels[k]; {
		case !ok:
			parts = append(parts, "they have no "+k)
		case got != sel.labels[k]:
			parts = append(parts, "their "+k+" is "+got)
		}
	}
	return strings.Join(parts, ", ")
}

// meant suggests the one label that is spelled wrong: the first by its key of which another value is near.
func (s *space) meant(sel selector) string {
	for _, k := range slices.Sorted(maps.Keys(sel.labels)) {
		if near := nearest(sel.labels[k], s.valuesOf(k)); near != "" {
			return fmt.Sprintf("; did you mean %s=%s?", k, near)
		}
	}
	return ""
}

// valuesOf lists what the Pods of a namespace have for a label, sorted.
func (s *space) valuesOf(label string) []string {
	if s == nil {
		return nil
	}
	values, known := s.values[label]
	if known {
		return values
	}
	for _, p := range s.pods {
		if v := p.labels[label]; v != "" {
			values = append(values, v)
		}
	}
	slices.Sort(values)
	values = slices.Compact(values)
	if s.values == nil {
		s.values = map[string][]string{}
	}
	s.values[label] = values
	return values
}

// targetPort holds one port of a Service to the Pods that it selects. A name has to be there on one of them at least, or
// the Service has no endpoint for it; a number need not be declared. Source: k8s.io/kubernetes pkg/api/v1/pod, FindPort.
func (j *judge) targetPort(v any, at render.Path, found *match) {
	want, field := validate.ValueAt(v, "targetPort"), at.With("targetPort")
	name, named := want.(string)
	if !named || name == "" || j.blank(field) || found.loose {
		return
	}
	note := ""
	for _, c := range found.ports {
		if c.name == name && c.protocol == protocol(v) {
			return
		}
		if c.name == name {
			note = fmt.Sprintf(", only one for %s, and the Service's is for %s", c.protocol, protocol(v))
		}
	}
	if note == "" {
		note = hint(name, found.names)
	}
	if note == "" && len(found.names) > 0 {
		note = ": they have " + strings.Join(found.names, ", ")
	}
	j.say(servicePort, validate.Error, field, fmt.Sprintf("%s is %q, and no container of %s has a port of that name%s",
		field, name, found.owners, note))
}

// owners names the workloads of Pods.
func owners(found []*pods) string {
	var names []string
	for _, p := range found {
		if p.by != nil {
			names = append(names, p.by.Key.Kind+" "+p.by.Key.Name)
		}
	}
	slices.Sort(names)
	names = slices.Compact(names)
	if len(names) > 3 {
		names = append(names[:3], fmt.Sprintf("%d more", len(names)-3))
	}
	return strings.Join(names, ", ")
}

// backend follows a reference to a Service, holds the port that is wanted to its ports, and says whether it is there. The
// port is a name or a number, nil where none is asked for.
func (j *judge) backend(l lead, port render.Path, want any) bool {
	t, ok := j.follow(l)
	if ok && want != nil && !t.open && !j.blank(port) {
		j.port(t, l.to, port, want)
	}
	return ok
}

// port holds the name or number of a port to those of a Service.
func (j *judge) port(t *target, to render.Key, port render.Path, want any) {
	number, numeric := validate.NumberAt(want)
	text, _ := want.(string)
	var has []string
	for _, p := range t.ports {
		if numeric && p.number == number || !numeric && p.name == text {
			return
		}
		switch {
		case numeric:
			has = append(has, fmt.Sprint(p.number))
		case p.name != "":
			has = append(has, p.name)
		}
	}
	note := "; it has none"
	if len(has) > 0 {
		note = "; it has " + strings.Join(has, ", ")
	} else if len(t.ports) > 0 {
		note = "; its ports have no names"
	}
	j.say(routePort, validate.Error, port, fmt.Sprintf("%s is %s, and %s has no such port%s", port, show(want), to, note))
}

// ingress follows the backends of an Ingress. Source: Kubernetes API reference, IngressBackend.
func ingress(j *judge) {
	see := func(v any, at render.Path) {
		at = slices.Clone(at)
		name, nameAt, ok := j.text(v, at, "name")
		if !ok {
			return
		}
		port, portAt := validate.ValueAt(v, "port", "number"), at.With("port", "number")
		if text := validate.TextAt(v, "port", "name"); text != "" {
			port, portAt = text, at.With("port", "name")
		}
		if port == any("use-annotation") {
			port = nil // aws-load-balancer-controller: the annotation of that name says what is behind it
			if j.annotated("alb.ingress.kubernetes.io/actions." + name) {
				return
			}
		}
		j.backend(lead{rule: danglingIngress, to: keyOf("Service", j.object.Key.Namespace, name), field: nameAt}, portAt, port)
	}
	each(j.object.Tree, "spec.defaultBackend.service", see)
	each(j.object.Tree, "spec.rules.[].http.paths.[].backend.service", see)
}

// annotated says whether the object has an annotation.
func (j *judge) annotated(name string) bool {
	return words(j.object.Tree, "metadata", "annotations")[name] != ""
}
