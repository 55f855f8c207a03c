package render

import (
	"bytes"
	"fmt"
	"strings"

	"go.yaml.in/yaml/v3"
)

// Encode writes the objects as canonical YAML: keys sorted, sequences indented by two, strings quoted where any YAML 1.1
// or 1.2 reader would take them for something else, a line "---" between objects and a final newline. Comments and the
// spelling of the engine's text are gone, so two engines that mean the same give the same bytes.
func (s Set) Encode() ([]byte, error) {
	var out bytes.Buffer
	for i, o := range s.Objects {
		if i > 0 {
			out.WriteString("---\n")
		}
		enc := yaml.NewEncoder(&out)
		enc.SetIndent(2)
		if err := enc.Encode(spelled(o.Tree)); err != nil {
			return nil, fmt.Errorf("encoding %s: %w", o.Key, err)
		}
		if err := enc.Close(); err != nil {
			return nil, fmt.Errorf("encoding %s: %w", o.Key, err)
		}
	}
	return out.Bytes(), nil
}

// spelled gives v with every text of several lines that begins with a tab in double quotes: the encoder would write it
// as a block whose first line no YAML reader takes. A tree without one is written as before.
func spelled(v any) any {
	switch v := v.(type) {
	case string:
		if strings.HasPrefix(v, "\t") && strings.Contains(v, "\n") {
			return &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!str", Style: yaml.DoubleQuotedStyle, Value: v}
		}
	case []any:
		list := make([]any, len(v))
		for i := range v {
			list[i] = spelled(v[i])
		}
		return list
	case map[string]any:
		tree := make(map[string]any, len(v))
		for k := range v {
			tree[k] = spelled(v[k])
		}
		return tree
	}
	return v
}
