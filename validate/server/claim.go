package server

import (
	"slices"
	"strings"
)

// judgeModes judges how a volume may be mounted, on both sides.
func judgeModes(modes *spot, rule string) {
	if modes.noList() {
		modes.say(rule, "is missing or empty, want at least one access mode")
	}
	words := modes.words()
	others := slices.ContainsFunc(words, func(w string) bool { return w != "ReadWriteOncePod" })
	if others && slices.Contains(words, "ReadWriteOncePod") {
		modes.say(rule, "has ReadWriteOncePod and more, want it alone")
	}
}

// judgeClaim judges the spec of a PersistentVolumeClaim. Source: Kubernetes pkg/apis/core/validation/validation.go,
// ValidatePersistentVolumeClaimSpec, and pkg/api/persistentvolumeclaim/util.go.
func judgeClaim(spec *spot) {
	if spec.there() && !spec.isMap() {
		return
	}
	judgeModes(spec.at("accessModes"), invalidClaim)
	judgeSelector(spec.at("selector"))
	storage := spec.at("resources", "requests", "storage")
	if q, ok := storage.quantity(); ok && q.Sign() <= 0 {
		storage.say(invalidClaim, "is %s, want more than 0", &q)
	} else if storage.missing() {
		storage.say(invalidClaim, "is missing, want the size of the volume")
	}
	spec.at("storageClassName").must(invalidClaim, subdomain)
	if spec.j.since(34) { // VolumeAttributesClass is on since then
		spec.at("volumeAttributesClassName").must(invalidClaim, subdomain)
	}
	judgeOrigin(spec)
}

// judgeOrigin judges what a volume is filled with. Of dataSource alone the server drops what is neither a claim nor a
// snapshot, silently.
func judgeOrigin(spec *spot) {
	old, ref := spec.at("dataSource"), spec.at("dataSourceRef")
	if namespace := ref.at("namespace"); namespace.full() {
		return // for a feature that is off unless it is asked for; without it the server drops all of it
	}
	sources := []*spot{old, ref}
	group, ok1 := old.at("apiGroup").text()
	kind, ok2 := old.at("kind").text()
	if !ref.there() && (!ok1 || !ok2 || (group != "" || kind != "PersistentVolumeClaim") && (group != "snapshot.storage.k8s.io" || kind != "VolumeSnapshot")) {
		return
	}
	for _, source := range sources {
		if !source.isMap() {
			continue
		}
		source.at("name").filled(invalidClaim, "the name of what the volume is filled with")
		source.at("kind").filled(invalidClaim, "the kind of what the volume is filled with")
		source.at("apiGroup").must(invalidClaim, subdomain)
		group, ok1 := source.at("apiGroup").text()
		kind, ok2 := source.at("kind").text()
		if ok1 && ok2 && group == "" && kind != "" && kind != "PersistentVolumeClaim" {
			source.say(invalidClaim, "is of the kind %s without apiGroup, want PersistentVolumeClaim or the group of the kind", quote(kind))
		}
	}
	if !old.isMap() || !ref.isMap() {
		return
	}
	for _, field := range []string{"apiGroup", "kind", "name"} {
		a, ok1 := old.at(field).text()
		b, ok2 := ref.at(field).text()
		if ok1 && ok2 && a != b {
			old.say(invalidClaim, "has %s %s, and dataSourceRef has %s: want the same, or one of the two", field, quote(a), quote(b))
			return
		}
	}
}

// judgeVolume judges a PersistentVolume. Source: Kubernetes pkg/apis/core/validation/validation.go,
// ValidatePersistentVolumeSpec.
func judgeVolume(j *judge) {
	spec := j.at("spec")
	if spec.there() && !spec.isMap() {
		return
	}
	judgeModes(spec.at("accessModes"), invalidStorage)
	judgeSize(spec.at("capacity"))
	if judgeSources(source{spec, invalidStorage, nil, j.at("metadata", "name")}) == "" {
		spec.say(invalidStorage, "says not what the volume is, want one of csi, local, nfs, hostPath and the like")
	}
	affinity := spec.at("nodeAffinity")
	if affinity.isMap() && !affinity.at("required").there() {
		affinity.at("required").say(invalidStorage, "is missing, want the nodes that reach the volume")
	}
	judgeNodeSelector(j, affinity.at("required"))
	if spec.at("local").there() && !affinity.there() {
		affinity.say(invalidStorage, "is missing, and a local volume needs the node that it is on")
	}
	policy, root := spec.at("persistentVolumeReclaimPolicy"), spec.at("hostPath", "path")
	if text, ok := root.text(); ok && text != "" && strings.Trim(text, "/.") == "" && policy.value == "Recycle" {
		policy.say(invalidStorage, `is Recycle, and hostPath is "/": nobody would want that emptied`)
	}
	spec.at("storageClassName").must(invalidStorage, subdomain)
	if class := spec.at("volumeAttributesClassName"); class.there() && j.since(34) {
		class.strictly(invalidStorage, subdomain)
		if !spec.at("csi").there() {
			class.say(invalidStorage, "is set, and only a volume of csi has attributes")
		}
	}
}

// judgeSize judges how large a volume says it is.
func judgeSize(capacity *spot) {
	if capacity.noMap() {
		capacity.say(invalidStorage, "is missing or empty, want storage and the size of the volume")
	}
	if !capacity.isMap() || !capacity.full() {
		return
	}
	if !capacity.has("storage") || capacity.length() > 1 {
		capacity.say(invalidStorage, "has %s, want storage alone", strings.Join(keysOf(capacity), ", "))
	}
	for _, amount := range capacity.entries() {
		if q, ok := amount.quantity(); ok && q.Sign() <= 0 {
			amount.say(invalidStorage, "is %s, want more than 0", &q)
		}
	}
}

// keysOf lists the keys of a mapping, sorted.
func keysOf(s *spot) []string {
	var keys []string
	for key := range s.entries() {
		keys = append(keys, key)
	}
	return keys
}

// judgeDriverName judges the name of a CSI driver.
func judgeDriverName(name *spot) {
	name.filled(invalidStorage, "the name of a CSI driver")
	name.must(invalidStorage, driverName)
}
