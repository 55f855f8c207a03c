package schemas

import (
	"bytes"
	"compress/gzip"
	_ "embed"
	"encoding/json"
	"slices"
	"sync"
)

// The Kubernetes minors whose APIs are known, of version 1, and the newest release of them.
const (
	OldestMinor   = 28
	NewestMinor   = 37
	NewestRelease = "1.37.1"
)

// API is a kind of one group/version. The core group is empty.
type API struct {
	Group      string `json:"group"`
	Version    string `json:"version"`
	Kind       string `json:"kind"`
	Namespaced bool   `json:"namespaced"`
	// Watched says that its objects can be listed and watched. Of the kinds that cannot, such as TokenReview and
	// ComponentStatus, Argo CD tells templates nothing.
	Watched bool `json:"watched"`
}

// APIs lists what a cluster of Kubernetes 1.minor serves with the flags that it has by default, ordered by group,
// version and kind; nil for a minor that is not known. Source: api/discovery and pkg/controlplane/instance.go of
// k8s.io/kubernetes, see schemas/generate; the data names the modules, their hashes and their licence.
func APIs(minor int) []API {
	if minor < OldestMinor || NewestMinor < minor {
		return nil
	}
	return slices.Clone(read().Kubernetes[minor-OldestMinor].APIs)
}

// ClientAPIs lists the group/versions, without kinds, that a helm has built in which is built with client-go 0.minor;
// nil for one that is not known. A renderer that is told nothing of the cluster takes these for it, and what it is told
// is added to them. Source: kubernetes/scheme/register.go of k8s.io/client-go, and allKnownVersions in helm's
// capabilities.go.
func ClientAPIs(minor int) []string {
	for _, c := range read().Clients {
		if c.Minor == minor {
			return slices.Clone(c.APIs)
		}
	}
	return nil
}

// source is a Go module that was read, with the hash that the checksum database has.
type source struct {
	Path    string `json:"path"`
	Version string `json:"version"`
	Sum     string `json:"sum"`
}

// generated is what schemas/generate writes.
type generated struct {
	Notice     string   `json:"notice"`
	Modules    []source `json:"modules"`
	Kubernetes []struct {
		Release string `json:"release"`
		APIs    []API  `json:"apis"`
	} `json:"kubernetes"`
	Clients []struct {
		Minor int      `json:"minor"`
		APIs  []string `json:"apis"`
	} `json:"clients"`
}

//go:embed apis.json.gz
var packed []byte

var read = sync.OnceValue(func() (all generated) {
	unpack("schemas", packed, &all)
	return all
})

// unpack reads what is embedded. It is part of the program, so that it cannot be read is no error of a user.
func unpack(what string, packed []byte, into any) {
	text, err := gzip.NewReader(bytes.NewReader(packed))
	if err == nil {
		err = json.NewDecoder(text).Decode(into)
	}
	if err != nil {
		panic("reading the embedded " + what + ": " + err.Error())
	}
}
