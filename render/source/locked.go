package source

import (
	"errors"
	"fmt"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/Masterminds/semver/v3"

	"sluice/render"
)

// The forms of what an entry was resolved to.
var (
	commitHex   = regexp.MustCompile(`^([0-9a-f]{40}|[0-9a-f]{64})$`)       // SHA-1, or SHA-256 repositories
	fingerprint = regexp.MustCompile(`^([0-9A-Fa-f]{40}|[0-9A-Fa-f]{64})$`) // OpenPGP v4, v6 (RFC 9580, 5.5.4)
	secretName  = regexp.MustCompile(`(?i)token|secret|passw|signature|credential|auth|key(id)?$|^(sig|pass|pwd|jwt)$`)
)

// check holds a resolved entry to what a lock may say. It names the field at fault as the lock spells it, and never
// its value where that could be a credential.
func (e Entry) check() (field string, err error) {
	fields, required := lockFields(e.Kind)
	if fields == nil {
		return "kind", fmt.Errorf("%q has no place in a lock", e.Kind)
	}
	rest := e // what remains has no line in the file, and would be lost
	for i, f := range fields {
		value := *f.at(&e)
		if i < required && value == "" {
			return f.name, errors.New("it is missing")
		}
		if err := checkField(e.Kind, f.name, value); value != "" && err != nil {
			return f.name, err
		}
		*f.at(&rest) = ""
	}
	if e.Kind == render.KindGit {
		rest.Submodules = false
	}
	if rest != (Entry{Kind: e.Kind}) {
		return fields[0].name, fmt.Errorf("it has a field that a %s entry does not have", e.Kind)
	}
	if !e.answers() {
		return "resolved", errors.New("it is not what was requested")
	}
	return "", nil
}

// answers says whether what an entry was resolved to can be what was requested: a lock that somebody edited would pass
// another version off as the one that the stack asks for. What a branch or tag was, or the digest of a manifest, nobody
// can tell from here.
func (e Entry) answers() bool {
	switch {
	case e.Kind == render.KindGit:
		return !commitID.MatchString(e.Requested) || strings.EqualFold(e.Requested, e.Resolved)
	case e.Kind != render.KindHelm || isDigest(e.Requested):
		return true
	case isExact(e.Requested):
		return sameVersion(e.Requested, e.Resolved)
	}
	accepts, err := semver.NewConstraint(e.Requested)
	if err != nil {
		return false
	}
	version, err := semver.NewVersion(e.Resolved)
	return err == nil && accepts.Check(version)
}

// checkField judges one field that is there.
func checkField(kind, name, value string) error {
	if !utf8.ValidString(value) || strings.ContainsFunc(value, unicode.IsControl) || strings.TrimSpace(value) != value {
		return errors.New("it has control characters, or spaces around it")
	}
	switch {
	case name == "sha256":
		if !isDigest(value) {
			return errors.New("it is not a sha256 in 64 lower case hex digits")
		}
	case name == "resolved" && kind == render.KindGit:
		if !commitHex.MatchString(value) {
			return errors.New("it is not a commit in 40 or 64 lower case hex digits")
		}
	case name == "signer":
		if !fingerprint.MatchString(value) {
			return errors.New("it is not a fingerprint in 40 or 64 hex digits")
		}
	case slices.Contains([]string{"repo", "git", "file", "from"}, name):
		if err := checkAddress(value); err != nil {
			return err
		}
	}
	return nil
}

// checkAddress refuses an address that holds a credential. The user of an ssh address is none; in one for https it
// may be a token. A signed address is one too: whoever has it gets in.
func checkAddress(raw string) error {
	if !strings.Contains(raw, "://") && scpLike.MatchString(raw) {
		user, _, _ := strings.Cut(raw, "@")
		if strings.Contains(raw, "@") && strings.Contains(user, ":") {
			return hinted(standardPlaces, errors.New("the address holds a password"))
		}
		return nil
	}
	u, err := url.Parse(raw)
	if err != nil { // the cause would repeat it
		return errors.New("the address is not a URL")
	}
	if _, password := u.User.Password(); password || u.User != nil && !strings.HasSuffix(u.Scheme, "ssh") {
		return hinted(standardPlaces, errors.New("the address holds a user or password"))
	}
	if (u.Host == "." || u.Host == "..") && u.Scheme != "file" || strings.ContainsFunc(u.Path, unicode.IsControl) {
		return errors.New("the address has a host or a control character that is no part of a name") // a vendored folder has both as names
	}
	if u.Fragment != "" { // no server sees it, so it says nothing that is needed, but it may be a token
		return hinted(standardPlaces, errors.New("the address has a fragment"))
	}
	query, err := url.ParseQuery(u.RawQuery)
	if err != nil {
		return errors.New("the query of the address cannot be read")
	}
	for name := range query {
		if secretName.MatchString(name) {
			return hinted(standardPlaces, fmt.Errorf("the address holds a credential in its query, in %s", name))
		}
	}
	return nil
}
