package kubeconform

import (
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"testing"

	"github.com/yannh/kubeconform/pkg/registry"
	"github.com/yannh/kubeconform/pkg/resource"
	"github.com/yannh/kubeconform/pkg/validator"

	"sluice/render"
	"sluice/validate"
)

// A location means here what it means to kubeconform itself.
func TestLocationsAreKubeconforms(t *testing.T) {
	dir := t.TempDir()
	for _, text := range []string{
		"flat", "{{.ResourceKind}}.json", "{{ .Group }}/{{ .ResourceKind }}_{{ .ResourceAPIVersion }}.json",
		"{{.NormalizedKubernetesVersion}}{{.StrictSuffix}}/x{{.KindSuffix}}.json", "one.json", "{{if eq .Group \"apps\"}}a{{else}}b{{end}}.json",
	} {
		text = filepath.Join(dir, text)
		theirs, err := registry.New(text, "", true, false, false)
		if err != nil {
			t.Fatal(err)
		}
		ours, err := newLocation(text)
		if err != nil {
			t.Fatal(err)
		}
		for _, k := range []kind{
			{"v1", "ConfigMap"}, {"apps/v1", "Deployment"}, {"networking.k8s.io/v1", "NetworkPolicy"}, {"a.b.example.com/v1alpha1", "Widget"},
		} {
			want, _, _ := theirs.DownloadSchema(k.kind, k.apiVersion, "1.33.4")
			if got, err := ours.of(k, "1.33.4", true); err != nil || got != want {
				t.Errorf("%s of %v is %s, want %s (%v)", text, k, got, want, err)
			}
		}
	}
	for _, text := range []string{"{{.Kind}}.json", "{{.ResourceKind.json", "{{.ResourceKind}"} {
		_, theirs := registry.New(text, "", true, false, false)
		if _, ours := newLocation(text); (ours == nil) != (theirs == nil) {
			t.Errorf("%s: %v, kubeconform %v", text, ours, theirs)
		}
	}
}

// What kubeconform finds invalid is a finding, what it finds valid is none, and where it has no schema there is neither.
func TestVerdictsAreKubeconforms(t *testing.T) {
	schemas := map[string]string{
		"plain":   `{"type": "object", "properties": {"spec": {"type": "object", "additionalProperties": false, "properties": {"a": {"type": "integer"}}}}}`,
		"any":     `{"properties": {"spec": {"properties": {"a": {"anyOf": [{"type": "integer"}, {"type": "string", "pattern": "^[0-9]+$"}]}}}}}`,
		"one":     `{"properties": {"spec": {"properties": {"a": {"oneOf": [{"type": "integer"}, {"minimum": 3}]}}}}}`,
		"not":     `{"properties": {"spec": {"properties": {"a": {"not": {"type": "integer"}}}}}}`,
		"format":  `{"properties": {"spec": {"properties": {"a": {"type": "string", "format": "duration"}}}}}`,
		"newer":   `{"$schema": "https://json-schema.org/draft/2020-12/schema", "properties": {"spec": {"properties": {"a": {"format": "duration", "const": "1h"}}}}}`,
		"ref":     `{"$ref": "plain.json"}`,
		"inner":   `{"definitions": {"d": {"required": ["b"]}}, "properties": {"spec": {"$ref": "#/definitions/d"}}}`,
		"lost":    `{"$ref": "nowhere.json"}`,
		"null":    `null`,
		"whole":   `{"required": ["spec", "status"]}`,
		"false":   `{"properties": {"spec": {"enum": [{"a": 1}]}}}`,
		"broken":  `{"type": 12}`,
		"cut":     `{"type": "obj`,
		"strange": `{"properties": {"spec": {"properties": {"a": {"pattern": "(?!x)"}}}}}`,
	}
	dir := t.TempDir()
	for name, text := range schemas {
		if err := os.WriteFile(filepath.Join(dir, name+".json"), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	templates := []string{filepath.Join(dir, "{{.ResourceKind}}.json")}
	theirs, err := validator.New(templates, validator.Opts{KubernetesVersion: "1.33.4", Strict: true, IgnoreMissingSchemas: true})
	if err != nil {
		t.Fatal(err)
	}
	schemas["absent"] = ""
	for name := range schemas {
		for _, a := range []any{1, 3, 1.0, 2.5, "7", "x", "1h30m", "PT1H", "P", "PT", "P1DT", "P1Y2M", "3 days", "", true, nil, []any{}, map[string]any{}, 12345678901234567} {
			ours, err := New(Locations{Templates: templates, Kubernetes: "1.33.4"})
			if err != nil {
				t.Fatal(err)
			}
			o := render.Object{APIVersion: "example.com/v1", Key: render.Key{Group: "example.com", Kind: name, Name: "x"}, Tree: map[string]any{
				"apiVersion": "example.com/v1", "kind": name, "metadata": map[string]any{"name": "x"}, "spec": map[string]any{"a": a},
			}}
			text, err := json.Marshal(o.Tree)
			if err != nil {
				t.Fatal(err)
			}
			want := theirs.ValidateResource(resource.Resource{Bytes: text}).Status
			found, unchecked, err := ours.Rules()[0].Check(t.Context(), validate.Input{Results: []render.Result{{Set: render.Set{Objects: []render.Object{o}}}}})
			if err != nil {
				t.Fatal(err)
			}
			if (len(found) > 0) != (want == validator.Invalid) {
				t.Errorf("%s, %v: %v, kubeconform %v", name, a, found, want)
			}
			// It keeps silent about a schema that is there and is none; that is said here, as an error and for each object.
			none := name == "lost" || name == "null" || name == "broken" || name == "cut" || name == "strange"
			if (ours.Failure() != nil) != none || (len(unchecked) > 0) != none || none && want != validator.Skipped && want != validator.Error {
				t.Errorf("%s, %v: %v, %v, kubeconform %v", name, a, ours.Failure(), unchecked, want)
			}
			if errors.Is(ours.Failure(), os.ErrNotExist) {
				t.Errorf("%s: %v", name, ours.Failure())
			}
		}
	}
}
