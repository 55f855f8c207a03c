package server

import (
	"iter"
	"net"
	"regexp"
	"strings"
)

// source is a source of a volume, of a Pod or a PersistentVolume.
type source struct {
	*spot
	rule string
	pod  *pod  // whose volume it is; nil of a PersistentVolume
	name *spot // of the volume
}

// volumeKind is a kind of source of volumes.
type volumeKind struct {
	name string
	only string // the one kind that has such volumes: "Pod" or "PersistentVolume"; empty where both have
	// stated are fields that no schema requires and the server does; full are those that are not empty where they are
	// stated: that they are there is for the schema to require.
	stated, full string
	judge        func(source)
}

// volumeKinds are all kinds, in the order in which the server looks for them in Pods.
// Source: kubernetes pkg/apis/core/validation/validation.go, validateVolumeSource, ValidatePersistentVolumeSpec and what
// they call.
var volumeKinds = []volumeKind{
	{name: "emptyDir", only: "Pod", judge: judgeEmptyDir},
	{name: "hostPath", full: "path", judge: func(s source) { s.at("path").must(s.rule, noBackstep) }},
	{name: "gitRepo", only: "Pod", full: "repository", judge: func(s source) { s.at("directory").must(s.rule, descending) }},
	{name: "gcePersistentDisk", full: "pdName", judge: judgePartition},
	{name: "awsElasticBlockStore", full: "volumeID", judge: judgePartition},
	{name: "secret", only: "Pod", stated: "secretName", judge: judgeKeyFiles},
	{name: "nfs", full: "server path", judge: func(s source) { s.at("path").must(s.rule, absolute) }},
	{name: "iscsi", full: "targetPortal iqn", judge: judgeISCSI},
	{name: "glusterfs", full: "endpoints path endpointsNamespace", judge: func(s source) { s.at("endpointsNamespace").must(s.rule, dnsLabel) }},
	{name: "flocker", judge: judgeFlocker},
	{name: "persistentVolumeClaim", only: "Pod", full: "claimName"},
	{name: "rbd", full: "image", judge: judgeMonitors},
	{name: "cinder", full: "volumeID", judge: func(s source) { s.secretRef("secretRef") }},
	{name: "cephfs", judge: judgeMonitors},
	{name: "quobyte", full: "registry volume", judge: judgeQuobyte},
	{name: "downwardAPI", only: "Pod", judge: judgeDownward},
	{name: "fc", judge: judgeFC},
	{name: "flexVolume", full: "driver", judge: judgeFlex},
	{name: "configMap", only: "Pod", stated: "name", judge: judgeKeyFiles},
	{name: "azureFile", full: "secretName shareName secretNamespace"},
	{name: "vsphereVolume", full: "volumePath"},
	{name: "photonPersistentDisk", full: "pdID"},
	{name: "portworxVolume", full: "volumeID"},
	{name: "azureDisk", full: "diskName diskURI", judge: judgeAzureDisk},
	{name: "storageos", stated: "volumeName", judge: func(s source) {
		s.at("volumeName").must(s.rule, dnsLabel)
		s.at("volumeNamespace").must(s.rule, dnsLabel)
		s.secretRef("secretRef")
	}},
	{name: "projected", only: "Pod", judge: judgeProjected},
	{name: "scaleIO", stated: "volumeName", full: "gateway system"},
	{name: "local", only: "PersistentVolume", full: "path", judge: func(s source) { s.at("path").must(s.rule, noBackstep) }},
	{name: "csi", full: "driver volumeHandle", judge: judgeCSI},
	{name: "ephemeral", only: "Pod", stated: "volumeClaimTemplate", judge: judgeEphemeral},
	{name: "image", only: "Pod", judge: func(s source) {
		if s.pod.bare {
			s.at("reference").need(s.rule, "want the reference of an image")
		}
		judgeImage(s.at("reference"))
	}},
}

// volumeSourcesOf gives the sources that a volume of a Pod or a PersistentVolume has, in the server's order.
func volumeSourcesOf(volume *spot, of string) iter.Seq2[volumeKind, *spot] {
	return func(yield func(volumeKind, *spot) bool) {
		for _, kind := range volumeKinds {
			at := volume.at(kind.name)
			if at.there() && (kind.only == "" || kind.only == of) && !yield(kind, at) {
				return
			}
		}
	}
}

// judgeSources judges what a volume is made of, and gives the name of its kind, empty where it has none.
func judgeSources(volume source) string {
	of := "PersistentVolume"
	if volume.pod != nil {
		of = "Pod"
	}
	first := ""
	for kind, at := range volumeSourcesOf(volume.spot, of) {
		// That a PersistentVolume has a flexVolume beside others the server does not see.
		if first != "" && (volume.pod != nil || kind.name != "flexVolume") {
			at.say(volume.rule, "is a second source of the volume, beside %s", first)
			continue
		}
		first = kind.name
		if !at.isMap() {
			continue
		}
		for key := range strings.FieldsSeq(kind.stated) {
			at.at(key).need(volume.rule, "and "+kind.name+" wants it")
		}
		for key := range strings.FieldsSeq(kind.full) {
			at.at(key).nonEmpty(volume.rule, "and "+kind.name+" wants it")
		}
		if kind.judge != nil {
			kind.judge(source{at, volume.rule, volume.pod, volume.name})
		}
	}
	return first
}

// secretRef reports a reference to a Secret without its name, or in a PersistentVolume, which is in no namespace, without
// its namespace.
func (s source) secretRef(field string) *spot {
	ref := s.at(field)
	if ref.isMap() {
		ref.at("name").need(s.rule, "want the name of a Secret")
		if s.pod == nil {
			ref.at("namespace").need(s.rule, "want the namespace of a Secret")
		}
	}
	return ref
}

func judgeMonitors(s source) { s.at("monitors").some(s.rule, "at least one monitor") }

func judgePartition(s source) { s.at("partition").within(s.rule, 0, 255) }

// iscsiName is the form of the names of initiators and targets: the type, and after the "iqn" the month in which somebody
// had a domain, that domain and a name of his.
var iscsiName = form{
	`an iSCSI name: "iqn.2001-04.com.example:name", "eui." and 16 or "naa." and 32 letters and digits`,
	regexp.MustCompile(`^(?s:iqn(.*iqn)?\.[0-9]{4}-[0-9]{2}\.[-.0-9A-Za-z]+:[^,;*&$|\s]+|eui.[0-9A-Za-z]{16}|naa.[0-9A-Za-z]{32})$`).MatchString,
}

func judgeISCSI(s source) {
	const longest = 64
	s.at("lun").within(s.rule, 0, 255)
	s.at("iqn").must(s.rule, iscsiName)
	if s.at("chapAuthDiscovery").is(true) || s.at("chapAuthSession").is(true) {
		s.at("secretRef").need(s.rule, "and CHAP wants it")
	}
	if ref := s.at("secretRef"); s.pod == nil && ref.isMap() {
		ref.at("name").need(s.rule, "want the name of a Secret")
	}
	initiator, portal := s.at("initiatorName"), s.at("targetPortal")
	if !initiator.there() {
		return
	}
	initiator.strictly(s.rule, iscsiName)
	name, ok1 := s.name.text()
	if text, ok2 := portal.text(); ok1 && ok2 && len(name+":"+text) > longest {
		portal.say(s.rule, "makes %d characters with the name of the volume, want at most %d where initiatorName is stated", len(name+":"+text), longest)
	}
}

func judgeFlocker(s source) {
	name := s.at("datasetName")
	if name.full() == s.at("datasetUUID").full() {
		s.say(s.rule, "has datasetName and datasetUUID or neither, want one of them")
	}
	name.must(s.rule, form{`a name without "/"`, func(text string) bool { return !strings.Contains(text, "/") }})
}

func judgeQuobyte(s source) {
	const longest = 64
	s.at("registry").must(s.rule, form{`host:port, or several of them with "," between`, func(text string) bool {
		for pair := range strings.SplitSeq(text, ",") {
			if _, _, err := net.SplitHostPort(pair); err != nil {
				return false
			}
		}
		return true
	}})
	if tenant := s.at("tenant"); len(tenant.word()) > longest {
		tenant.say(s.rule, "has %d characters, want at most %d", len(tenant.word()), longest)
	}
}

func judgeFC(s source) {
	names, ids := s.at("targetWWNs"), s.at("wwids")
	switch {
	case names.full() == ids.full():
		names.say(s.rule, "and wwids are both there or both missing, want one of them")
	case names.full() && s.at("lun").need(s.rule, "and targetWWNs want it"):
		s.at("lun").within(s.rule, 0, 255)
	}
}

func judgeFlex(s source) {
	for key, value := range s.at("options").entries() {
		group, _, _ := strings.Cut(strings.ToLower(key), "/")
		if group = "." + group; strings.HasSuffix(group, ".kubernetes.io") || strings.HasSuffix(group, ".k8s.io") {
			value.say(s.rule, "is an option of kubernetes.io or k8s.io, which are reserved")
		}
	}
}

// judgeAzureDisk judges where a disk is. One that states no kind is Shared. Source: pkg/apis/core/v1/defaults.go there.
func judgeAzureDisk(s source) {
	uri, prefix := s.at("diskURI"), "https://"
	kind, ok1 := s.at("kind").known("Shared")
	if kind == "Managed" {
		prefix = "/subscriptions/"
	}
	if text, ok2 := uri.text(); ok1 && ok2 && text != "" && !strings.HasPrefix(text, prefix) {
		uri.say(s.rule, "is %s, want one that begins with %q, as kind is %s", quote(text), prefix, kind)
	}
}

func judgeCSI(s source) {
	s.at("driver").must(s.rule, driverName)
	for _, field := range []string{"controllerPublishSecretRef", "controllerExpandSecretRef", "nodePublishSecretRef", "nodeExpandSecretRef"} {
		ref := s.secretRef(field)
		ref.at("name").must(s.rule, subdomain)
		ref.at("namespace").must(s.rule, dnsLabel)
	}
}

// driverName is the form of the names of CSI drivers. Source: ValidateCSIDriverName.
var driverName = form{`the name of a CSI driver: at most 63 letters, digits, "-" and ".", with a letter or digit at both ends of each part`, func(text string) bool {
	return len(text) <= 63 && subdomain.ok(strings.ToLower(text))
}}
