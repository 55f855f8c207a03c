package server

import (
	"fmt"
	"iter"
	"strings"
)

// volumeKind is a kind of source of volumes.
type volumeKind struct {
	name string
	// stated are fields that no schema requires and the server does; full are those of which the schema says that they
	// are there, and the server that they are not empty.
	stated, full string
	judge        func(p *pod, volume, source *spot)
}

// volumeKinds are all kinds, in the order in which the server looks for them.
// Source: kubernetes pkg/apis/core/validation/validation.go, validateVolumeSource and what it calls.
var volumeKinds = []volumeKind{
	{name: "emptyDir", judge: podEmptyDir},
	{name: "hostPath", full: "path", judge: func(_ *pod, _, s *spot) { s.at("path").must(invalidVolume, noBackstep) }},
	{name: "gitRepo", full: "repository", judge: func(_ *pod, _, s *spot) { s.at("directory").must(invalidVolume, descending) }},
	{name: "gcePersistentDisk", full: "pdName", judge: podPartition},
	{name: "awsElasticBlockStore", full: "volumeID", judge: podPartition},
	{name: "secret", stated: "secretName", judge: podKeyFiles},
	{name: "nfs", full: "server path", judge: podNFS},
	{name: "iscsi", full: "targetPortal iqn", judge: podISCSI},
	{name: "glusterfs", full: "endpoints path"},
	{name: "flocker", judge: podFlocker},
	{name: "persistentVolumeClaim", full: "claimName"},
	{name: "rbd", full: "image"},
	{name: "cinder", full: "volumeID"},
	{name: "cephfs"},
	{name: "quobyte", full: "registry volume"},
	{name: "downwardAPI", judge: podDownward},
	{name: "fc", judge: podFC},
	{name: "flexVolume", full: "driver", judge: podFlex},
	{name: "configMap", stated: "name", judge: podKeyFiles},
	{name: "azureFile", full: "secretName shareName"},
	{name: "vsphereVolume", full: "volumePath"},
	{name: "photonPersistentDisk", full: "pdID"},
	{name: "portworxVolume", full: "volumeID"},
	{name: "azureDisk", full: "diskName diskURI"},
	{name: "storageos", stated: "volumeName", judge: func(_ *pod, _, s *spot) {
		s.at("volumeName").must(invalidVolume, dnsLabel)
		s.at("volumeNamespace").must(invalidVolume, dnsLabel)
	}},
	{name: "projected", judge: podProjected},
	{name: "scaleIO", stated: "volumeName", full: "gateway system"},
	{name: "csi", full: "driver", judge: podCSI},
	{name: "ephemeral", stated: "volumeClaimTemplate", judge: podEphemeral},
	{name: "image", judge: func(p *pod, _, s *spot) {
		if p.bare {
			s.at("reference").need(invalidVolume, "want the reference of an image")
		}
		judgeImage(s.at("reference"))
	}},
}

// volumeSourcesOf gives the sources that a volume has, in the server's order.
func volumeSourcesOf(volume *spot) iter.Seq2[volumeKind, *spot] {
	return func(yield func(volumeKind, *spot) bool) {
		for _, source := range volumeKinds {
			if at := volume.at(source.name); at.there() && !yield(source, at) {
				return
			}
		}
	}
}

// judgeVolumes judges the volumes of a pod. One without a source is an emptyDir.
// Source: kubernetes pkg/apis/core/v1/defaults.go, SetDefaults_Volume.
func judgeVolumes(p *pod) {
	volumes := p.spec.at("volumes")
	claims := map[string]bool{}
	owner := p.meta.at("name").word()
	for _, v := range volumes.each() {
		if v.at("name").nonEmpty(invalidVolume, "want a DNS label") {
			v.at("name").must(invalidVolume, dnsLabel)
		}
		first := ""
		for source, at := range volumeSourcesOf(v) {
			if first != "" {
				at.say(invalidVolume, "is a second source of the volume, beside %s", first)
				continue
			}
			first = source.name
			for key := range strings.FieldsSeq(source.stated) {
				at.at(key).need(invalidVolume, "and "+source.name+" wants it")
			}
			for key := range strings.FieldsSeq(source.full) {
				at.at(key).nonEmpty(invalidVolume, "and "+source.name+" wants it")
			}
			if source.judge != nil {
				source.judge(p, v, at)
			}
		}
		if p.bare && first == "ephemeral" && owner != "" {
			claims[owner+"-"+v.at("name").word()] = true
		}
	}
	for _, v := range volumes.each() {
		if claim := v.at("persistentVolumeClaim", "claimName"); claims[claim.word()] {
			claim.say(invalidVolume, "is %s, the claim that is made for an ephemeral volume", quote(claim.word()))
		}
	}
	unique(duplicateName, volumes.each(), byName)
}

func podEmptyDir(_ *pod, _, s *spot) {
	if q, ok := s.at("sizeLimit").quantity(); ok && q.Sign() < 0 {
		s.at("sizeLimit").say(invalidVolume, "is %s, want 0 or more", q.String())
	}
}

func podPartition(_ *pod, _, s *spot) { s.at("partition").within(invalidVolume, 0, 255) }

func podNFS(_ *pod, _, s *spot) {
	if text := s.at("path").word(); text != "" && !strings.HasPrefix(text, "/") {
		s.at("path").say(invalidVolume, "is %s, want an absolute path", quote(text))
	}
}

func podISCSI(_ *pod, _, s *spot) {
	s.at("lun").within(invalidVolume, 0, 255)
	if iqn := s.at("iqn").word(); iqn != "" && !strings.HasPrefix(iqn, "iqn") && !strings.HasPrefix(iqn, "eui") && !strings.HasPrefix(iqn, "naa") {
		s.at("iqn").say(invalidVolume, `is %s, want one that begins with "iqn", "eui" or "naa"`, quote(iqn))
	}
	if s.at("chapAuthDiscovery").is(true) || s.at("chapAuthSession").is(true) {
		s.at("secretRef").need(invalidVolume, "and CHAP wants it")
	}
}

func podFlocker(_ *pod, _, s *spot) {
	if s.at("datasetName").full() == s.at("datasetUUID").full() {
		s.say(invalidVolume, "has datasetName and datasetUUID or neither, want one of them")
	}
}

func podFC(_ *pod, _, s *spot) {
	names, ids := s.at("targetWWNs"), s.at("wwids")
	switch {
	case names.full() == ids.full():
		names.say(invalidVolume, "and wwids are both there or both missing, want one of them")
	case names.full() && s.at("lun").need(invalidVolume, "and targetWWNs want it"):
		s.at("lun").within(invalidVolume, 0, 255)
	}
}

func podFlex(_ *pod, _, s *spot) {
	for key, value := range s.at("options").entries() {
		group, _, _ := strings.Cut(strings.ToLower(key), "/")
		if group = "." + group; strings.HasSuffix(group, ".kubernetes.io") || strings.HasSuffix(group, ".k8s.io") {
			value.say(invalidVolume, "is an option of kubernetes.io or k8s.io, which are reserved")
		}
	}
}

func podCSI(_ *pod, _, s *spot) {
	s.at("driver").must(invalidVolume, driverName)
	if ref := s.at("nodePublishSecretRef"); ref.there() && ref.at("name").need(invalidVolume, "want the name of a Secret") {
		ref.at("name").must(invalidVolume, subdomain)
	}
}

// driverName is the form of the names of CSI drivers. Source: ValidateCSIDriverName.
var driverName = form{`the name of a CSI driver: at most 63 letters, digits, "-" and ".", with a letter or digit at both ends of each part`, func(text string) bool {
	return len(text) <= 63 && subdomain.ok(strings.ToLower(text))
}}

func podEphemeral(p *pod, v, s *spot) {
	if !s.at("volumeClaimTemplate").there() {
		return
	}
	judgeClaimTemplate(s.at("volumeClaimTemplate"))
	owner, name := p.meta.at("name").word(), v.at("name").word()
	if claim := owner + "-" + name; p.bare && owner != "" && name != "" && !subdomain.ok(claim) {
		v.at("name").say(invalidVolume, "is %s, which makes a claim named %s, want %s", quote(name), quote(claim), subdomain.want)
	}
}

// judgeClaimTemplate judges a claim that is made with a Pod. Source: ValidatePersistentVolumeClaimTemplate.
func judgeClaimTemplate(template *spot) {
	judgeLabels(template.at("metadata", "labels"))
	judgeAnnotations(template.at("metadata", "annotations"))
	judgeClaim(template.at("spec"))
}

// judgeMode judges the permissions of files.
func judgeMode(mode *spot) {
	if n, ok := mode.integer(); ok && fits(n) && (n < 0 || n > 0o777) {
		mode.say(invalidVolume, "is %d (octal %s), want 0 to 511 (octal 0777)", n, fmt.Sprintf("%#o", n))
	}
}

// podKeyFiles judges volumes of the keys of a Secret or ConfigMap.
func podKeyFiles(_ *pod, _, s *spot) {
	judgeMode(s.at("defaultMode"))
	for _, file := range s.at("items").each() {
		judgeKeyFile(file)
	}
}

// judgeKeyFile judges a file that is made of a key. Source: validateKeyToPath.
func judgeKeyFile(file *spot) {
	file.at("key").nonEmpty(invalidVolume, "")
	if file.at("path").nonEmpty(invalidVolume, "want the path of the file") {
		file.at("path").must(invalidVolume, unreserved)
	}
	judgeMode(file.at("mode"))
}

// podDownward judges volumes of the fields of the Pod.
func podDownward(_ *pod, _, s *spot) {
	judgeMode(s.at("defaultMode"))
	for _, file := range s.at("items").each() {
		judgeFieldFile(file)
	}
}

// judgeFieldFile judges a file that is made of a field of the Pod. Source: validateDownwardAPIVolumeFile.
func judgeFieldFile(file *spot) {
	if !file.isMap() {
		return
	}
	if file.at("path").nonEmpty(invalidVolume, "want the path of the file") {
		file.at("path").must(invalidVolume, unreserved)
	}
	judgeMode(file.at("mode"))
	field, amount := file.at("fieldRef"), file.at("resourceFieldRef")
	switch {
	case field.there() && amount.there():
		file.say(invalidVolume, "has fieldRef and resourceFieldRef, want one of them")
	case !field.there() && !amount.there():
		file.say(invalidVolume, "has no source, want fieldRef or resourceFieldRef")
	}
	judgeFieldRef(invalidVolume, field, fileFields)
	if !field.there() {
		judgeResourceRef(invalidVolume, amount, true)
	}
}
