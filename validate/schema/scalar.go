package schema

import (
	"encoding/base64"
	"math"
	"slices"
	"strings"
	"time"

	"sluice/schemas"
)

// microTime is how the API server reads a micro-time. Source: micro_time.go in k8s.io/apimachinery pkg/apis/meta/v1.
const microTime = "2006-01-02T15:04:05.000000Z07:00"

// scalar judges a text, number or boolean.
func (w *walk) scalar(s *schemas.Schema, v any) {
	switch s.Type {
	case "":
		w.either(s, v)
	case "string":
		if text, ok := v.(string); ok {
			w.text(s, text)
		} else {
			w.notText(s, v)
		}
	case "integer":
		w.integer(s, v)
	case "number":
		if !isNumber(v) {
			w.say(wrongType, "is %s, want a number", w.shown(v))
		}
	case "boolean":
		if _, ok := v.(bool); !ok {
			w.say(wrongType, "is %s, want true or false", w.shown(v))
		}
	default:
		w.say(wrongType, "is a %s, want %s", typeOf(v), wanted(s))
	}
}

// either judges what may be a text or a number.
func (w *walk) either(s *schemas.Schema, v any) {
	text, isText := v.(string)
	switch {
	case s.Format == "int-or-string" && !isText:
		if n, ok := v.(int64); !ok {
			w.say(wrongType, "is %s, want an integer or a string", w.shown(v))
		} else if n < math.MinInt32 || n > math.MaxInt32 {
			w.say(numberRange, "is %d, which does not fit into 32 bits", n)
		}
	case s.Format == "quantity" && isText:
		if !quantity(text) {
			w.say(invalidQuantity, "is %s, which is no quantity%s", w.shown(v), likelyQuantity(text))
		}
	case s.Format == "quantity" && !isNumber(v):
		w.say(invalidQuantity, "is %s, want a quantity such as 500m or 1Gi", w.shown(v))
	}
}

// integer judges a whole number. YAML's whole floats have become integers when the object was read, as in the API server.
func (w *walk) integer(s *schemas.Schema, v any) {
	n, ok := v.(int64)
	_, large := v.(uint64)
	switch {
	case large || ok && s.Format == "int32" && (n < math.MinInt32 || n > math.MaxInt32):
		bits := 64
		if s.Format == "int32" {
			bits = 32
		}
		w.say(numberRange, "is %s, which does not fit into %d bits", w.shown(v), bits)
	case !ok:
		w.say(wrongType, "is %s, want an integer", w.shown(v))
	}
}

// text judges a text by its values and format. The bytes of a Secret are not shown.
func (w *walk) text(s *schemas.Schema, text string) {
	if s.Enum != nil && !slices.Contains(s.Enum, text) && !w.dropped() {
		w.say(invalidEnum, "is %s, want %s%s", w.shown(text), oneOf(s.Enum), guess(text, s.Enum))
		return
	}
	var err error
	switch s.Format {
	case "byte":
		if !base64Text(text) {
			w.say(invalidFormat, "is not base64 with padding")
		}
	case "date-time":
		if _, err = time.Parse(time.RFC3339, text); err != nil {
			w.say(invalidFormat, "is %s, want a time such as 2006-01-02T15:04:05Z", w.shown(text))
		}
	case "micro-time":
		if _, err = time.Parse(microTime, text); err != nil {
			w.say(invalidFormat, "is %s, want a time such as 2006-01-02T15:04:05.000000Z", w.shown(text))
		}
	case "duration":
		if _, err = time.ParseDuration(text); err != nil {
			w.say(invalidFormat, "is %s, want a duration such as 1h30m", w.shown(text))
		}
	}
}

// notText judges a number or boolean that stands for a text. What was meant may be a secret, so that only a boolean is
// shown.
func (w *walk) notText(s *schemas.Schema, v any) {
	rule := wrongType
	if n := len(w.at); n >= 3 && w.at[n-1].key == "value" && w.at[n-3].key == "env" {
		rule = envNotString
	}
	if b, ok := v.(bool); ok {
		text, known := w.object.Written(w.path())
		if known && text != "true" && text != "false" {
			w.say(rule, "is %s without quotes, which YAML 1.1 reads as the boolean %t, want a string: put quotes around it", text, b)
		} else {
			w.say(rule, "is the boolean %t, want a string: put quotes around it", b)
		}
		return
	}
	if s.Enum != nil {
		w.say(rule, "is %s, want %s", w.shown(v), oneOf(s.Enum))
		return
	}
	w.say(rule, "is a number, want a string: put quotes around it")
}

// base64Text says whether encoding/json reads a text as bytes: standard alphabet, padded, line ends ignored.
func base64Text(text string) bool {
	clean := true
	for i := 0; i < len(text) && clean; i++ {
		c := text[i]
		clean = 'A' <= c && c <= 'Z' || 'a' <= c && c <= 'z' || '0' <= c && c <= '9' || c == '+' || c == '/'
	}
	if clean && len(text)%4 == 0 {
		return true
	}
	_, err := base64.StdEncoding.DecodeString(text)
	return err == nil
}

// octets says whether encoding/json reads a list as bytes, as it does beside base64.
func octets(list []any) bool {
	return !slices.ContainsFunc(list, func(v any) bool {
		n, ok := v.(int64)
		return v != nil && (!ok || n < 0 || n > math.MaxUint8)
	})
}

// likelyQuantity says what was probably meant by a text that is no quantity.
func likelyQuantity(text string) string {
	text = strings.ReplaceAll(strings.TrimSpace(text), " ", "")
	for _, r := range []struct{ end, by string }{
		{"", ""},
		{"ib", "i"},
		{"b", ""},
		{"gi", "Gi"},
		{"mi", "Mi"},
		{"ki", "Ki"},
		{"ti", "Ti"},
		{"gb", "G"},
		{"mb", "M"},
		{"kb", "k"},
		{"g", "G"},
		{"k", "k"},
		{"cores", ""},
		{"core", ""},
	} {
		if n := len(text) - len(r.end); n > 0 && strings.EqualFold(text[n:], r.end) && quantity(text[:n]+r.by) {
			return ", did you mean " + text[:n] + r.by + "?"
		}
	}
	return ""
}
