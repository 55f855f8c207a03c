package helm

import (
	"regexp"
	"strings"
)

// The sentences of text/template and encoding/json that name Go types. Only these are worded anew: what a chart says with
// fail or required is its author's and stays whole.
var (
	nilPointer = regexp.MustCompile(`nil pointer evaluating (?:map\[string\])?interface \{\}\.(\S+)`)
	noField    = regexp.MustCompile(`can't evaluate field (\S+) in type (?:interface \{\}|string|float64|int64|bool|\[\]interface \{\})$`)
	mistyped   = regexp.MustCompile(`^(?:error unmarshaling JSON: while decoding JSON: )?(?:json: )?cannot unmarshal (\w+)(?: \S+)? into Go (?:struct field \w*\.(\S+)|value) of type (.+)$`)
)

// plainTypes says the types that values have in templates. The longer names come first.
func plainTypes(text string) string {
	text = nilPointer.ReplaceAllString(text, "nil pointer: nothing is set above .$1")
	text = noField.ReplaceAllString(text, "there is no .$1 in a value that is not a mapping")
	return strings.NewReplacer(
		"map[string]interface {}", "a mapping", "[]interface {}", "a list", "interface {}", "a value",
	).Replace(text)
}

// plainShape words the error of a YAML document that has another shape than helm reads: "kind is a list, not text".
func plainShape(cause string) (worded string, ok bool) {
	m := mistyped.FindStringSubmatch(cause)
	if m == nil {
		return cause, false
	}
	subject, want := m[2], "a mapping" // a map, or a struct such as releaseutil.SimpleHead
	switch {
	case subject == "":
		subject = "it"
	case strings.HasSuffix(subject, "annotations") && m[3] == "string":
		subject = "a value of " + subject
	}
	switch {
	case m[3] == "string":
		want = "text"
	case strings.HasPrefix(m[3], "[]"):
		want = "a list"
	case m[3] == "bool":
		want = "true or false"
	}
	got := map[string]string{"object": "a mapping", "array": "a list", "string": "text", "number": "a number", "bool": "true or false"}
	return subject + " is " + got[m[1]] + ", not " + want, true
}
