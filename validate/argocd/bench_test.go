package argocd

import (
	"context"
	"fmt"
	"strings"
	"testing"
)

// Many objects in many apps, with Applications and a project among them.
func BenchmarkRules(b *testing.B) {
	var texts []string
	for i := range 50 {
		var text strings.Builder
		fmt.Fprintf(&text, "# app%d layer%d\n", i, i%3)
		for k := range 100 {
			fmt.Fprintf(&text, "---\n%s", strings.NewReplacer("settings", fmt.Sprintf("settings%d", k), "web", fmt.Sprintf("web%d", k)).Replace(web("0")))
		}
		fmt.Fprintf(&text, "---\n%s", strings.Replace(shop, "name: shop", fmt.Sprintf("name: shop%d", i), 1))
		texts = append(texts, text.String())
	}
	in := stack(b, texts...)
	for b.Loop() {
		if _, _, err := Rules()[0].Check(context.Background(), in); err != nil {
			b.Fatal(err)
		}
	}
}
