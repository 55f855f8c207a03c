package yamllint

import (
	"strings"
	"testing"
)

// largeValues is the text of values of so many bytes at least.
func largeValues(size int) string {
	const part = "service-%:\n  # what it listens on\n  image: {repository: registry.example.com/web, tag: \"1.2.3\"}\n  ports:\n    - name: http\n      port: 8080\n      enabled: true\n  args: [\"--one\", '--two', three]\n  script: |\n    set -e\n    run it\n"
	var b strings.Builder
	for i := 0; b.Len() < size; i++ {
		b.WriteString(strings.Replace(part, "%", strings.Repeat("x", i%7)+string(rune('a'+i%26))+strings.Repeat("y", i/26%50)+strings.Repeat("z", i/1300), 1))
	}
	return b.String()
}

func BenchmarkJudge10MB(b *testing.B) {
	text := largeValues(10 << 20)
	b.SetBytes(int64(len(text)))
	for b.Loop() {
		judge(edited{name: "values.yaml"}, text, nil)
	}
}
