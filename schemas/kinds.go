package schemas

import (
	"bytes"
	"cmp"
	"compress/gzip"
	_ "embed"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"sync"
)

// Lookup tells what Kubernetes 1.minor knows of a kind. Where that minor does not serve it, the answer is false and has no
// Schema; what it has are the releases in which the kind came and went and its replacement, if any minor ever served it,
// and its scope and plural, if a known one does. A minor that is not known serves nothing. Kinds that are there only where a flag asks for them are found, and Gated.
//
// Source: api/openapi-spec, api/discovery and pkg/generated/openapi of k8s.io/kubernetes, and
// zz_generated.prerelease-lifecycle.go of k8s.io/api, apiextensions-apiserver and kube-aggregator; see schemas/generate.
func Lookup(minor int, group, version, kind string) (Kind, bool) {
	id := name{group, version, kind}
	if OldestMinor <= minor && minor <= NewestMinor {
		if k, ok := text().minors[minor-OldestMinor]().kinds[id]; ok {
			return k, true
		}
	}
	k, lived := text().lives[id]
	other, known := text().others[id]
	if !lived && !known {
		return Kind{}, false
	}
	k.API, k.Plural = API{Group: group, Version: version, Kind: kind}, other.Plural
	k.Namespaced, k.Watched, k.Introduced = other.Namespaced, other.Watched, cmp.Or(k.Introduced, other.Introduced)
	return k, false
}

// Kinds lists what Lookup finds of a minor, ordered by group, version and kind; nil for a minor that is not known.
func Kinds(minor int) []Kind {
	if minor < OldestMinor || NewestMinor < minor {
		return nil
	}
	return slices.Clone(text().minors[minor-OldestMinor]().list)
}

type name struct{ group, version, kind string }

// library is the text of all minors. Of it only the lives are read at once; a minor is read when somebody asks for it.
type library struct {
	kinds  []string      // lines of the kinds of all minors
	blocks []string      // definitions of all minors, each a head and its fields
	lives  map[name]Kind // releases and replacements
	others map[name]Kind // what to tell of a kind that a minor does not serve, and others do
	minors []func() *edition
}

// edition is one minor, whole; nothing of it changes any more.
type edition struct {
	kinds map[name]Kind
	list  []Kind
}

// The text has a line for each kind, "+" group version kind plural flags definition minors; one for each kind that has a
// life, "~" group version kind introduced deprecated removed and the replacement; and definitions, "=" name minors, followed
// by a line for each field, see maker.
//
//go:embed kinds.gz
var packedKinds []byte

var text = sync.OnceValue(func() *library {
	l, err := open(packedKinds)
	if err != nil {
		panic("reading the embedded kinds: " + err.Error()) // they are part of the program: no error of a user
	}
	return l
})

func open(packed []byte) (*library, error) {
	plain, err := gzip.NewReader(bytes.NewReader(packed))
	if err != nil {
		return nil, err
	}
	all, err := io.ReadAll(plain)
	if err != nil {
		return nil, err
	}
	l := &library{lives: map[name]Kind{}, others: map[name]Kind{}}
	head, definitions, _ := strings.Cut(string(all), "\n=")
	l.blocks = strings.Split(strings.TrimSuffix(definitions, "\n"), "\n=")
	for line := range strings.Lines(head) {
		words := strings.Fields(line)
		switch line[0] {
		case '#':
		case '+':
			l.other(words)
			l.kinds = append(l.kinds, line[1:])
		case '~':
			if err := l.live(words); err != nil {
				return nil, fmt.Errorf("line %q: %w", line, err)
			}
		default:
			return nil, fmt.Errorf("line %q", line)
		}
	}
	for minor := OldestMinor; minor <= NewestMinor; minor++ {
		l.minors = append(l.minors, sync.OnceValue(func() *edition { return l.edit(minor) }))
	}
	return l, nil
}

func groupOf(word string) string {
	if word == "-" {
		return ""
	}
	return word
}

// live reads "~group version kind introduced deprecated removed", and the replacement.
func (l *library) live(words []string) error {
	var k Kind
	for i, to := range []*int{&k.Introduced, &k.Deprecated, &k.Removed} {
		n, err := strconv.Atoi(words[3+i])
		if err != nil {
			return err
		}
		*to = n
	}
	if len(words) > 6 {
		k.Replacement = API{Group: groupOf(words[6]), Version: words[7], Kind: words[8]}
	}
	l.lives[name{groupOf(words[0][1:]), words[1], words[2]}] = k
	return nil
}

// other notes what the first minor that serves a kind says of it; that it came with the oldest one that is known, nobody
// says.
func (l *library) other(words []string) {
	id, k := name{groupOf(words[0][1:]), words[1], words[2]}, Kind{Plural: words[3]}
	k.Namespaced, k.Watched = strings.Contains(words[4], "N"), strings.Contains(words[4], "W")
	if oldest, err := strconv.Atoi(words[6][:2]); err == nil && oldest > OldestMinor {
		k.Introduced = oldest
	}
	if before, twice := l.others[id]; !twice || k.Introduced < before.Introduced {
		l.others[id] = k
	}
}

// within tells whether a minor lies in ranges such as "28-30,33".
func within(ranges string, minor int) bool {
	for part := range strings.SplitSeq(ranges, ",") {
		first, last, ok := strings.Cut(part, "-")
		if !ok {
			last = first
		}
		from, err1 := strconv.Atoi(first)
		to, err2 := strconv.Atoi(last)
		if err1 == nil && err2 == nil && from <= minor && minor <= to {
			return true
		}
	}
	return false
}

// edit reads one minor.
func (l *library) edit(minor int) *edition {
	m := newMaker(l.blocks, minor)
	e := &edition{kinds: map[name]Kind{}}
	for _, line := range l.kinds {
		words := strings.Fields(line)
		if !within(words[6], minor) {
			continue
		}
		id := name{groupOf(words[0]), words[1], words[2]}
		k := l.lives[id]
		k.API = API{
			Group: id.group, Version: id.version, Kind: id.kind,
			Namespaced: strings.Contains(words[4], "N"), Watched: strings.Contains(words[4], "W"),
		}
		k.Plural, k.Schema = words[3], m.of(words[5])
		k.Status, k.Gated = strings.Contains(words[4], "S"), strings.Contains(words[4], "G")
		k.Introduced = cmp.Or(k.Introduced, l.others[id].Introduced)
		e.kinds[id] = k
		e.list = append(e.list, k)
	}
	slices.SortFunc(e.list, func(a, b Kind) int {
		return cmp.Or(strings.Compare(a.Group, b.Group), strings.Compare(a.Version, b.Version), strings.Compare(a.Kind, b.Kind))
	})
	return e
}
