package render

import "testing"

// The minors of go.mod at each helm's tag.
func TestClientMinors(t *testing.T) {
	for helm, want := range map[string]int{
		"3.12.3": 27, "3.14.4": 29, "3.16.4": 31, "3.18.6": 33, "3.19.5": 34, "3.20.2": 35, "3.21.4": 36, "v3.22.0": 37,
		"4.0.5": 34, "4.1.3": 35, "4.2.1": 36, "4.3.1": 37,
	} {
		if got, err := clientMinor(helm); got != want || err != nil {
			t.Errorf("helm %s: %d, %v; want %d", helm, got, err, want)
		}
	}
}
