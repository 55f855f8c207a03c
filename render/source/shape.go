package source

import (
	"bytes"
	"errors"
	"fmt"
	"regexp"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"

	"sluice/render"
)

// decode reads a YAML document that may begin with a byte order mark. Its errors name lines and keys, and no type of
// this program.
func decode(content []byte, into any) error {
	content = bytes.TrimPrefix(content, []byte("\xef\xbb\xbf"))
	err := yaml.Unmarshal(content, into)
	if err == nil {
		return nil
	}
	var doc yaml.Node
	if yaml.Unmarshal(content, &doc) != nil { // it is not YAML at all
		return errors.New(strings.TrimPrefix(err.Error(), "yaml: "))
	}
	return misshapen(&doc, err)
}

// mistyped is one line of a yaml.TypeError, e.g. "line 4: cannot unmarshal !!str `redis` into source.dependency".
var mistyped = regexp.MustCompile("(?s)^line (\\d+): cannot unmarshal (!!\\w+)(?: `.*`)? into (.+)$")

// misshapen words the error of decoding below root: "line 4: dependencies[0] is text, not a mapping". Other errors
// than those of a wrong type are kept.
func misshapen(root *yaml.Node, err error) error {
	var wrong *yaml.TypeError
	if !errors.As(err, &wrong) {
		return err
	}
	var all []string
	for _, text := range wrong.Errors {
		if m := mistyped.FindStringSubmatch(text); m != nil {
			line, _ := strconv.Atoi(m[1]) // the expression admits digits only
			at := pathsAt(root, line, m[2])
			switch {
			case len(at) == 1 && len(at[0]) > 0:
				text = fmt.Sprintf("line %d: %s is %s, not %s", line, at[0], shapeOfTag(m[2]), shapeOfType(m[3]))
			case len(at) == 1:
				text = fmt.Sprintf("line %d: it is %s, not %s", line, shapeOfTag(m[2]), shapeOfType(m[3]))
			default: // the library names no column, so of several on one line any may be meant
				text = fmt.Sprintf("line %d: there is %s where %s belongs", line, shapeOfTag(m[2]), shapeOfType(m[3]))
			}
		}
		all = append(all, text)
	}
	return errors.New(strings.Join(all, "; "))
}

// pathsAt finds the values with a tag that begin on a line.
func pathsAt(n *yaml.Node, line int, tag string) []render.Path {
	var found []render.Path
	if n.Kind != yaml.DocumentNode && n.Line == line && n.ShortTag() == tag {
		found = append(found, nil)
	}
	for i, child := range n.Content {
		var step render.Path
		switch {
		case n.Kind == yaml.MappingNode && i%2 == 0: // a key is text, and text is what a key may be
			continue
		case n.Kind == yaml.MappingNode:
			step = render.Path{n.Content[i-1].Value}
		case n.Kind == yaml.SequenceNode:
			step = render.Path{i}
		}
		for _, rest := range pathsAt(child, line, tag) {
			found = append(found, append(step[:len(step):len(step)], rest...))
		}
	}
	return found
}

func shapeOfTag(tag string) string {
	switch tag {
	case "!!map":
		return "a mapping"
	case "!!seq":
		return "a list"
	case "!!int", "!!float":
		return "a number"
	case "!!bool":
		return "true or false"
	}
	return "text"
}

// shapeOfType words a Go type as reflect prints it; the structs of this package are mappings.
func shapeOfType(name string) string {
	switch {
	case strings.HasPrefix(name, "[]"):
		return "a list"
	case name == "string":
		return "text"
	}
	return "a mapping"
}
