package server

import "slices"

// judgeMounts judges volumeMounts and volumeDevices of a container. Source: kubernetes
// pkg/apis/core/validation/validation.go, ValidateVolumeMounts and ValidateVolumeDevices.
func judgeMounts(p *pod, c *spot) {
	devices := c.at("volumeDevices")
	for _, m := range c.at("volumeMounts").each() {
		judgeVolumeName(p, m.at("name"))
		m.at("mountPath").nonEmpty(invalidMount, "want the path to mount at")
		judgeOverlap(m, "mountPath", devices)
		m.at("subPath").must(invalidMount, descending)
		m.at("subPathExpr").must(invalidMount, descending)
		if m.at("subPath").full() && m.at("subPathExpr").full() {
			m.at("subPathExpr").say(invalidMount, "is stated beside subPath, want one of them")
		}
		judgePropagation(c, m)
	}
	unique(invalidMount, c.at("volumeMounts").each(), func(m *spot) (string, *spot) {
		return m.at("mountPath").word(), m.at("mountPath")
	})
	for _, d := range devices.each() {
		name := d.at("name")
		judgeVolumeName(p, name)
		if source, ok := p.volumes[name.word()]; ok && p.known && source != "persistentVolumeClaim" && source != "ephemeral" {
			name.say(invalidMount, "is %s, a volume from %s, want one from persistentVolumeClaim or ephemeral", quote(name.word()), source)
		}
		if d.at("devicePath").nonEmpty(invalidMount, "want the path of the device") {
			d.at("devicePath").must(invalidMount, noBackstep)
		}
	}
	unique(invalidMount, devices.each(), byName)
	unique(invalidMount, devices.each(), func(d *spot) (string, *spot) { return d.at("devicePath").word(), d.at("devicePath") })
}

// judgeVolumeName reports the name of a volume that the pod does not have.
func judgeVolumeName(p *pod, name *spot) {
	text, ok := name.text()
	if !name.nonEmpty(danglingMount, "want the name of a volume") || !ok || !p.known {
		return
	}
	if _, found := p.volumes[text]; !found {
		name.say(danglingMount, "is %s, and the Pod has no such volume", quote(text))
	}
}

// judgeOverlap reports a mount of what is a device of the same container.
func judgeOverlap(m *spot, pathKey string, devices *spot) {
	for _, d := range devices.each() {
		if name := m.at("name").word(); name != "" && name == d.at("name").word() {
			m.at("name").say(invalidMount, "is %s, as %s is already", quote(name), d.at("name").path())
		}
		if path := m.at(pathKey).word(); path != "" && path == d.at("devicePath").word() {
			m.at(pathKey).say(invalidMount, "is %s, as %s is already", quote(path), d.at("devicePath").path())
		}
	}
}

// judgePropagation judges what a mount shares with the node. Source: validateMountPropagation and
// validateMountRecursiveReadOnly.
func judgePropagation(c, m *spot) {
	propagation, recursive := m.at("mountPropagation"), m.at("recursiveReadOnly")
	privileged := c.at("securityContext", "privileged")
	if propagation.word() == "Bidirectional" && !privileged.is(true) && !privileged.blank() {
		propagation.say(invalidMount, `is "Bidirectional", which only a privileged container can have`)
	}
	// Source: kubernetes pkg/features/kube_features.go, RecursiveReadOnlyMounts: before, the field is dropped.
	if !m.j.since(31) {
		return
	}
	recursive.nonEmpty(invalidMount, "want Disabled, Enabled or IfPossible")
	if !recursive.oneOf(invalidMount, "Disabled", "Enabled", "IfPossible") ||
		!slices.Contains([]string{"Enabled", "IfPossible"}, recursive.word()) {
		return
	}
	if readOnly := m.at("readOnly"); !readOnly.is(true) && !readOnly.blank() {
		recursive.say(invalidMount, "is %s, and readOnly is not true", quote(recursive.word()))
	}
	if text := propagation.word(); text != "" && text != "None" {
		recursive.say(invalidMount, "is %s, and mountPropagation is %s, want None", quote(recursive.word()), quote(text))
	}
}
