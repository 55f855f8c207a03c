package schema

import (
	"strings"
	"testing"

	"k8s.io/apimachinery/pkg/api/resource"
)

var quantities = []string{
	"", "0", "1", "100m", "1Gi", "1.5Gi", "1e3", "1E3", "1E", "1Gx", "1GB", "1gi", "1 Gi", " 1Gi ", "+1", "-1", "--1", "+-1", ".",
	"1.", "1.G", ".5", "+.5", "Gi", "Ti", "Pi", "Ei", "e5", "e-9", "e-10", "e", "E", "1e", "1e+", "1e+5", "1e-20", "1K", "1k", "1Kb",
	"512MB", "0.1.2", "0x10", "1,5", "1_000", "½", "true", "1m5", "1Ki5", "1i", "1iK", "1nn", "99999999999999999999", "99999999999999999999999Ei",
	"0.5Ei", "000", "-", "+", "-.", "1\n", "m",
}

// Ours takes what the API server's own parser takes, and nothing else.
func TestQuantityIsTheServers(t *testing.T) {
	for _, text := range quantities {
		sameQuantity(t, text)
	}
	// Every text of up to four of the letters that mean something.
	letters := "+.05eEGiKmP- x"
	var grow func(text string)
	grow = func(text string) {
		sameQuantity(t, text)
		if len(text) < 4 {
			for _, c := range letters {
				grow(text + string(c))
			}
		}
	}
	grow("")
}

func FuzzQuantity(f *testing.F) {
	for _, text := range quantities {
		f.Add(text)
	}
	f.Fuzz(sameQuantity)
}

func sameQuantity(t *testing.T, text string) {
	t.Helper()
	// Theirs takes minutes over a huge exponent, which a request may therefore not hold, and JSON has escapes.
	if i := strings.LastIndexAny(text, "eE"); i >= 0 && len(text)-i > 5 || strings.ContainsAny(text, `"\\`) {
		return
	}
	var q resource.Quantity
	err := q.UnmarshalJSON([]byte(`"` + text + `"`))
	if got := quantity(text); got != (err == nil) {
		t.Fatalf("%q is a quantity: %t, the API server says %v", text, got, err)
	}
}
