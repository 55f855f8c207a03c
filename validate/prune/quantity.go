package prune

import (
	"fmt"
	"math/big"
	"strings"
)

// suffixes are the multipliers of quantities, the longer ones first.
// Source: Kubernetes apimachinery pkg/api/resource/suffix.go.
var suffixes = []struct {
	suffix    string
	base, exp int64
}{
	{"Ki", 1024, 1},
	{"Mi", 1024, 2},
	{"Gi", 1024, 3},
	{"Ti", 1024, 4},
	{"Pi", 1024, 5},
	{"Ei", 1024, 6},
	{"k", 1000, 1},
	{"M", 1000, 2},
	{"G", 1000, 3},
	{"T", 1000, 4},
	{"P", 1000, 5},
	{"E", 1000, 6},
}

// quantity reads an amount as Kubernetes writes it: "10Gi", "1500M", "1e9", 5.
func quantity(v any) (big.Rat, bool) {
	text := strings.TrimSpace(fmt.Sprint(v))
	var times big.Rat
	times.SetInt64(1)
	for _, s := range suffixes {
		if number, ok := strings.CutSuffix(text, s.suffix); ok {
			text = number
			times.SetInt(new(big.Int).Exp(big.NewInt(s.base), big.NewInt(s.exp), nil))
			break
		}
	}
	var amount big.Rat
	if number, ok := strings.CutSuffix(text, "m"); ok {
		text = number
		times.SetFrac64(1, 1000)
	}
	// SetString takes fractions and other bases too, and exponents that would fill the memory.
	mantissa, exponent, _ := strings.Cut(strings.ToLower(text), "e")
	if len(mantissa) > 32 || len(exponent) > 3 || strings.Trim(mantissa+exponent, "+-.0123456789") != "" {
		return big.Rat{}, false
	}
	if _, ok := amount.SetString(text); !ok {
		return big.Rat{}, false
	}
	amount.Mul(&amount, &times)
	return amount, true
}
