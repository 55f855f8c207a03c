package main

import (
	"fmt"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

// book gathers what the text says, line by line, with the minors of which each line or block is true.
type book struct {
	kinds  map[string][]int // the line of a kind
	blocks map[string]map[string][]int
	lives  map[gvk]life
}

func newBook() *book {
	return &book{kinds: map[string][]int{}, blocks: map[string]map[string][]int{}, lives: map[gvk]life{}}
}

// add writes the kinds of one minor: all that its snapshots of discovery have. They are taken with every alpha and beta
// switched on; a kind that a cluster has only where a flag asks for it is marked by "G".
func (b *book) add(m module, k kubernetes, types *goTypes) error {
	minor, err := strconv.Atoi(strings.Split(k.Release, ".")[1])
	if err != nil {
		return err
	}
	s, err := readShapes(minor, m, types)
	if err != nil {
		return err
	}
	files, err := filepath.Glob(filepath.Join(m.Dir, "api", "discovery", "api*__v*.json"))
	if err != nil {
		return err
	}
	roots := map[gvk]string{}
	var lists []resources
	for _, file := range files {
		list, err := readResources(file)
		if err != nil {
			return err
		}
		lists = append(lists, list)
		for _, r := range list.Resources {
			if key := list.of(r.Kind); !strings.Contains(r.Name, "/") && roots[key] == "" {
				if roots[key], err = s.root(key); err != nil {
					return err
				}
			}
		}
	}
	s.judge(roots)
	for _, list := range lists {
		if err := b.addResources(list, k, s, roots); err != nil {
			return err
		}
	}
	for id, text := range s.blocks {
		if b.blocks[id] == nil {
			b.blocks[id] = map[string][]int{}
		}
		b.blocks[id][text] = append(b.blocks[id][text], minor)
	}
	return nil
}

// of names a kind of the list's group/version.
func (l resources) of(kind string) gvk {
	group, version := path.Split(l.GroupVersion)
	return gvk{strings.TrimSuffix(group, "/"), version, kind}
}

// addResources writes the kinds of one group/version. The flags are N namespaced, W watched, S has a subresource "status",
// and G is only there where a flag of the server asks for it.
func (b *book) addResources(list resources, k kubernetes, s *shapes, roots map[gvk]string) error {
	var names []string
	for _, r := range list.Resources {
		names = append(names, r.Name)
	}
	for _, r := range list.Resources {
		if strings.Contains(r.Name, "/") {
			continue
		}
		key := list.of(r.Kind)
		id, err := s.define(roots[key])
		if err != nil {
			return err
		}
		flags := ""
		for _, f := range []struct {
			flag string
			set  bool
		}{
			{"N", r.Namespaced},
			{"W", slices.Contains(r.Verbs, "list") && slices.Contains(r.Verbs, "watch")},
			{"S", slices.Contains(names, r.Name+"/status")},
			{"G", !slices.ContainsFunc(k.APIs, func(a api) bool { return gvk{a.Group, a.Version, a.Kind} == key })},
		} {
			if f.set {
				flags += f.flag
			}
		}
		line := strings.Join([]string{or(key.Group), key.Version, key.Kind, r.Name, or(flags), id}, " ")
		b.kinds[line] = append(b.kinds[line], s.minor)
	}
	return nil
}

func or(text string) string {
	if text == "" {
		return "-"
	}
	return text
}

// text is the file: first what it is derived from (apis.json.gz has the hashes), then kinds, then lives, then the definitions.
func (b *book) text(modules []module) string {
	var out strings.Builder
	fmt.Fprintf(&out, "# %s\n", shapesNotice)
	for _, m := range modules {
		fmt.Fprintf(&out, "# %s %s\n", m.Path, m.Version)
	}
	for _, line := range sorted(b.kinds) {
		fmt.Fprintf(&out, "+%s %s\n", line, ranges(b.kinds[line]))
	}
	lines := map[string][]int{}
	for key, l := range b.lives {
		if strings.HasSuffix(key.Kind, "List") {
			continue
		}
		line := fmt.Sprintf("%s %s %s %d %d %d", or(key.Group), key.Version, key.Kind, l.introduced, l.deprecated, l.removed)
		if l.replacement != (gvk{}) {
			line += fmt.Sprintf(" %s %s %s", or(l.replacement.Group), l.replacement.Version, l.replacement.Kind)
		}
		lines[line] = nil
	}
	for _, line := range sorted(lines) {
		fmt.Fprintf(&out, "~%s\n", line)
	}
	for _, id := range sorted(b.blocks) {
		texts := sorted(b.blocks[id])
		slices.SortFunc(texts, func(x, y string) int { return b.blocks[id][x][0] - b.blocks[id][y][0] })
		for _, text := range texts {
			fmt.Fprintf(&out, "=%s %s\n%s", id, ranges(b.blocks[id][text]), text)
		}
	}
	return out.String()
}

// ranges writes sorted numbers: "28-30,33".
func ranges(numbers []int) string {
	var parts []string
	for i := 0; i < len(numbers); {
		last := i
		for last+1 < len(numbers) && numbers[last+1] == numbers[last]+1 {
			last++
		}
		part := strconv.Itoa(numbers[i])
		if last > i {
			part += "-" + strconv.Itoa(numbers[last])
		}
		parts = append(parts, part)
		i = last + 1
	}
	return strings.Join(parts, ",")
}
