package validate

import (
	"errors"
	"fmt"
	"regexp"
	"strings"
)

// Image is the name of an image in its parts, as a kubelet reads it: "nginx" is docker.io, library/nginx.
type Image struct {
	Host, Path  string // where the repository is, and which
	Tag, Digest string // as stated; empty where it states none
}

// The grammar of names: github.com/distribution/reference, regexp.go.
var (
	imageHost   = regexp.MustCompile(`^(([a-zA-Z0-9]([a-zA-Z0-9-]*[a-zA-Z0-9])?)(\.[a-zA-Z0-9]([a-zA-Z0-9-]*[a-zA-Z0-9])?)*|\[[a-fA-F0-9:]+\])(:[0-9]+)?$`)
	imagePath   = regexp.MustCompile(`^[a-z0-9]+((\.|_|__|-+)[a-z0-9]+)*(/[a-z0-9]+((\.|_|__|-+)[a-z0-9]+)*)*$`)
	imageTag    = regexp.MustCompile(`^[A-Za-z0-9_][A-Za-z0-9_.-]*$`)
	imageDigest = regexp.MustCompile(`^([a-z0-9]+):([a-f0-9]+)$`)
	imageID     = regexp.MustCompile(`^[a-f0-9]{64}$`)
)

// How long the parts may be (reference.go of distribution/reference), and the digits of the digests that a kubelet knows
// (kubernetes pkg/util/parsers/parsers.go).
const (
	longestImagePath = 255
	longestImageTag  = 128
)

var digestDigits = map[string]int{"sha256": 64, "sha384": 96, "sha512": 128}

// ParseImage takes a name apart as kubelets and containerd do: a first part that has a dot, a colon or a capital letter, or
// is "localhost", is the host. Its error says what makes it no name, without the value; the parts are given in any case.
// Source: github.com/distribution/reference, ParseNormalizedNamed and splitDockerDomain.
func ParseImage(name string) (Image, error) {
	var i Image
	rest, digest, digested := strings.Cut(name, "@")
	i.Digest = digest
	tagged := false
	if at := strings.LastIndexByte(rest, ':'); at > strings.LastIndexByte(rest, '/') {
		rest, i.Tag, tagged = rest[:at], rest[at+1:], true
	}
	host, path, deep := strings.Cut(rest, "/")
	if deep && (host == "localhost" || strings.ContainsAny(host, ".:") || strings.ToLower(host) != host) {
		i.Host, i.Path = host, path
	} else {
		i.Host, i.Path = "docker.io", rest
	}
	if i.Host == "index.docker.io" {
		i.Host = "docker.io"
	}
	if i.Host == "docker.io" && !strings.Contains(i.Path, "/") {
		i.Path = "library/" + i.Path
	}
	switch {
	case strings.TrimSpace(name) == "":
		return i, errors.New("is blank")
	case strings.ContainsAny(name, " \t\r\n"):
		return i, errors.New("has white space in it")
	case strings.Contains(name, "://"):
		return i, errors.New("begins with a scheme, want it without")
	case rest == "":
		return i, errors.New("names no repository")
	case imageID.MatchString(name):
		return i, errors.New("is the id of an image, want the name of its repository")
	}
	return i, i.fault(tagged, digested)
}

// fault gives the first thing that is wrong with the parts; a tag or digest may be stated and empty.
func (i Image) fault(tagged, digested bool) error {
	path := strings.TrimPrefix(i.Path, "library/")
	switch {
	// The grammar takes a host with a _ for the begin of the path.
	case !imageHost.MatchString(i.Host) && !imagePath.MatchString(i.Host+"/"+i.Path):
		return errors.New("names a registry that is no host, want host or host:port")
	case strings.ToLower(i.Path) != i.Path && imagePath.MatchString(strings.ToLower(i.Path)):
		return errors.New("has a repository with capital letters, want it in lower case")
	case tagged && strings.Contains(path, ":"):
		return errors.New("has more than one tag, want one")
	case !imagePath.MatchString(i.Path):
		return errors.New("has a repository that is none, want lower-case letters and digits with a / . _ or - between them")
	case len(i.Path) > longestImagePath:
		return fmt.Errorf("has a repository of %d characters, want %d at most", len(i.Path), longestImagePath)
	case tagged && i.Tag == "":
		return errors.New("has an empty tag, want one behind the colon, or no colon")
	case len(i.Tag) > longestImageTag:
		return fmt.Errorf("has a tag of %d characters, want %d at most", len(i.Tag), longestImageTag)
	case tagged && !imageTag.MatchString(i.Tag):
		return errors.New("has a tag that is none, want letters, digits, _ . and -, the first of them no . or -")
	case digested:
		return i.digestFault()
	}
	return nil
}

// digestFault gives what is wrong with the digest. Source: github.com/opencontainers/go-digest, Digest.Validate.
func (i Image) digestFault() error {
	parts := imageDigest.FindStringSubmatch(i.Digest)
	if parts == nil {
		return errors.New("has a digest that is none, want sha256: and 64 hexadecimal digits in lower case")
	}
	digits, known := digestDigits[parts[1]]
	switch {
	case !known:
		return fmt.Errorf("has a digest by %s, want sha256, sha384 or sha512", parts[1])
	case len(parts[2]) != digits:
		return fmt.Errorf("has a digest of %d digits, want the %d of %s", len(parts[2]), digits, parts[1])
	}
	return nil
}
