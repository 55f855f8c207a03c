package server

import (
	"maps"
	"slices"
	"strings"
)

// judgeStorageClass judges a StorageClass. Source: Kubernetes pkg/apis/storage/validation/validation.go,
// ValidateStorageClass.
func judgeStorageClass(j *judge) {
	judgeProvisioner(j.at("provisioner"))
	judgeParameters(j.at("parameters"))
	judgeTopologies(j.at("allowedTopologies"))
}

// judgeTopologies judges where volumes may be.
func judgeTopologies(terms *spot) {
	for i, term := range terms.each() {
		expressions := term.at("matchLabelExpressions")
		if expressions.noList() {
			expressions.say(invalidStorage, "is missing or empty, want at least one label")
			continue
		}
		for _, e := range expressions.each() {
			e.at("key").filled(invalidStorage, "a label key")
			e.at("key").must(invalidStorage, labelKey)
			e.at("values").some(invalidStorage, "at least one value")
			unique(invalidStorage, e.at("values").each(), self)
		}
		unique(invalidStorage, expressions.each(), func(e *spot) (string, *spot) { return self(e.at("key")) })
		for k, before := range terms.each() {
			if k < i && sameTopology(before.at("matchLabelExpressions"), expressions) {
				expressions.say(invalidStorage, "is the same as %s is already", before.path())
				break
			}
		}
	}
}

// sameTopology says whether two lists ask for the same values of the same labels, in any order.
func sameTopology(a, b *spot) bool {
	values := func(list *spot) (map[string]string, bool) {
		of, known := map[string]string{}, true
		for _, e := range list.each() {
			words := e.at("values").words()
			known = known && len(words) == e.at("values").length() && !e.blank()
			slices.Sort(words)
			of[e.at("key").word()] = strings.Join(words, " ")
		}
		return of, known
	}
	x, ok1 := values(a)
	y, ok2 := values(b)
	return ok1 && ok2 && maps.Equal(x, y)
}

// judgeProvisioner judges the name of what makes volumes.
func judgeProvisioner(name *spot) {
	name.filled(invalidStorage, "the name of the driver")
	if text, ok := name.text(); ok && text != "" && !qualifiedName.ok(strings.ToLower(text)) {
		name.say(invalidStorage, "is %s, want %s", quote(text), qualifiedName.want)
	}
}

// judgeParameters judges what is said to a driver.
func judgeParameters(parameters *spot) {
	const most, largest = 512, 256 << 10
	if parameters.length() > most {
		parameters.say(invalidStorage, "has %d entries, want at most %d", parameters.length(), most)
		return
	}
	size := 0
	for key, value := range parameters.entries() {
		text := value.word()
		size += len(key) + len(text)
		if key == "" {
			parameters.say(invalidStorage, "has an empty key")
		}
	}
	if size > largest {
		parameters.say(invalidStorage, "has %d bytes, want at most %d", size, largest)
	}
}

// judgeAttributesClass judges a VolumeAttributesClass. Source: Kubernetes pkg/apis/storage/validation/validation.go,
// ValidateVolumeAttributesClass.
func judgeAttributesClass(j *judge) {
	judgeProvisioner(j.at("driverName"))
	parameters := j.at("parameters")
	judgeParameters(parameters)
	if parameters.noMap() {
		parameters.say(invalidStorage, "is missing or empty, want at least one")
	}
}

// judgeAttachment judges a VolumeAttachment. Source: Kubernetes pkg/apis/storage/validation/validation.go,
// ValidateVolumeAttachment.
func judgeAttachment(j *judge) {
	spec := j.at("spec")
	judgeDriverName(spec.at("attacher"))
	spec.at("nodeName").strictly(invalidStorage, subdomain)
	source := spec.at("source")
	if !source.isMap() {
		return
	}
	inline, volume := source.at("inlineVolumeSpec"), source.at("persistentVolumeName")
	switch {
	case inline.there() && volume.there():
		source.say(invalidStorage, "has both inlineVolumeSpec and persistentVolumeName, want one of them")
	case !inline.there() && !volume.there():
		source.say(invalidStorage, "has neither inlineVolumeSpec nor persistentVolumeName")
	default:
		volume.strictly(invalidStorage, subdomain)
	}
}

// judgeNodeDrivers judges a CSINode. That a driver is there twice is for the schema to say. Source: Kubernetes
// pkg/apis/storage/validation/validation.go, validateCSINodeSpec.
func judgeNodeDrivers(j *judge) {
	const longest = 256
	for _, driver := range j.at("spec", "drivers").each() {
		judgeDriverName(driver.at("name"))
		id := driver.at("nodeID")
		id.filled(invalidStorage, "what the driver calls the node")
		if n := len(id.word()); n > longest {
			id.say(invalidStorage, "has %d characters, want at most %d", n, longest)
		}
		driver.at("allocatable", "count").within(invalidStorage, 0, noLimit)
		for _, key := range driver.at("topologyKeys").each() {
			key.strictly(invalidStorage, qualifiedName)
		}
		unique(invalidStorage, driver.at("topologyKeys").each(), self)
	}
}

// judgeDriver judges a CSIDriver. Source: Kubernetes pkg/apis/storage/validation/validation.go, validateCSIDriverSpec.
func judgeDriver(j *judge) {
	spec := j.at("spec")
	spec.at("fsGroupPolicy").oneOf(invalidStorage, "ReadWriteOnceWithFSType", "File", "None")
	spec.at("fsGroupPolicy").nonEmpty(invalidStorage, "want ReadWriteOnceWithFSType, File or None")
	modes := form{"Persistent or Ephemeral", func(text string) bool { return text == "Persistent" || text == "Ephemeral" }}
	for _, mode := range spec.at("volumeLifecycleModes").each() {
		mode.strictly(invalidStorage, modes)
	}
	first := map[string]bool{}
	requests := spec.at("tokenRequests")
	for _, request := range requests.each() {
		audience, ok := request.at("audience").text()
		if ok && first[audience] {
			request.at("audience").say(invalidStorage, "is %s, as that of a request before", quote(audience))
			continue
		}
		first[audience] = ok
		request.at("expirationSeconds").within(invalidStorage, 600, 1<<32)
	}
	if j.since(35) { // MutableCSINodeAllocatableCount and CSIServiceAccountTokenSecrets are on since then
		spec.at("nodeAllocatableUpdatePeriodSeconds").within(invalidStorage, 10, noLimit)
		if secret := spec.at("serviceAccountTokenInSecrets"); secret.there() && !requests.full() {
			secret.say(invalidStorage, "is set, and there are no tokenRequests")
		}
	}
}

// judgeCapacity judges a CSIStorageCapacity. Source: Kubernetes pkg/apis/storage/validation/validation.go,
// ValidateCSIStorageCapacity.
func judgeCapacity(j *judge) {
	judgeSelector(j.at("nodeTopology"))
	j.at("storageClassName").strictly(invalidStorage, subdomain)
	if q, ok := j.at("capacity").quantity(); ok && q.Sign() < 0 {
		j.at("capacity").say(invalidStorage, "is %s, want 0 or more", &q)
	}
}
