package server

import (
	"context"
	"math/rand"
	"slices"
	"strings"
	"testing"

	"sluice/render"
	"sluice/validate"
)

// FuzzJudge puts values of other types into objects of all kinds: whatever a tree holds, judging it ends, in findings
// that are the same again.
func FuzzJudge(f *testing.F) {
	cases := slices.Concat(podCases(f), kindSeeds(f))
	for i := range cases {
		f.Add(uint16(i), int64(i))
	}
	f.Fuzz(func(t *testing.T, which uint16, seed int64) {
		set, err := render.Parse("x.yaml", []byte(cases[int(which)%len(cases)].text))
		if err != nil {
			t.Fatal(err) // the cases are manifests
		}
		random := rand.New(rand.NewSource(seed))
		for i := range set.Objects {
			tree := set.Objects[i].Tree
			for range 3 {
				spoil(tree, random)
			}
		}
		in := validate.Input{Results: []render.Result{{Set: set}}, Minor: 28 + random.Intn(9)}
		first, _, err1 := judgeAll(context.Background(), in)
		again, _, err2 := judgeAll(context.Background(), in)
		if err1 != nil || err2 != nil || !slices.Equal(placesOf(first), placesOf(again)) {
			t.Errorf("%q, %v, then %q, %v", placesOf(first), err1, placesOf(again), err2)
		}
	})
}

// kindSeeds are the objects of all other kinds.
func kindSeeds(f *testing.F) []kindCase {
	var seeds []kindCase
	for _, rule := range kindRules {
		if strings.HasPrefix(rule.Wrong, "-- ") { // a whole stack, whose chart makes the object
			continue
		}
		seeds = append(seeds, kindCase{text: rule.Wrong})
	}
	return seeds
}

// spoil puts something else into one place of a tree.
func spoil(v any, random *rand.Rand) {
	odd := []any{
		nil, true, int64(-1), int64(1 << 62), uint64(1 << 63), 0.5, "", "a/b c", "100%", "hugepages-x",
		[]any{},
		[]any{nil},
		[]any{"x", int64(1), map[string]any{}},
		map[string]any{},
		map[string]any{"name": nil, "": "x"},
	}
	other := odd[random.Intn(len(odd))]
	switch v := v.(type) {
	case map[string]any:
		keys := make([]string, 0, len(v))
		for key := range v {
			keys = append(keys, key)
		}
		if len(keys) == 0 {
			return
		}
		slices.Sort(keys)
		key := keys[random.Intn(len(keys))]
		if random.Intn(4) == 0 {
			v[key] = other
			return
		}
		spoil(v[key], random)
	case []any:
		if len(v) == 0 {
			return
		}
		i := random.Intn(len(v))
		if random.Intn(4) == 0 {
			v[i] = other
			return
		}
		spoil(v[i], random)
	}
}
