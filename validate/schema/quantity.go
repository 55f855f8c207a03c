package schema

import (
	"strconv"
	"strings"
)

// quantity says whether the API server reads a text as a quantity: "100m", "1.5Gi", "1e3". It reads more than people
// write, and all of that is taken here too, because a refusal here must be one there: "Gi" alone is zero, "1." is one.
// Source: ParseQuantity in k8s.io/apimachinery pkg/api/resource/quantity.go, and suffix.go next to it.
func quantity(text string) bool {
	text = strings.TrimSpace(text) // the decoder trims before it parses
	if text == "" {
		return false
	}
	rest := text
	if rest[0] == '+' || rest[0] == '-' {
		rest = rest[1:]
	}
	rest = strings.TrimLeft(rest, decimals)
	if after, ok := strings.CutPrefix(rest, "."); ok {
		rest = strings.TrimLeft(after, decimals)
	}
	bare := !strings.ContainsAny(text[:len(text)-len(rest)], decimals)
	switch rest {
	case "", "n", "u", "m", "k", "M", "G", "T", "P", "E", "Ki", "Mi", "Gi", "Ti":
		return true
	case "Pi", "Ei":
		// These are too large for the parser that takes no digit for a zero, and so is a very small exponent.
		return !bare
	}
	if rest[0] != 'e' && rest[0] != 'E' {
		return false
	}
	exponent, err := strconv.ParseInt(rest[1:], 10, 64)
	return err == nil && (!bare || int32(exponent) >= -9)
}

const decimals = "0123456789"
