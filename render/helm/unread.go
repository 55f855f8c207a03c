package helm

import (
	"bytes"
	"fmt"
	"slices"
	"strconv"
	"strings"

	yamlv3 "go.yaml.in/yaml/v3"

	"sluice/render"
)

// unread names what helm leaves out of a values file without a word: the later of two equal keys wins, and Helm 3 reads
// the first document only (sigs.k8s.io/yaml, Unmarshal). The result stays helm's, because Argo CD applies that; refusing
// the file was considered and would refuse charts that render today.
//
// name is the file in messages. A text that the YAML reader here does not read gives nothing: helm reads it or says why
// not.
func (d dialect) unread(name string, text []byte) []string {
	if !suspect(text) {
		return nil
	}
	return d.unreadNodes(name, text)
}

// unreadNodes is unread without the look at the lines.
func (d dialect) unreadNodes(name string, text []byte) []string {
	var notes []string
	count, lost := 0, false
	for documents := yamlv3.NewDecoder(bytes.NewReader(text)); ; {
		var doc yamlv3.Node
		if documents.Decode(&doc) != nil {
			break
		}
		count++
		lost = lost || count > 1 && doc.Content[0].ShortTag() != "!!null"
		if count == 1 || d.allDocuments {
			repeatedKeys(doc.Content[0], nil, func(line int, text string) {
				notes = append(notes, fmt.Sprintf("%s:%d: %s", name, line, text))
			})
		}
	}
	if lost && !d.allDocuments {
		notes = append([]string{fmt.Sprintf("%s: helm reads only the first of %d documents", name, count)}, notes...)
	}
	return notes
}

// unreadDefaults is unread for the values.yaml of a chart and of its enabled subcharts, the archives in charts/
// included. An alias shares the file of its chart, so it gives the same notes under its own name.
func (d dialect) unreadDefaults(p part) []string {
	notes := d.unread(p.path+"/values.yaml", p.defaults)
	for _, sub := range p.parts {
		notes = append(notes, d.unreadDefaults(sub)...)
	}
	return notes
}

// repeatedKeys reports every key that a mapping has twice, once, at its last line. Keys that only look alike, 1 and
// "1", become one key on the way through JSON, in map order.
func repeatedKeys(n *yamlv3.Node, at render.Path, report func(line int, text string)) {
	switch n.Kind {
	// An alias is not followed: what it stands for is reported where it is written.
	case yamlv3.SequenceNode:
		for i, child := range n.Content {
			repeatedKeys(child, append(slices.Clip(at), i), report)
		}
	case yamlv3.MappingNode:
		seen := make(map[string][]*yamlv3.Node, len(n.Content)/2)
		for i := 0; i+1 < len(n.Content); i += 2 {
			key := n.Content[i]
			seen[key.Value] = append(seen[key.Value], key)
			repeatedKeys(n.Content[i+1], append(slices.Clip(at), key.Value), report)
		}
		for i := 0; i+1 < len(n.Content); i += 2 {
			same := seen[n.Content[i].Value]
			// Two merge keys both count, and a key that is no scalar is none of helm's.
			if len(same) < 2 || same[len(same)-1] != n.Content[i] || same[0].Kind != yamlv3.ScalarNode || same[0].Tag == "!!merge" {
				continue
			}
			report(same[len(same)-1].Line, occurrences(append(slices.Clip(at), same[0].Value), same))
		}
	}
}

// occurrences words one repeated key.
func occurrences(key render.Path, same []*yamlv3.Node) string {
	lines := make([]string, len(same))
	taken := "the last"
	for i, n := range same {
		lines[i] = strconv.Itoa(n.Line)
		if n.ShortTag() != same[0].ShortTag() {
			taken = "any one"
		}
	}
	often := "twice"
	if len(same) > 2 {
		often = strconv.Itoa(len(same)) + " times"
	}
	last := len(lines) - 1
	return fmt.Sprintf("key %q occurs %s (line %s and %s); helm takes %s",
		key.String(), often, strings.Join(lines[:last], ", "), lines[last], taken)
}

// suspect says whether a values file may have a second document or two equal keys. It looks at lines and not at YAML,
// for a tenth of what helm's reading costs, and most charts are done with that. A false yes costs a parse; so every form
// that cannot be judged by its line (a flow mapping with several keys, a quoted text over several lines, an explicit
// key) is a yes.
func suspect(text []byte) bool {
	var scopes []scope
	content, number := false, 0
	seen := map[scopedKey]bool{}
	for line := range bytes.Lines(text) {
		rest := bytes.TrimLeft(line, " ")
		indent := len(line) - len(rest)
		rest = bytes.TrimRight(rest, " \t\r\n")
		if len(rest) == 0 || rest[0] == '#' {
			continue
		}
		if indent == 0 && (bytes.HasPrefix(rest, []byte("---")) || bytes.HasPrefix(rest, []byte("..."))) && content {
			return true
		}
		content = true
		for bytes.HasPrefix(rest, []byte("- ")) {
			scopes = outside(scopes, indent)
			item := bytes.TrimLeft(rest[1:], " ")
			indent += len(rest) - len(item)
			rest = item
		}
		key, value, plain := keyOfLine(rest)
		if !plain {
			return true
		}
		if key == nil {
			continue
		}
		if scopes = outside(scopes, indent); len(scopes) == 0 || scopes[len(scopes)-1].indent < indent {
			number++
			scopes = append(scopes, scope{indent, number})
		}
		here := scopedKey{scopes[len(scopes)-1].number, string(key)}
		if seen[here] || unclosedText(value) {
			return true
		}
		seen[here] = true
	}
	return false
}

// scope is a block mapping that a line of its own began: its indentation, and a number that tells it from others.
type scope struct{ indent, number int }

type scopedKey struct {
	scope int
	key   string
}

// outside drops the mappings that a line at an indentation has ended.
func outside(scopes []scope, indent int) []scope {
	for len(scopes) > 0 && scopes[len(scopes)-1].indent > indent {
		scopes = scopes[:len(scopes)-1]
	}
	return scopes
}

// keyOfLine cuts "key: value". A line without a key, such as an item of a list, gives none. plain is false where the
// line alone does not tell.
func keyOfLine(line []byte) (key, value []byte, plain bool) {
	if open := bytes.IndexByte(line, '{'); open >= 0 {
		inside := line[open:]
		if bytes.IndexByte(inside, ',') >= 0 || !bytes.Contains(inside, []byte("}")) {
			return nil, nil, false
		}
	}
	if strings.IndexByte("?&!\\", line[0]) >= 0 || bytes.IndexByte(line, '\t') >= 0 {
		return nil, nil, false
	}
	key, value, found := bytes.Cut(line, []byte(": "))
	if !found {
		if key, found = bytes.CutSuffix(line, []byte(":")); !found {
			return nil, nil, !unclosedText(line)
		}
	}
	if key = bytes.TrimRight(key, " "); len(key) > 1 && (key[0] == '"' || key[0] == '\'') {
		if key[len(key)-1] != key[0] || bytes.IndexByte(key, '\\') >= 0 {
			return nil, nil, false
		}
		key = key[1 : len(key)-1]
	}
	return key, bytes.TrimSpace(value), true
}

// unclosedText says whether a value begins a quoted text that goes on below, where a line may look like a key of an
// outer mapping.
func unclosedText(value []byte) bool {
	return len(value) > 0 && (value[0] == '"' || value[0] == '\'') && bytes.IndexByte(value[1:], value[0]) < 0
}
