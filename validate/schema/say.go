package schema

import (
	"fmt"
	"strconv"
	"strings"

	"sluice/render"
	"sluice/schemas"
	"sluice/validate"
)

// longest is how much of a value is shown.
const longest = 60

// say notes a problem of a rule at the place that the walk is at. What a placeholder will be is not known: where one
// stands alone nothing can be said of it, and of a text around one nothing but that it is a text.
func (w *walk) say(rule, format string, args ...any) {
	switch w.blank() {
	case validate.Wholly:
		return
	case validate.Partly:
		if rule != wrongType && rule != envNotString {
			return
		}
	}
	w.add(rule, 0, format, args...)
}

// blank says whether the scalar that the walk is at holds a placeholder.
func (w *walk) blank() validate.Blank {
	if w.known {
		return validate.Known
	}
	return w.blanks.At(w.object.Key, w.path())
}

// add notes a problem of a rule, of at least a severity.
func (w *walk) add(rule string, severity validate.Severity, format string, args ...any) {
	at := w.path()
	w.found = append(w.found, problem{rule, severity, at, at.String() + " " + fmt.Sprintf(format, args...)})
}

// shown writes a value for a message. Nothing of a Secret is shown.
func (w *walk) shown(v any) string {
	if w.secret {
		return "a " + typeOf(v)
	}
	switch v := v.(type) {
	case string:
		if r := []rune(v); len(r) > longest {
			v = string(r[:longest]) + "..."
		}
		return strconv.Quote(v)
	case float64:
		return strconv.FormatFloat(v, 'g', -1, 64)
	default:
		return fmt.Sprint(v)
	}
}

// typeOf gives the word for a value in messages.
func typeOf(v any) string {
	switch v.(type) {
	case string:
		return "string"
	case bool:
		return "boolean"
	case []any:
		return "list"
	case map[string]any:
		return "object"
	case nil:
		return "null"
	default:
		return "number"
	}
}

// wanted gives the words for what a schema wants.
func wanted(s *schemas.Schema) string {
	switch {
	case s.Format == "int-or-string":
		return "an integer or a string"
	case s.Format == "quantity":
		return "a quantity such as 500m or 1Gi"
	case s.Type == "array":
		return "a list"
	case s.Type == "object", s.Type == "integer":
		return "an " + s.Type
	case s.Type == "boolean":
		return "true or false"
	default:
		return "a " + s.Type
	}
}

// emptyOf gives the words for what a null becomes.
func emptyOf(s *schemas.Schema) string {
	switch {
	case s == nil:
		return "an empty value"
	case s.Format == "quantity", s.Format == "int-or-string", s.Type == "integer", s.Type == "number":
		return "0"
	case s.Type == "boolean":
		return "false"
	case s.Type == "object":
		return "an empty object"
	case s.Type == "array":
		return "an empty list"
	default:
		return "an empty string"
	}
}

// oneOf writes the values of an enumeration.
func oneOf(values []string) string {
	quoted := make([]string, 0, len(values))
	for _, v := range values {
		if v != "" {
			quoted = append(quoted, strconv.Quote(v))
		}
	}
	if n := len(quoted); n > 1 {
		return strings.Join(quoted[:n-1], ", ") + " or " + quoted[n-1]
	}
	return strings.Join(quoted, "")
}

// guess says which word of an enumeration was probably meant: in another case, abbreviated as kubectl writes it, or
// misspelt. Short words are too near to each other to be guessed: "HTTP" is no "SCTP".
func guess(got string, words []string) string {
	for _, word := range words {
		abbreviation := strings.Map(func(r rune) rune {
			if 'A' <= r && r <= 'Z' {
				return r
			}
			return -1
		}, word)
		if strings.EqualFold(word, got) || len(got) > 2 && strings.HasPrefix(word, "Read") && abbreviation == strings.Replace(got, "X", "M", 1) {
			return ", did you mean " + strconv.Quote(word) + "?"
		}
	}
	if near := render.Nearest(got, words); len(got) > 4 && near != "" && strings.EqualFold(near[:1], got[:1]) {
		return ", did you mean " + strconv.Quote(near) + "?"
	}
	return ""
}

// isNumber says whether a decoded value is a number.
func isNumber(v any) bool {
	switch v.(type) {
	case int64, uint64, float64:
		return true
	default:
		return false
	}
}

// typed writes a scalar so that no two that differ are alike.
func typed(v any) string {
	if text, ok := v.(string); ok {
		return "s" + text
	}
	return typeOf(v)[:1] + fmt.Sprint(v)
}
