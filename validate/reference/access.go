package reference

import (
	"fmt"
	"slices"
	"strings"

	"sluice/render"
	"sluice/validate"
)

// scaled makes the check of what is scaled: a mapping {apiVersion, kind, name}. The version is not compared: one that the server
// does not have is another rule's. Of the built-in workloads a name that another kind has is certainly the wrong kind; that no
// kind has it may be because an operator makes the workload.
func scaled(keys ...string) func(*judge) {
	return func(j *judge) {
		v := validate.MappingAt(j.object.Tree, keys...)
		at := render.Path{keys[0], keys[1]}
		name, nameAt, ok := j.text(v, at, "name")
		if !ok || j.blank(at.With("kind")) || j.blank(at.With("apiVersion")) {
			return
		}
		kind, group := validate.TextAt(v, "kind"), "apps"
		if version := validate.TextAt(v, "apiVersion"); version != "" {
			group, _, _ = strings.Cut(version, "/")
			if !strings.Contains(version, "/") {
				group = ""
			}
		} else if kind == "" {
			kind = "Deployment" // KEDA's default
		}
		to := render.Key{Group: group, Kind: kind, Namespace: j.object.Key.Namespace, Name: name}
		if _, ok := j.find(to); ok || kind == "" {
			return
		}
		for _, other := range []string{"Deployment.apps", "StatefulSet.apps", "DaemonSet.apps", "ReplicaSet.apps"} {
			if t, ok := j.find(keyOf(other, to.Namespace, name)); ok && t.object != nil {
				j.say(danglingScaler, validate.Error, nameAt, fmt.Sprintf("%s is %q as a %s, and what is so called is a %s", at, name, to.GroupKind(), t.object.Key.GroupKind()))
				return
			}
		}
		j.follow(lead{rule: danglingScaler, to: to, field: nameAt})
	}
}

// subjects follows the ServiceAccounts that a binding binds. Users and groups are no objects: the API server takes any name.
func subjects(j *judge) {
	each(j.object.Tree, "subjects.[]", func(v any, at render.Path) {
		at = slices.Clone(at)
		name, nameAt, ok := j.text(v, at, "name")
		if !ok || validate.TextAt(v, "kind") != "ServiceAccount" {
			return
		}
		space := validate.TextAt(v, "namespace")
		if space == "" {
			space = j.object.Key.Namespace
		}
		j.follow(lead{rule: bindingSubject, to: keyOf("ServiceAccount", space, name), field: nameAt})
	})
}

// webhook makes the check of the Service that the API server calls: a mapping {name, namespace, port}. A mapping without a
// namespace is refused by the server, and a url in its place leads out. The port is 443 unless said.
// Source: kubernetes pkg/apis/admissionregistration/v1/defaults.go, SetDefaults_ServiceReference.
func webhook(path string) func(*judge) {
	return func(j *judge) {
		each(j.object.Tree, path, func(v any, at render.Path) {
			at = slices.Clone(at)
			name, nameAt, ok := j.text(v, at, "name")
			space := validate.TextAt(v, "namespace")
			if !ok || space == "" {
				return
			}
			port := validate.ValueAt(v, "port")
			if port == nil {
				port = int64(443)
			}
			j.backend(lead{rule: danglingWebhook, to: keyOf("Service", space, name), field: nameAt}, at.With("port"), port)
		})
	}
}

// injected follows the annotation by which cert-manager's injector finds the Certificate that it copies the authority of.
// Source: cert-manager docs concepts/ca-injector.
func injected(j *judge) {
	const note = "cert-manager.io/inject-ca-from"
	at := render.Path{"metadata", "annotations", note}
	space, name, ok := strings.Cut(words(j.object.Tree, "metadata", "annotations")[note], "/")
	if !ok || j.blank(at) {
		return
	}
	j.follow(lead{rule: missingIssuer, to: keyOf("Certificate.cert-manager.io", space, name), field: at})
}

// pod follows what the spec of Pods names. Mounts are looked at for their subPath alone: that a mount has its volume is checked
// by the API server, and so by another rule.
func (j *judge) pod(rows []compiled, spec map[string]any, at render.Path) {
	for _, r := range rows {
		j.row(r, spec, at)
	}
	volumes := map[string]any{}
	for i, v := range validate.ListAt(spec, "volumes") {
		if !j.blanks.Below(j.raw, at.With("volumes", i)) {
			volumes[validate.TextAt(v, "name")] = v
		}
	}
	for _, group := range []string{"containers", "initContainers"} {
		for i, c := range validate.ListAt(spec, group) {
			for k, m := range validate.ListAt(c, "volumeMounts") {
				j.subPath(volumes[validate.TextAt(m, "name")], m, at.With(group, i, "volumeMounts", k))
			}
			for _, probe := range []string{"livenessProbe", "readinessProbe", "startupProbe"} {
				j.probe(c, probe, at.With(group, i))
			}
		}
	}
}

// subPath holds the subPath of a mount to the keys of the ConfigMap or Secret that is mounted: where there is no such
// file, an empty directory takes its place. A path with a slash leads below a key, which only items make. Source: kubernetes pkg/volume/util/subpath.
func (j *judge) subPath(volume, mount any, at render.Path) {
	file, field, ok := j.text(mount, at, "subPath")
	if !ok || strings.Contains(file, "/") {
		return
	}
	for _, of := range []struct{ part, kind string }{{"configMap", "ConfigMap"}, {"secret", "Secret"}} {
		from, kind := validate.MappingAt(volume, of.part), of.kind
		name := validate.TextAt(from, "name") + validate.TextAt(from, "secretName")
		if name == "" || from["optional"] == true {
			continue
		}
		to := keyOf(kind, j.object.Key.Namespace, name)
		if items := validate.ListAt(from, "items"); len(items) > 0 {
			var paths []string
			for _, item := range items {
				first, _, _ := strings.Cut(validate.TextAt(item, "path"), "/")
				paths = append(paths, first)
			}
			if !slices.Contains(paths, file) {
				j.say(missingKey, validate.Error, field, fmt.Sprintf("%s is %q, and the volume has only %s of %s", field, file, strings.Join(paths, ", "), to))
			}
			continue
		}
		if t, found := j.find(to); found && nameable(name) {
			j.holds(lead{to: to, key: file, keyField: field}, t)
		}
	}
}

// probe holds the named port of a probe to the ports of its container; a number need not be declared.
func (j *judge) probe(container any, probe string, at render.Path) {
	for _, by := range []string{"httpGet", "tcpSocket"} {
		name, field, ok := j.text(validate.ValueAt(container, probe, by), at.With(probe, by), "port")
		if !ok || strings.Trim(name, "0123456789") == "" || j.blanks.Below(j.raw, at.With("ports")) {
			continue
		}
		var names []string
		for _, p := range containerPorts(container) {
			names = append(names, p.name)
		}
		if !slices.Contains(names, name) {
			j.say(probePort, validate.Error, field, fmt.Sprintf("%s is %q, and the container has no port of that name%s", field, name, hint(name, names)))
		}
	}
}
