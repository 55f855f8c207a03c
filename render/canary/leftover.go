package canary

import (
	"crypto/md5"
	"crypto/sha1"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/base64"
	"encoding/hex"
	"maps"
	"regexp"
	"slices"
	"strings"

	"golang.org/x/crypto/bcrypt"

	"sluice/render"
)

// leftover is a field that differs although every canary that arrived was taken back.
type leftover struct {
	object      render.Key
	field       render.Path // empty where a whole object is new or gone
	left, right string
}

func (l leftover) at() string {
	if len(l.field) == 0 {
		return l.object.String()
	}
	return l.object.String() + ": " + l.field.String()
}

// shownBy says whether a finding is about the same field.
func (l leftover) shownBy(k Consumed) bool {
	return k.Object == l.object && k.Field.String() == l.field.String()
}

// how says what a difference looks like.
func (l leftover) how(b *bird) string {
	text := l.right
	if inner, ok := fromBase64(text); ok && l.object.Kind == "Secret" {
		text = inner
	}
	switch {
	case len(l.field) == 0:
		return "other objects come out for another placeholder"
	case len(l.left) == len(l.right) && digest.MatchString(strings.TrimSpace(text)):
		return "it is hashed"
	case strings.Contains(text, strings.ToUpper(b.canary.text)) || strings.Contains(text, strings.ToLower(b.canary.text)):
		return "its letters are changed"
	}
	return "it is changed, encoded or cut"
}

// digest matches what a hash function gives, in hexadecimal.
var digest = regexp.MustCompile(`^([0-9a-f]{32}|[0-9a-f]{40}|[0-9a-f]{56}|[0-9a-f]{64}|[0-9a-f]{96}|[0-9a-f]{128})$`)

// leftovers compares two sets. What the chart makes up anew with every render says nothing, and digests in annotations
// and labels, and in names that kustomize generates, are meant to differ.
func (c *check) leftovers(left, right render.Set) []leftover {
	random := map[string]bool{}
	for _, field := range c.app.Result.Random {
		random[field] = true
	}
	pairs := map[render.Key][]render.Object{}
	for _, o := range right.Objects {
		pairs[bareName(o.Key)] = append(pairs[bareName(o.Key)], o)
	}
	var found []leftover
	for _, o := range left.Objects {
		key := bareName(o.Key)
		if len(pairs[key]) == 0 {
			found = append(found, leftover{object: o.Key})
			continue
		}
		other := pairs[key][0]
		pairs[key] = pairs[key][1:]
		differ(o.Tree, other.Tree, nil, func(field render.Path, a, b string) {
			l := leftover{o.Key, slices.Clone(field), a, b}
			if !random[l.at()] && !expected(field, a, b) {
				found = append(found, l)
			}
		})
	}
	for _, o := range right.Objects {
		if rest := pairs[bareName(o.Key)]; slices.ContainsFunc(rest, func(other render.Object) bool { return other.Key == o.Key }) {
			found = append(found, leftover{object: o.Key})
		}
	}
	slices.SortStableFunc(found, func(a, b leftover) int { return strings.Compare(a.at(), b.at()) })
	return found
}

// restarts says whether a difference is a digest in a workload, which is there to restart its pods: a variable, an
// argument, a label of the selector. That of a placeholder itself has been traced before.
func (l leftover) restarts() bool {
	switch l.object.Kind {
	case "Deployment", "StatefulSet", "DaemonSet", "Job", "CronJob", "Pod", "ReplicaSet":
		return len(l.field) > 0 && digest.MatchString(l.right)
	}
	return false
}

// generatedName is the suffix that kustomize gives to what it generates (api/hasher), and the digest that charts append.
var generatedName = regexp.MustCompile(`-([0-9a-z]{10}|[0-9a-f]{6,64})$`)

// bareName gives the key of an object without such a suffix.
func bareName(k render.Key) render.Key {
	k.Name = generatedName.ReplaceAllString(k.Name, "")
	return k
}

// expected says whether a difference is that of a digest which is there to differ.
func expected(field render.Path, a, b string) bool {
	if slices.Contains(field, any("annotations")) || slices.Contains(field, any("labels")) {
		name, _ := field[len(field)-1].(string)
		name = strings.ToLower(name)
		return digest.MatchString(b) || strings.Contains(name, "checksum") || strings.Contains(name, "hash")
	}
	cut := generatedName.ReplaceAllString(a, "")
	return cut != a && cut == generatedName.ReplaceAllString(b, "")
}

// differ calls f for every scalar in which two trees differ, spelled as texts.
func differ(a, b any, at render.Path, f func(render.Path, string, string)) {
	switch left := a.(type) {
	case map[string]any:
		right, ok := b.(map[string]any)
		if !ok {
			f(at, "mapping", spelled(b))
			return
		}
		for key, v := range left {
			if other, there := right[key]; there {
				differ(v, other, append(at[:len(at):len(at)], key), f)
			} else {
				f(append(at[:len(at):len(at)], key), spelled(v), "")
			}
		}
		for key, v := range right {
			if _, there := left[key]; !there {
				f(append(at[:len(at):len(at)], key), "", spelled(v))
			}
		}
	case []any:
		right, ok := b.([]any)
		if !ok || len(left) != len(right) {
			f(at, "list", spelled(b))
			return
		}
		for i := range left {
			differ(left[i], right[i], append(at[:len(at):len(at)], i), f)
		}
	default:
		if a != b {
			f(at, spelled(a), spelled(b))
		}
	}
}

func spelled(v any) string {
	text, ok := v.(string)
	if !ok {
		return "another value"
	}
	return text
}

// traced looks for the digest of one canary among the differences: then nothing has to be rendered to know whose it is. A
// bcrypt hash differs with every render and is among the fields that were left out, so it is held against the placeholder
// itself.
func (c *check) traced(b *bird, left []leftover) (how string, at leftover, ok bool) {
	for _, sum := range digests(b.canary.text) {
		for _, l := range left {
			text := l.right
			if inner, is := fromBase64(text); is {
				text += "\n" + inner
			}
			if strings.Contains(text, sum.text) {
				return "it is hashed (" + sum.name + ")", l, true
			}
		}
	}
	return c.passwordFile(b)
}

type sum struct{ name, text string }

// digests gives a text as the hash functions of charts spell it.
func digests(text string) []sum {
	s256, s1, s512, m5 := sha256.Sum256([]byte(text)), sha1.Sum([]byte(text)), sha512.Sum512([]byte(text)), md5.Sum([]byte(text))
	var all []sum
	for _, d := range []struct {
		name string
		raw  []byte
	}{{"sha256", s256[:]}, {"sha1", s1[:]}, {"sha512", s512[:]}, {"md5", m5[:]}} {
		all = append(all, sum{d.name, hex.EncodeToString(d.raw)}, sum{d.name, base64.StdEncoding.EncodeToString(d.raw)})
	}
	return all
}

// hashed matches a bcrypt hash of a cost that is worked out in less than a second.
var hashed = regexp.MustCompile(`\$2[aby]\$(0[4-9]|1[0-2])\$[./A-Za-z0-9]{53}`)

// maxCompared is how many hashes one placeholder is held against.
const maxCompared = 4

// passwordFile looks for the placeholder behind a bcrypt hash of the app, as htpasswd writes it.
func (c *check) passwordFile(b *bird) (how string, at leftover, ok bool) {
	compared := 0
	for _, o := range c.app.Result.Set.Objects {
		if o.Key.Definition() {
			continue
		}
		texts(o.Tree, nil, func(field render.Path, text string) {
			if inner, is := fromBase64(text); is {
				text = inner
			}
			for _, hash := range hashed.FindAllString(text, -1) {
				if compared++; ok || compared > maxCompared {
					return
				}
				if bcrypt.CompareHashAndPassword([]byte(hash), []byte(b.placeholder.text)) == nil {
					how, at, ok = "it is hashed (bcrypt)", leftover{object: o.Key, field: slices.Clone(field)}, true
				}
			}
		})
	}
	return how, at, ok
}

// texts calls f for every text of a tree, in the order of keys.
func texts(tree any, at render.Path, f func(render.Path, string)) {
	switch t := tree.(type) {
	case string:
		f(at, t)
	case map[string]any:
		for _, key := range slices.Sorted(maps.Keys(t)) {
			texts(t[key], append(at[:len(at):len(at)], key), f)
		}
	case []any:
		for i, v := range t {
			texts(v, append(at[:len(at):len(at)], i), f)
		}
	}
}

func fromBase64(text string) (string, bool) {
	if len(text) < 8 {
		return "", false
	}
	raw, err := base64.StdEncoding.DecodeString(strings.TrimSpace(text))
	return string(raw), err == nil
}

func toBase64(text string) string { return base64.StdEncoding.EncodeToString([]byte(text)) }
