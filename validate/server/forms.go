package server

import (
	"path"
	"strings"

	"k8s.io/apimachinery/pkg/util/validation"
	"k8s.io/apimachinery/pkg/util/validation/field"
)

// form is what a string has to look like.
type form struct {
	want string
	ok   func(string) bool
}

// by makes a form of a check that says what is wrong, as those of apimachinery's pkg/util/validation do.
func by(want string, check func(string) []string) form {
	return form{want, func(text string) bool { return len(check(text)) == 0 }}
}

// The forms of names. Source: apimachinery pkg/util/validation/validation.go, pkg/api/validation/path/name.go.
var (
	subdomain = by(`a DNS subdomain: at most 253 lower case letters, digits, "-" and ".", with a letter or digit at both ends of each part`,
		validation.IsDNS1123Subdomain)
	dnsLabel = by(`a DNS label: at most 63 lower case letters, digits and "-", with a letter or digit at both ends`, validation.IsDNS1123Label)
	// dnsLabel1035 is the older form, in which no digit comes first.
	dnsLabel1035 = by(`a DNS label: at most 63 lower case letters, digits and "-", with a letter first and a letter or digit last`,
		validation.IsDNS1035Label)
	pathSegment   = form{`a name that can be a part of a path: not "." or "..", and without "/" and "%"`, isPathSegment}
	qualifiedName = by(`a name of at most 63 letters, digits, "-", "_" and ".", with a DNS subdomain and "/" before it if need be`,
		validation.IsQualifiedName)
	configKey = by(`a key: at most 253 letters, digits, "-", "_" and ".", and not "." or ".." or begun with ".."`, validation.IsConfigMapKey)
	portName  = by(`a port name: at most 15 lower case letters, digits and "-", with a letter among them, and no "-" at an end or twice in a row`,
		validation.IsValidPortName)
	percent = by(`a whole number of percent, like "25%"`, validation.IsValidPercent)
)

// Forms of labels. Source: apimachinery pkg/util/validation/validation.go.
var (
	labelKey = form{`a label key: ` + qualifiedName.want, func(text string) bool {
		return plainLabel(text) || len(validation.IsQualifiedName(text)) == 0
	}}
	labelValue = form{`a label value: at most 63 letters, digits, "-", "_" and ".", with a letter or digit at both ends`, func(text string) bool {
		return plainPart(text, 63) || len(validation.IsValidLabelValue(text)) == 0
	}}
)

// Forms of paths in volumes. Source: kubernetes pkg/apis/core/validation/validation.go, validateLocalDescendingPath,
// validatePathNoBacksteps and ValidateLocalNonReservedPath.
var (
	noBackstep = form{`a path without ".."`, func(text string) bool { return !backsteps(text) }}
	absolute   = form{"an absolute path", path.IsAbs}
	descending = form{`a relative path without ".."`, func(text string) bool { return !path.IsAbs(text) && !backsteps(text) }}
	unreserved = form{`a relative path that does not begin with ".." and has none in it`, func(text string) bool {
		return !path.IsAbs(text) && !backsteps(text) && !strings.HasPrefix(text, "..")
	}}
)

// plainLabel knows nearly all label keys without a look at the regular expressions that decide about the others: a name, with
// a prefix or without. It may say no of what is one.
func plainLabel(text string) bool {
	prefix, name, prefixed := strings.Cut(text, "/")
	if !prefixed {
		return plainPart(text, 63)
	}
	return len(prefix) <= 253 && plainPart(prefix, 253) && !strings.Contains(prefix, "..") && !strings.Contains(prefix, "-.") &&
		!strings.Contains(prefix, ".-") && plainPart(name, 63)
}

// plainPart says whether a text of at most so many characters has only lower case letters, digits, "-" and ".", with a letter or
// digit at both ends.
func plainPart(text string, most int) bool {
	if text == "" || len(text) > most {
		return false
	}
	for i := 0; i < len(text); i++ {
		switch c := text[i]; {
		case c >= 'a' && c <= 'z', c >= '0' && c <= '9':
		case (c == '-' || c == '.') && i > 0 && i < len(text)-1:
		default:
			return false
		}
	}
	return true
}

func isPathSegment(text string) bool {
	return text != "." && text != ".." && !strings.ContainsAny(text, "/%")
}

func backsteps(text string) bool {
	for part := range strings.SplitSeq(text, "/") {
		if part == ".." {
			return true
		}
	}
	return false
}

// ipAddress is the form of addresses: since 1.36 without leading zeros, and no IPv4 address in the form of an IPv6 one.
// Source: apimachinery pkg/util/validation/ip.go, IsValidIPForLegacyField; kubernetes pkg/features/kube_features.go,
// StrictIPCIDRValidation.
func (j *judge) ipAddress() form {
	strict := j.since(36)
	return form{"an IP address, like 192.0.2.1 or 2001:db8::1", func(text string) bool {
		return len(validation.IsValidIPForLegacyField(field.NewPath("ip"), text, strict, nil)) == 0
	}}
}

// since says whether the cluster is of a minor of Kubernetes or a later one. Where none is known it is taken for a new one.
func (j *judge) since(minor int) bool { return j.minor == 0 || j.minor >= minor }
