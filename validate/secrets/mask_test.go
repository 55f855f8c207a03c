package secrets_test

import (
	"strings"
	"testing"

	"sluice/validate/secrets"
)

// Of a text with credentials everything else is kept.
func TestMask(t *testing.T) {
	token, key := "ghp_"+drawn(36, 4, alnum), strings.ReplaceAll(pem("PRIVATE"+" KEY"), "\n", `\n`)
	for text, want := range map[string]string{
		"spec.replicas is not a field":                        "spec.replicas is not a field",
		"spec." + token + " is not a field":                   "spec.*** is not a field",
		`"` + token + `" and "` + jwt() + `" are no fields`:   `"***" and "***" are no fields`,
		"is " + key + ", want a name":                         `is ***-----END PRIVATE` + ` KEY-----\n, want a name`,
		token:                                                 "***",
		"ghp_" + strings.Repeat("x", 36) + " is not a field":  "ghp_" + strings.Repeat("x", 36) + " is not a field",
		"line 2: unknown anchor 'a-password' referenced":      "line 2: unknown anchor '***' referenced",
		"https://hooks.example.com/services/a is not a field": "https://hooks.example.com/services/a is not a field",
	} {
		if got := secrets.Mask(text); got != want {
			t.Errorf("%q: %q, want %q", text, got, want)
		}
	}
}
