package yamllint

import "sort"

// anchors judges anchors and aliases. An anchor holds to the end of its document. The names of those that nothing belongs to
// are not said: of a password without quotes that begins so, it is the password.
func anchors(f *file, o options) {
	type use struct {
		at   token
		used bool
	}
	known := map[string]*use{}
	for i, t := range f.tokens {
		switch t.kind {
		case streamStart, documentStart, documentEnd:
			clear(known)
		case alias:
			u := known[f.name(t)]
			if u == nil && o.on("forbid-undeclared-aliases") {
				f.sayAt(t, `the alias has no anchor in its document; a value that begins with "*" needs quotes`)
			}
			if u != nil {
				u.used = true
			}
		case anchor:
			if known[f.name(t)] != nil && o.on("forbid-duplicated-anchors") {
				f.sayAt(t, "the anchor %q is there twice", f.name(t))
			}
			known[f.name(t)] = &use{at: t}
		}
		if next := f.peer(i + 1); o.on("forbid-unused-anchors") && (next == streamEnd || next == documentStart || next == documentEnd) {
			var unused []token
			for _, u := range known {
				if !u.used {
					unused = append(unused, u.at)
				}
			}
			sort.Slice(unused, func(i, j int) bool { return unused[i].start < unused[j].start })
			for _, t := range unused {
				f.sayAt(t, `the anchor is used by no alias; a value that begins with "&" needs quotes`)
			}
			clear(known)
		}
	}
}

// eachKey calls for the keys of mappings that are scalars, with the mapping that they are of, counted from 1.
func (f *file) eachKey(call func(mapping int, t token)) {
	var open []int // 0 for a list
	count := 0
	for i, t := range f.tokens {
		switch t.kind {
		case blockMapping, flowMapping:
			count++
			open = append(open, count)
		case blockSequence, flowSequence:
			open = append(open, 0)
		case blockEnd, flowMappingEnd, flowSequenceEnd:
			if len(open) > 0 {
				open = open[:len(open)-1]
			}
		case keyToken:
			if len(open) > 0 && open[len(open)-1] > 0 && f.peer(i+1) == scalar {
				call(open[len(open)-1], f.tokens[i+1])
			}
		}
	}
}

// place is a key of a mapping.
type place struct {
	mapping int
	key     string
}

// eachDuplicate calls for the keys that their mapping has further up.
func (f *file) eachDuplicate(call func(first, again token, key string)) {
	seen := map[place]token{}
	f.eachKey(func(mapping int, t token) {
		p := place{mapping, f.value(t)}
		if first, there := seen[p]; there {
			call(first, t, p.key)
			return
		}
		seen[p] = t
	})
}

func keyDuplicates(f *file, o options) {
	f.eachDuplicate(func(_, again token, key string) {
		if key != "<<" || o.on("forbid-duplicated-merge-keys") {
			f.sayAt(again, "the key %q is there twice in one mapping", key)
		}
	})
}

func keyOrdering(f *file, o options) {
	ignored := compiled(o.list("ignored-keys"))
	last := map[int]string{}
	f.eachKey(func(mapping int, t token) {
		key := f.value(t)
		if anyOf(ignored, key) {
			return
		}
		if before, there := last[mapping]; there && key < before {
			f.sayAt(t, "the key %q comes after %q", key, before)
			return
		}
		last[mapping] = key
	})
}
