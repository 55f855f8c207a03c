package server

import "fmt"

// judgeVolumes judges the volumes of a pod. One without a source is an emptyDir.
// Source: kubernetes pkg/apis/core/v1/defaults.go, SetDefaults_Volume.
func judgeVolumes(p *pod) {
	volumes := p.spec.at("volumes")
	claims := map[string]bool{}
	owner := p.meta.at("name").word()
	for _, v := range volumes.each() {
		if droppedVolume(v) {
			continue
		}
		if v.at("name").nonEmpty(invalidVolume, "want a DNS label") {
			v.at("name").must(invalidVolume, dnsLabel)
		}
		kind := judgeSources(source{v, invalidVolume, p, v.at("name")})
		if p.bare && kind == "ephemeral" && owner != "" {
			claims[owner+"-"+v.at("name").word()] = true
		}
	}
	for _, v := range volumes.each() {
		if claim := v.at("persistentVolumeClaim", "claimName"); claims[claim.word()] {
			claim.say(invalidVolume, "is %s, the claim that is made for an ephemeral volume", quote(claim.word()))
		}
	}
	unique(duplicateName, volumes.each(), func(v *spot) (string, *spot) {
		if droppedVolume(v) {
			return "", v
		}
		return byName(v)
	})
}

// droppedVolume says whether the server drops a volume, with what mounts it: one of an image, before 1.35. Source: kubernetes
// pkg/features/kube_features.go, ImageVolume; pkg/api/pod/util.go, dropImageVolumes.
func droppedVolume(v *spot) bool { return v.at("image").there() && !v.j.since(35) }

func judgeEmptyDir(s source) {
	if q, ok := s.at("sizeLimit").quantity(); ok && q.Sign() < 0 {
		s.at("sizeLimit").say(invalidVolume, "is %s, want 0 or more", q.String())
	}
}

func judgeEphemeral(s source) {
	if !s.at("volumeClaimTemplate").there() {
		return
	}
	template := s.at("volumeClaimTemplate")
	judgeClaimTemplate(template)
	// Source: allowedTemplateObjectMetaFields.
	for _, key := range []string{"name", "generateName", "namespace", "ownerReferences", "finalizers"} {
		if at := template.at("metadata", key); at.full() {
			at.say(invalidVolume, "is set, want labels and annotations alone: the rest the claim has from its Pod")
		}
	}
	owner, name := s.pod.meta.at("name").word(), s.name.word()
	if claim := owner + "-" + name; s.pod.bare && owner != "" && name != "" && !subdomain.ok(claim) {
		s.name.say(invalidVolume, "is %s, which makes a claim named %s, want %s", quote(name), quote(claim), subdomain.want)
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

// judgeKeyFiles judges volumes of the keys of a Secret or ConfigMap.
func judgeKeyFiles(s source) {
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

// judgeDownward judges volumes of the fields of the Pod.
func judgeDownward(s source) {
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
