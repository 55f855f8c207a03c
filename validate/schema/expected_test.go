package schema

import (
	"testing"

	"sluice/render"
)

func TestExpected(t *testing.T) {
	set, err := render.Parse("x.yaml", []byte("apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: a}\n---\napiVersion: v1\nkind: Secret\nmetadata: {name: a}\n---\napiVersion: example.com/v1\nkind: Table\nmetadata: {name: a}\n"))
	if err != nil {
		t.Fatal(err)
	}
	container := render.Path{"spec", "template", "spec", "containers", 0}
	for _, c := range []struct {
		object int
		field  render.Path
		want   string
	}{
		{0, render.Path{"spec", "replicas"}, "integer"},
		{0, render.Path{"spec", "paused"}, "boolean"},
		{0, render.Path{"metadata", "labels", "team"}, "string"},
		{0, container.With("resources", "limits", "memory"), "quantity"},
		{0, container.With("livenessProbe", "httpGet", "port"), "int-or-string"},
		{0, container.With("env", 1, "value"), "string"},
		{0, render.Path{"spec", "nothing", "there"}, ""},
		{0, render.Path{"spec", "replicas", 0}, ""},
		{0, render.Path{"spec"}, "object"},
		{1, render.Path{"data", "a"}, "byte"},
		{1, render.Path{"stringData", "a"}, "string"},
		{2, render.Path{"spec", "size"}, ""},
	} {
		if got := Expected(33, &set.Objects[c.object], c.field); got != c.want {
			t.Errorf("%s of %s: %q, want %q", c.field, set.Objects[c.object].Key, got, c.want)
		}
	}
}
