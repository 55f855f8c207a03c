package definition

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"k8s.io/apimachinery/pkg/util/validation/field"

	"sluice/render"
)

// types are the words for what a schema's type asks for. Whatever else the server calls a type is a format.
var types = map[string]string{
	"string": "a string", "integer": "an integer", "number": "a number", "boolean": "true or false", "object": "a mapping",
	"array": "a list", "integer,string": "an integer or a string", "null": "null",
}

// wantType is the type or format that the server asks for, where that is its objection.
func (r refusal) wantType() string {
	_, want, ok := strings.Cut(r.Detail, " must be of type ")
	if !ok {
		return ""
	}
	want, _, _ = strings.Cut(want, ":")
	want = strings.Trim(want, "[]\"")
	return strings.ReplaceAll(want, " ", ",")
}

// words says what is wrong with a field: its value, and what is wanted.
func (r refusal) words(tree map[string]any) string {
	at := orRoot(r.at)
	value, there := r.at.In(tree)
	is := at + " is " + shown(r.at, value)
	switch r.Type {
	case field.ErrorTypeRequired:
		return at + " is missing, and it is required" + after(": ", r.Detail)
	case field.ErrorTypeTypeInvalid:
		if want := r.wantType(); types[want] != "" {
			return is + ", want " + types[want]
		} else if want != "" {
			return is + ", want a string of the format " + want
		}
	case field.ErrorTypeNotSupported:
		return is + ", want " + offered(r.Detail) + guess(value, r.Detail)
	case field.ErrorTypeTooLong:
		return at + " is too long: " + r.Detail
	case field.ErrorTypeTooMany:
		return at + " has too many: " + strings.TrimPrefix(r.Detail, "must have ")
	case field.ErrorTypeDuplicate:
		return at + " is there twice" + keys(r.BadValue)
	}
	if _, scalar := text(value); there && scalar && len(r.at) > 0 {
		return is + ": " + r.want
	}
	return at + ": " + r.want
}

// after puts a text behind a separator, where there is one.
func after(separator, text string) string {
	if text == "" {
		return ""
	}
	return separator + text
}

// offered reads the values that the server supports out of its text.
func offered(detail string) string {
	_, list, _ := strings.Cut(detail, "supported values: ")
	if strings.Contains(list, ", ") {
		return "one of " + list
	}
	return list
}

// guess says which of the supported values was probably meant.
func guess(value any, detail string) string {
	got, ok := value.(string)
	if !ok || got == "" {
		return ""
	}
	var words []string
	_, list, _ := strings.Cut(detail, "supported values: ")
	for quoted := range strings.SplitSeq(list, ", ") {
		if word, err := strconv.Unquote(quoted); err == nil && word != "" {
			words = append(words, word)
		}
	}
	if near := render.Nearest(got, words); near != "" && len(words) > 1 {
		return "; did you mean " + strconv.Quote(near) + "?"
	}
	return ""
}

// keys writes the keys that an element of a list shares with one before it.
func keys(value any) string {
	m, ok := value.(map[string]any)
	if !ok {
		return ""
	}
	var list []string
	for k, v := range m {
		if t, scalar := text(v); scalar {
			list = append(list, k+" "+t)
		}
	}
	if len(list) == 0 {
		return ""
	}
	slices.Sort(list)
	return ", an element before it has the same " + strings.Join(list, ", ")
}

// shown writes a value for a message, unless it may be a secret.
func shown(at render.Path, value any) string {
	if confidential(at) {
		return "a value that is not shown"
	}
	t, _ := text(value)
	return t
}

// text writes a value, and says whether it is a scalar.
func text(value any) (string, bool) {
	const most = 80
	switch value := value.(type) {
	case map[string]any:
		return "a mapping", false
	case []any:
		return "a list", false
	case nil:
		return "null", true
	case string:
		if runes := []rune(value); len(runes) > most {
			return strconv.Quote(string(runes[:most])) + " and so on", true
		}
		return strconv.Quote(value), true
	default:
		return fmt.Sprint(value), true
	}
}
