package render

import (
	"context"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// go.yaml.in/yaml/v2 merges where the merge key stands, so what comes later wins.
func TestMergeKeysActWhereTheyStand(t *testing.T) {
	set := parsed(t, object("A", "a")+"b: &b {x: 1, z: 2}\nc: &c {x: 5}\nv: {x: 3, <<: *b}\nw: {<<: *b, x: 3}\nl: {<<: [*c, *b]}\n")
	want := map[string]any{
		"v": map[string]any{"x": int64(1), "z": int64(2)}, "w": map[string]any{"x": int64(3), "z": int64(2)},
		"l": map[string]any{"x": int64(5), "z": int64(2)},
	}
	for key, tree := range want {
		if diff := cmp.Diff(tree, set.Objects[0].Tree[key]); diff != "" {
			t.Errorf("%s (-want +got):\n%s", key, diff)
		}
	}
}

func TestEncodeKeepsLinesThatBeginWithATab(t *testing.T) {
	set := parsed(t, object("A", "a")+`v: ["\tgo build\nall:\n"]`+"\n")
	text, err := set.Encode()
	if err != nil {
		t.Fatal(err)
	}
	if changes := Diff(set, parsed(t, string(text))); len(changes) > 0 {
		t.Errorf("changed by encoding: %v\n%s", summary(changes), text)
	}
}

func TestAFileOfManifestsHoldsAnObject(t *testing.T) {
	for _, text := range []string{"", "# all of it is commented out\n", "---\n---\n"} {
		_, err := Render(context.Background(), planOf(Source{Kind: KindManifests, Path: "m"}), engines(text))
		if err == nil || !strings.Contains(err.Error(), "m/a.yaml: reading manifests: the file holds no object") {
			t.Errorf("%q: got %v", text, err)
		}
	}
}
