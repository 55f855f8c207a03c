package yamllint

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"sluice/validate"
)

// spot is a scalar and where it stands.
type spot struct {
	token
	isKey bool
	key   string // of the nearest mapping: that it is the value of, or in the list of
}

// eachSpot calls for the plain scalars that no tag is given.
func (s *sheet) eachSpot(call func(spot)) {
	open := []string{""}
	isKey := false
	for i, t := range s.tokens {
		switch t.kind {
		case blockMapping, flowMapping:
			open = append(open, "")
		case blockSequence, flowSequence:
			open = append(open, open[len(open)-1])
		case blockEnd, flowMappingEnd, flowSequenceEnd:
			open = open[:max(1, len(open)-1)]
		case keyToken:
			isKey = true
			continue
		case anchor, tag:
			continue
		case scalar:
			if t.style == 0 && s.peer(i-1) != tag {
				call(spot{t, isKey, open[len(open)-1]})
			}
			if isKey {
				open[len(open)-1] = s.of(t)
			}
		}
		isKey = false
	}
}

// What is read in more than one way. The readers of a cluster (kubectl, Argo CD, helm: sigs.k8s.io/yaml) follow YAML 1.1
// in most; kustomize, editors and other languages follow 1.2 or their own mind.
var (
	words11     = regexp.MustCompile(`^(?:[yYnN]|yes|Yes|YES|no|No|NO|on|On|ON|off|Off|OFF)$`)
	leadingZero = regexp.MustCompile(`^[-+]?0[0-9]+$`)
	octal12     = regexp.MustCompile(`^[-+]?0o[0-7]+$`)
	underscores = regexp.MustCompile(`^[-+]?[1-9][0-9]*(?:_[0-9]+)+(?:\.[0-9_]*)?$`)
	sexagesimal = regexp.MustCompile(`^[-+]?[1-9][0-9_]*(?::[0-5]?[0-9])+$`)
	exponent    = regexp.MustCompile(`^[-+]?[0-9]+(?:\.[0-9]*)?[eE][-+]?[0-9]+$`)
	date        = regexp.MustCompile(`^[0-9]{4}-[0-9]{2}-[0-9]{2}$`)
	lostZero    = regexp.MustCompile(`^[0-9]+\.[0-9]*0$`)
	longNumber  = regexp.MustCompile(`^[0-9]{7,}$`)
)

// versionKeys are keys, in small letters, whose values are names that may look like numbers.
var versionKeys = []string{"tag", "version", "revision", "commit", "sha", "digest"}

// isVersion says whether a key holds the name of a version.
func isVersion(key string) bool {
	key = strings.ToLower(key)
	return key != "apiversion" && slices.ContainsFunc(versionKeys, func(k string) bool { return strings.HasSuffix(key, k) })
}

// isMode says whether a key holds the permissions of files, which everybody writes in octal.
func isMode(key string) bool {
	key = strings.ToLower(key)
	return strings.HasSuffix(key, "mode") || strings.HasSuffix(key, "umask") || strings.HasSuffix(key, "permissions") || key == "perm"
}

// ambiguous finds plain scalars that readers do not agree on.
func (s *sheet) ambiguous() {
	s.eachSpot(func(p spot) {
		if p.end-p.start > 40 {
			return
		}
		if f := ambiguity(s.of(p.token), p); f.Message != "" {
			f.Rule = ambiguous
			s.say(f, int(p.start))
		}
	})
}

// ambiguity gives the finding about a plain scalar, without a message where there is none. Words and versions are quoted; any
// other number may be a secret.
func ambiguity(text string, p spot) validate.Finding {
	if text == "" {
		return validate.Finding{}
	}
	first := text[0]
	switch {
	case first == '=' && text == "=":
		return validate.Finding{Message: `the value is a plain =, which some readers refuse`}
	case first >= 'A' && len(text) <= 3 && words11.MatchString(text):
		return word(text, p)
	case first != '+' && first != '-' && (first < '0' || first > '9'):
		return validate.Finding{}
	case !p.isKey && isVersion(p.key):
		if f := version(text, p); f.Message != "" {
			return f
		}
	}
	switch {
	case isMode(p.key) && !p.isKey:
	case leadingZero.MatchString(text):
		return warn("the number begins with 0: it is octal or decimal, depending on who reads it")
	case octal12.MatchString(text):
		return warn("the number begins with 0o: it is octal for some readers, and a string for others")
	case underscores.MatchString(text):
		return warn("the number has underscores: it is a number for some readers, and a string for others")
	case sexagesimal.MatchString(text):
		return validate.Finding{Message: "the value is a string for Kubernetes, and a number of base 60 for other readers"}
	case exponent.MatchString(text) && !strings.Contains(text, "."):
		return validate.Finding{Message: "the value is a number for Kubernetes, and a string for other readers"}
	case date.MatchString(text):
		return validate.Finding{Message: "the value is a string for Kubernetes, and a date for other readers"}
	}
	return validate.Finding{}
}

func warn(message string) validate.Finding {
	return validate.Finding{Severity: validate.Warning, Message: message}
}

// word words the finding about a plain boolean of YAML 1.1.
func word(text string, p spot) validate.Finding {
	truth := "false"
	if strings.EqualFold(text, "y") || strings.EqualFold(text, "yes") || strings.EqualFold(text, "on") {
		truth = "true"
	}
	what := "the value"
	if p.isKey {
		what = "the key"
	}
	f := warn(fmt.Sprintf("%s is a plain %s: kubectl, helm and Argo CD read the boolean %s, others a string", what, text, truth))
	if key := strings.ToLower(p.key); text == "NO" && (strings.Contains(key, "country") || strings.Contains(key, "lang") || strings.Contains(key, "locale")) {
		f.Message += "; Norway is \"NO\""
	}
	return f
}

// version words the finding about the name of a version that is read as a number.
func version(text string, p spot) validate.Finding {
	switch {
	case lostZero.MatchString(text):
		return warn(fmt.Sprintf("%s is %s, a number: it loses the 0 at its end", p.key, text))
	case exponent.MatchString(text) && !strings.Contains(text, "."):
		return warn(fmt.Sprintf("%s is %s, which is read as a number with an exponent", p.key, text))
	case leadingZero.MatchString(text):
		return warn(fmt.Sprintf("%s is %s, a number: it loses the 0 it begins with, or is octal", p.key, text))
	case longNumber.MatchString(text):
		return warn(fmt.Sprintf("%s is %s, a number: a chart writes it with an exponent", p.key, text))
	}
	return validate.Finding{}
}

// secretKeys are parts of keys, in small letters, whose values may have any character.
var secretKeys = []string{"password", "passwd", "passphrase", "secret", "token", "apikey", "api_key", "credential"}

// hashKeys are parts of keys whose values begin with a hash by nature.
var hashKeys = []string{"channel", "color", "colour", "chatroom"}

// comments finds values that a comment cuts short, or that are one: a comment that is one word, right behind the hash.
// Behind a value that is no secret it is another choice or a unit far more often, "IfNotPresent #Always", and no warning.
func (s *sheet) comments() {
	for _, n := range s.notes {
		word := s.text[n.start+1 : n.end]
		if n.header || word == "" || !s.inline(n) || blank(word[0]) || strings.IndexByte("#!{}[]<>-=", word[0]) >= 0 {
			continue
		}
		single := !strings.ContainsAny(strings.TrimRight(word, " \t\r"), " \t")
		key := strings.ToLower(s.keyOf(int(n.before)))
		t := s.tokens[n.before]
		within := func(parts []string) bool {
			return slices.ContainsFunc(parts, func(part string) bool { return strings.Contains(key, part) })
		}
		switch {
		case t.kind == scalar && t.style == 0 && s.peer(int(n.before)-1) != keyToken && (within(secretKeys) || single && isString(s.of(t))):
			f := validate.Finding{Rule: cutComment, Message: "the value ends at the # that follows it: what is behind is a comment"}
			if within(secretKeys) || within(hashKeys) {
				f.Severity = validate.Warning
			}
			s.say(f, int(n.start))
		case t.kind == valueToken && single && s.empty(int(n.before)) && (within(hashKeys) || within(secretKeys)):
			s.say(validate.Finding{Rule: cutComment, Severity: validate.Warning, Message: "there is no value: what begins with # is a comment"}, int(n.start))
		}
	}
}

// empty says of the colon at an index that no value follows it.
func (s *sheet) empty(i int) bool {
	switch s.peer(i + 1) {
	case keyToken, blockEnd, flowEntry, flowMappingEnd, streamEnd:
		return true
	}
	return false
}

// keyOf gives the key on whose line a token stands.
func (s *sheet) keyOf(i int) string {
	line := s.tokens[i].line
	for ; i > 0 && s.tokens[i].line == line; i-- {
		if s.tokens[i].kind == scalar && s.tokens[i-1].kind == keyToken {
			return s.of(s.tokens[i])
		}
	}
	return ""
}
