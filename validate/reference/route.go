package reference

import (
	"fmt"
	"slices"
	"strings"

	"sluice/render"
	"sluice/validate"
)

// traefikRoute follows what an IngressRoute, IngressRouteTCP or IngressRouteUDP names. Its services have the namespace of
// the route unless they say another; "name@provider" is not of Kubernetes, save for the provider kubernetescrd, where it
// is "namespace-name". Source: Traefik docs reference/routing-configuration/kubernetes/crd.
func traefikRoute(j *judge) {
	each(j.object.Tree, "spec.routes.[]", func(route any, at render.Path) {
		at = slices.Clone(at)
		j.traefikServices(route, at)
		for i, m := range validate.ListAt(route, "middlewares") {
			kind := "Middleware"
			if strings.HasSuffix(j.object.Key.Kind, "TCP") {
				kind = "MiddlewareTCP"
			}
			j.traefikName(kind, m, at.With("middlewares", i))
		}
	})
	if options := validate.MappingAt(j.object.Tree, "spec", "tls", "options"); options != nil {
		// The name "default" is the one that Traefik makes up where there is none.
		if validate.TextAt(options, "name") != "default" {
			j.traefikName("TLSOption", options, render.Path{"spec", "tls", "options"})
		}
	}
	if store := validate.MappingAt(j.object.Tree, "spec", "tls", "store"); store != nil && validate.TextAt(store, "name") != "default" {
		j.traefikName("TLSStore", store, render.Path{"spec", "tls", "store"})
	}
}

// traefikMiddleware follows what a Middleware names: others in a chain, and the Service of error pages.
func traefikMiddleware(j *judge) {
	each(j.object.Tree, "spec.chain.middlewares.[]", func(m any, at render.Path) { j.traefikName("Middleware", m, slices.Clone(at)) })
	each(j.object.Tree, "spec.errors.service", func(v any, at render.Path) { j.traefikService(v, slices.Clone(at)) })
}

// traefikName follows {name, namespace} to a kind of the object's group: the API groups of Traefik 2 and 3 do not see each
// other's objects.
func (j *judge) traefikName(kind string, v any, at render.Path) {
	name, nameAt, ok := j.text(v, at, "name")
	if !ok {
		return
	}
	to := render.Key{Group: j.object.Key.Group, Kind: kind, Namespace: j.object.Key.Namespace, Name: name}
	if space := validate.TextAt(v, "namespace"); space != "" {
		to.Namespace = space
	}
	if local, provider, given := strings.Cut(name, "@"); given {
		if provider != "kubernetescrd" {
			return
		}
		j.joined(to, local, nameAt)
		return
	}
	j.follow(lead{rule: danglingRoute, to: to, field: nameAt})
}

// joined follows "namespace-name": every way to cut it is tried, as both parts may have hyphens. No suggestion is made, as
// which part is misspelled is not known.
func (j *judge) joined(to render.Key, text string, at render.Path) {
	for i, c := range text {
		if c == '-' {
			to.Namespace, to.Name = text[:i], text[i+1:]
			if _, ok := j.find(to); ok {
				return
			}
		}
	}
	if j.partly != "" {
		j.unclear(to.Kind+" "+text, j.partly)
		return
	}
	j.say(danglingRoute, validate.Info, at, fmt.Sprintf("%s is \"%s@kubernetescrd\", and the stack has no %s that is so called (namespace-name)", at, text, to.Kind))
}

// traefikServices follows the services of a route.
func (j *judge) traefikServices(route any, at render.Path) {
	for i, v := range validate.ListAt(route, "services") {
		j.traefikService(v, at.With("services", i))
	}
}

// traefikService follows one service of a route. Its serversTransport is looked for in the namespace of the service. A name with
// "@" is of another provider ("api@internal"), and a TraefikService has no ports that could be compared.
func (j *judge) traefikService(v any, at render.Path) {
	name, nameAt, ok := j.text(v, at, "name")
	if transport, transportAt, ok := j.text(v, at, "serversTransport"); ok && !strings.Contains(transport, "@") {
		kind := "ServersTransport"
		if strings.HasSuffix(j.object.Key.Kind, "TCP") {
			kind = "ServersTransportTCP"
		}
		to := render.Key{Group: j.object.Key.Group, Kind: kind, Namespace: j.object.Key.Namespace, Name: transport}
		if space := validate.TextAt(v, "namespace"); space != "" {
			to.Namespace = space
		}
		j.follow(lead{rule: danglingRoute, to: to, field: transportAt})
	}
	if !ok || strings.Contains(name, "@") {
		return
	}
	to := keyOf("Service", j.object.Key.Namespace, name)
	if space := validate.TextAt(v, "namespace"); space != "" {
		to.Namespace = space
	}
	if validate.TextAt(v, "kind") == "TraefikService" {
		to.Kind, to.Group = "TraefikService", j.object.Key.Group
		j.follow(lead{rule: danglingRoute, to: to, field: nameAt})
		return
	}
	j.backend(lead{rule: danglingRoute, to: to, field: nameAt}, at.With("port"), validate.ValueAt(v, "port"))
}

const gatewayGroup = "gateway.networking.k8s.io"

// gatewayRoute follows the parents and backends of a route of the Gateway API. A backend in another namespace needs a
// ReferenceGrant there. Source: gateway-api spec, BackendRef, ParentReference, ReferenceGrant.
func gatewayRoute(j *judge) {
	each(j.object.Tree, "spec.parentRefs.[]", func(v any, at render.Path) {
		at = slices.Clone(at)
		name, nameAt, ok := j.text(v, at, "name")
		if kind, group := validate.TextAt(v, "kind"), validate.TextAt(v, "group"); !ok || kind != "" && kind != "Gateway" || group != "" && group != gatewayGroup {
			return
		}
		to := render.Key{Group: gatewayGroup, Kind: "Gateway", Namespace: j.object.Key.Namespace, Name: name}
		if space := validate.TextAt(v, "namespace"); space != "" {
			to.Namespace = space
		}
		t, ok := j.follow(lead{rule: danglingRoute, to: to, field: nameAt})
		section, sectionAt, asked := j.text(v, at, "sectionName")
		if !ok || !asked || t.object == nil || t.open {
			return
		}
		var names []string
		for _, l := range validate.ListAt(t.object.Tree, "spec", "listeners") {
			names = append(names, validate.TextAt(l, "name"))
		}
		if !slices.Contains(names, section) {
			j.say(routePort, validate.Error, sectionAt, fmt.Sprintf("%s is %q, and %s has no listener of that name; it has %s", sectionAt, section, to, strings.Join(names, ", ")))
		}
	})
	each(j.object.Tree, "spec.rules.[].backendRefs.[]", func(v any, at render.Path) {
		at = slices.Clone(at)
		name, nameAt, ok := j.text(v, at, "name")
		if kind, group := validate.TextAt(v, "kind"), validate.TextAt(v, "group"); !ok || kind != "" && kind != "Service" || group != "" {
			return
		}
		to := keyOf("Service", j.object.Key.Namespace, name)
		if space := validate.TextAt(v, "namespace"); space != "" {
			to.Namespace = space
		}
		if j.backend(lead{rule: danglingRoute, to: to, field: nameAt}, at.With("port"), validate.ValueAt(v, "port")) {
			j.granted(to, at.With("namespace"))
		}
	})
}

// gateway follows the certificates of the listeners. What is no Secret is of an implementation's own making, and left alone.
// Source: gateway-api spec, SecretObjectReference.
func gateway(j *judge) {
	each(j.object.Tree, "spec.listeners.[].tls.certificateRefs.[]", func(v any, at render.Path) {
		at = slices.Clone(at)
		name, nameAt, ok := j.text(v, at, "name")
		if kind, group := validate.TextAt(v, "kind"), validate.TextAt(v, "group"); !ok || kind != "" && kind != "Secret" || group != "" {
			return
		}
		to := keyOf("Secret", j.object.Key.Namespace, name)
		if space := validate.TextAt(v, "namespace"); space != "" {
			to.Namespace = space
		}
		r := compiled{row: row{needs: "tls.crt,tls.key"}}
		if j.wants(r, lead{rule: missingConfig, to: to, field: nameAt}) != nil {
			j.granted(to, at.With("namespace"))
		}
	})
}

// granted says where no ReferenceGrant of the target's namespace allows a reference from another one. Grants only add up, so
// one is enough; a name is stated only to narrow the grant to one target. Source: gateway-api spec, ReferenceGrant.
func (j *judge) granted(to render.Key, at render.Path) {
	from := j.object.Key
	if to.Namespace == from.Namespace || j.partly != "" || j.foreign[to.Namespace] {
		return
	}
	for _, g := range j.grants {
		if g.Key.Namespace != to.Namespace {
			continue
		}
		allows := func(part, group, kind, space string) bool {
			return slices.ContainsFunc(validate.ListAt(g.Tree, "spec", part), func(v any) bool {
				return validate.TextAt(v, "group") == group && validate.TextAt(v, "kind") == kind && (space == "" || validate.TextAt(v, "namespace") == space) &&
					(part == "from" || validate.TextAt(v, "name") == "" || validate.TextAt(v, "name") == to.Name)
			})
		}
		if g.blank || allows("from", from.Group, from.Kind, from.Namespace) && allows("to", to.Group, to.Kind, "") {
			return
		}
	}
	j.say(missingGrant, validate.Info, at, fmt.Sprintf("%s is %q, and no ReferenceGrant there allows %s objects of namespace %s to refer to %s %s",
		at, to.Namespace, from.Kind, from.Namespace, to.Kind, to.Name))
}
