package server

import (
	"slices"
	"strings"
)

// judgeProjected judges a volume of several sources. Source: kubernetes pkg/apis/core/validation/validation.go,
// validateProjectionSources. That a Pod with a token names its ServiceAccount is no matter: admission fills it in. clusterTrustBundle and
// podCertificate are dropped unless their features are turned on, so nothing is said of them.
func judgeProjected(s source) {
	judgeMode(s.at("defaultMode"))
	first := map[string]string{}
	for _, source := range s.at("sources").each() {
		var kinds []string
		for _, kind := range []string{"secret", "configMap", "downwardAPI", "serviceAccountToken"} {
			if at := source.at(kind); at.there() {
				kinds = append(kinds, kind)
				judgeProjection(kind, at)
			}
		}
		if len(kinds) > 1 {
			source.say(invalidVolume, "has %s, want one source in each element", strings.Join(kinds, " and "))
		}
		for _, at := range projectedPaths(source) {
			path := at.word()
			if before, twice := first[path]; twice && path != "" {
				at.say(invalidVolume, "is %s, as %s is already", quote(path), before)
				continue
			}
			first[path] = at.path().String()
		}
	}
}

// judgeProjection judges one source of a projected volume.
func judgeProjection(kind string, at *spot) {
	switch kind {
	case "secret", "configMap":
		at.at("name").need(invalidVolume, "want a name")
		for _, file := range at.at("items").each() {
			judgeKeyFile(file)
		}
	case "downwardAPI":
		for _, file := range at.at("items").each() {
			judgeFieldFile(file)
		}
	case "serviceAccountToken":
		at.at("expirationSeconds").within(invalidVolume, 600, 1<<32)
		at.at("path").nonEmpty(invalidVolume, "want the path of the file")
		if at.j.since(30) {
			at.at("path").must(invalidVolume, unreserved)
		}
	}
}

// projectedPaths are the files that a source of a projected volume makes.
func projectedPaths(source *spot) []*spot {
	var paths []*spot
	for _, kind := range []string{"secret", "configMap", "downwardAPI"} {
		for _, file := range source.at(kind, "items").each() {
			paths = append(paths, file.at("path"))
		}
	}
	return slices.DeleteFunc(paths, func(s *spot) bool { return !s.full() })
}
