package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"

	"go.yaml.in/yaml/v3"
)

// argoCD is the release whose definitions are read. Its module zip is under the Apache License, Version 2.0.
var argoCD = module{Path: "github.com/argoproj/argo-cd/v3", Version: "v3.6.1"}

// argoNotice is kept with the definitions.
const argoNotice = "Derived from manifests/crds of the module named, Copyright The Argo Project Authors, licensed under the " +
	"Apache License, Version 2.0 (http://www.apache.org/licenses/LICENSE-2.0). Changed: JSON, descriptions left out."

// definitions is the file: the three CustomResourceDefinitions by kind.
type definitions struct {
	Notice  string                     `json:"notice"`
	Modules []module                   `json:"modules"`
	CRDs    map[string]json.RawMessage `json:"crds"`
}

func readArgoCD() ([]byte, error) {
	m, err := download(argoCD.Path, argoCD.Version)
	if err != nil {
		return nil, err
	}
	made := definitions{Notice: argoNotice, Modules: []module{m}, CRDs: map[string]json.RawMessage{}}
	for kind, file := range map[string]string{
		"Application": "application-crd.yaml", "AppProject": "appproject-crd.yaml", "ApplicationSet": "applicationset-crd.yaml",
	} {
		text, err := os.ReadFile(filepath.Join(m.Dir, "manifests", "crds", file))
		if err != nil {
			return nil, err
		}
		if made.CRDs[kind], err = definition(text, kind); err != nil {
			return nil, fmt.Errorf("reading %s of %s %s: %w", file, m.Path, m.Version, err)
		}
	}
	return json.Marshal(made)
}

// definition gives a CustomResourceDefinition as JSON, without descriptions of its schemas.
func definition(text []byte, kind string) ([]byte, error) {
	var crd map[string]any
	d := yaml.NewDecoder(bytes.NewReader(text))
	if err := d.Decode(&crd); err != nil {
		return nil, err
	}
	spec, _ := crd["spec"].(map[string]any)
	names, _ := spec["names"].(map[string]any)
	versions, _ := spec["versions"].([]any)
	if crd["kind"] != "CustomResourceDefinition" || names["kind"] != kind || len(versions) == 0 {
		return nil, fmt.Errorf("it is no definition of %s", kind)
	}
	for _, v := range versions {
		schema, _ := v.(map[string]any)["schema"].(map[string]any)
		if err := strip(schema["openAPIV3Schema"]); err != nil {
			return nil, err
		}
	}
	return json.Marshal(crd)
}

// strip takes the descriptions out of a schema, and never a property that is called so. It has to know every key that
// holds schemas, so a key that it does not know is an error.
func strip(schema any) error {
	s, ok := schema.(map[string]any)
	if !ok {
		return fmt.Errorf("a schema is a %T", schema)
	}
	delete(s, "description")
	for key, value := range s {
		var inner []any
		switch key {
		case "type", "format", "required", "enum", "default", "pattern", "minimum", "maximum", "minLength", "maxLength",
			"minItems", "maxItems", "nullable", "x-kubernetes-int-or-string", "x-kubernetes-preserve-unknown-fields",
			"x-kubernetes-map-type", "x-kubernetes-list-type", "x-kubernetes-list-map-keys", "x-kubernetes-validations":
		case "properties":
			properties, ok := value.(map[string]any)
			if !ok {
				return fmt.Errorf("properties are a %T", value)
			}
			for _, p := range properties {
				inner = append(inner, p)
			}
		case "items", "additionalProperties", "not":
			if _, truth := value.(bool); !truth {
				inner = []any{value}
			}
		case "anyOf", "oneOf", "allOf":
			inner, _ = value.([]any)
		default:
			return fmt.Errorf("a schema has %s, which is not known", key)
		}
		for _, i := range inner {
			if err := strip(i); err != nil {
				return err
			}
		}
	}
	return nil
}
