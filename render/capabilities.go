package render

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// The Kubernetes minors whose built-in APIs are known, and the newest release that is assumed where a user states none.
const (
	oldestMinor      = 28
	newestMinor      = 37
	NewestKubernetes = "1.37.0"
)

// builtinAPIs are the APIs that a cluster serves by default: the generally available ones, and the betas that were
// enabled before Kubernetes 1.24 turned new betas off (KEP-3136), with the minors that serve them.
// Source: the deprecation guide (kubernetes.io/docs/reference/using-api/deprecation-guide) and the change logs.
var builtinAPIs = []struct {
	name        string
	first, last int
}{
	{"admissionregistration.k8s.io/v1", 0, newestMinor},
	{"apiextensions.k8s.io/v1", 0, newestMinor},
	{"apiregistration.k8s.io/v1", 0, newestMinor},
	{"apps/v1", 0, newestMinor},
	{"authentication.k8s.io/v1", 0, newestMinor},
	{"authorization.k8s.io/v1", 0, newestMinor},
	{"autoscaling/v1", 0, newestMinor},
	{"autoscaling/v2", 0, newestMinor},
	{"batch/v1", 0, newestMinor},
	{"certificates.k8s.io/v1", 0, newestMinor},
	{"coordination.k8s.io/v1", 0, newestMinor},
	{"discovery.k8s.io/v1", 0, newestMinor},
	{"events.k8s.io/v1", 0, newestMinor},
	{"flowcontrol.apiserver.k8s.io/v1", 29, newestMinor},
	{"flowcontrol.apiserver.k8s.io/v1beta2", 0, 28},
	{"flowcontrol.apiserver.k8s.io/v1beta3", 0, 31},
	{"networking.k8s.io/v1", 0, newestMinor},
	{"node.k8s.io/v1", 0, newestMinor},
	{"policy/v1", 0, newestMinor},
	{"rbac.authorization.k8s.io/v1", 0, newestMinor},
	{"resource.k8s.io/v1", 34, newestMinor},
	{"scheduling.k8s.io/v1", 0, newestMinor},
	{"storage.k8s.io/v1", 0, newestMinor},
	{"v1", 0, newestMinor},
}

// NewCapabilities models a cluster: the APIs that its Kubernetes version serves by default plus the declared ones
// ("group/version" or "group/version/Kind"). A declared kind implies its group and version.
// The version is "1.33.4", with an optional "v" and vendor suffix; a minor that is not known is an error.
func NewCapabilities(kubernetes string, declared []string) (Capabilities, error) {
	version := strings.TrimPrefix(kubernetes, "v")
	minor, err := minorOf(version)
	if err != nil {
		return Capabilities{}, err
	}
	c := Capabilities{KubeVersion: version}
	for _, api := range builtinAPIs {
		if api.first <= minor && minor <= api.last {
			c.APIVersions = append(c.APIVersions, api.name)
		}
	}
	for _, api := range declared {
		c.APIVersions = append(c.APIVersions, api)
		if i := strings.LastIndexByte(api, '/'); i >= 0 && i+1 < len(api) && api[i+1] >= 'A' && api[i+1] <= 'Z' {
			c.APIVersions = append(c.APIVersions, api[:i])
		}
	}
	slices.Sort(c.APIVersions)
	c.APIVersions = slices.Compact(c.APIVersions)
	return c, nil
}

func minorOf(version string) (int, error) {
	number, _, _ := strings.Cut(version, "+")
	number, _, _ = strings.Cut(number, "-")
	parts := strings.Split(number, ".")
	if len(parts) == 2 || len(parts) == 3 {
		major, err1 := strconv.Atoi(parts[0])
		minor, err2 := strconv.Atoi(parts[1])
		if err1 == nil && err2 == nil && major == 1 && oldestMinor <= minor && minor <= newestMinor {
			return minor, nil
		}
	}
	return 0, &Error{
		Err:  fmt.Errorf("modelling Kubernetes %q: the version is not known", version),
		Hint: fmt.Sprintf("state a version from 1.%d to 1.%d, e.g. %s", oldestMinor, newestMinor, NewestKubernetes),
	}
}
