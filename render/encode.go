package render

import (
	"bytes"
	"fmt"

	"go.yaml.in/yaml/v3"
)

// Encode writes objects as canonical YAML: keys sorted, sequences indented by two, strings quoted where any YAML 1.1
// or 1.2 reader would take them for something else, a line "---" between objects and a final newline. Comments and the
// spelling of the engine's text are gone, so two engines that mean the same give the same bytes.
func Encode(objects []Object) ([]byte, error) {
	var out bytes.Buffer
	for i, o := range objects {
		if i > 0 {
			out.WriteString("---\n")
		}
		enc := yaml.NewEncoder(&out)
		enc.SetIndent(2)
		if err := enc.Encode(o.Tree); err != nil {
			return nil, fmt.Errorf("encoding %s: %w", o.Key, err)
		}
		if err := enc.Close(); err != nil {
			return nil, fmt.Errorf("encoding %s: %w", o.Key, err)
		}
	}
	return out.Bytes(), nil
}
