package schemas

import (
	"strconv"
	"strings"
)

// maker makes the schemas of one minor out of lines such as
//
//	!name string
//	ports []core.v1.ContainerPort map=containerPort,protocol
//	limits {}quantity
//	image core.v1.ImageVolumeSource gate=ImageVolume
//	protocol string default=TCP in=SCTP|TCP|UDP|
//
// "!" marks what is required, "?" what is and is waived, "[]" and "{}" lists and maps, and a word with dots refers to a definition. Each expression
// and each definition is made once, so that fields of the same type share it.
type maker struct {
	bodies map[string]string // the fields of each definition of the minor
	made   map[string]*Schema
}

func newMaker(blocks []string, minor int) *maker {
	m := &maker{bodies: make(map[string]string, len(blocks)/2), made: make(map[string]*Schema, len(blocks))}
	for _, block := range blocks {
		head, body, _ := strings.Cut(block, "\n")
		id, ranges, _ := strings.Cut(head, " ")
		if within(ranges, minor) {
			m.bodies[id] = body
		}
	}
	return m
}

// of makes what an expression stands for, narrowed by the words after it.
func (m *maker) of(expr string) *Schema {
	if s, ok := m.made[expr]; ok {
		return s
	}
	s := new(Schema)
	m.made[expr] = s // before it is whole: definitions are recursive
	base, narrowed, _ := strings.Cut(expr, " ")
	switch {
	case strings.HasPrefix(base, "[]"):
		inner := base[2:]
		if values, ok := strings.CutPrefix(narrowed, "in="); ok {
			inner, narrowed = inner+" in="+values, ""
		} else if before, values, ok := strings.Cut(narrowed, " in="); ok {
			inner, narrowed = inner+" in="+values, before
		}
		s.Type, s.Elements = "array", m.of(inner)
		if keys, ok := strings.CutPrefix(narrowed, "map="); ok {
			s.ListType, s.Keys = "map", strings.Split(keys, ",")
		} else {
			s.ListType = narrowed
		}
	case strings.HasPrefix(base, "{}"):
		s.Type, s.Values = "object", m.of(base[2:])
	case strings.Contains(base, "."):
		m.fill(s, base)
	default:
		scalar(s, base)
		if values, ok := strings.CutPrefix(narrowed, "in="); ok {
			s.Enum = strings.Split(values, "|")
		}
	}
	return s
}

func scalar(s *Schema, word string) {
	switch word {
	case "any":
	case "int-or-string", "quantity":
		s.Format = word
	case "int32", "int64":
		s.Type, s.Format = "integer", word
	case "double":
		s.Type, s.Format = "number", word
	case "byte", "date-time", "micro-time", "duration":
		s.Type, s.Format = "string", word
	case "string", "boolean", "object":
		s.Type = word
	default:
		panic("the embedded kinds have a type " + word)
	}
}

// fill makes a definition.
func (m *maker) fill(s *Schema, id string) {
	body, ok := m.bodies[id]
	if !ok {
		panic("the embedded kinds have no definition " + id)
	}
	s.Type = "object"
	s.Fields = make(map[string]*Schema, strings.Count(body, "\n")+1)
	for body != "" {
		var line string
		line, body, _ = strings.Cut(body, "\n")
		field, expr, _ := strings.Cut(line, " ")
		if mark := field[0]; mark == '!' || mark == '?' {
			field = field[1:]
			s.Required = append(s.Required, field)
			if mark == '?' {
				s.Waived = append(s.Waived, field)
			}
		}
		expr, fallback := cut(expr, " default=")
		expr, gates := cut(expr, " gate=")
		of := m.of(expr)
		s.Fields[field] = of
		if fallback != "" {
			if s.Defaults == nil {
				s.Defaults = map[string]any{}
			}
			s.Defaults[field] = value(of, fallback)
		}
		if gates != "" {
			if s.Gates == nil {
				s.Gates = map[string][]string{}
			}
			s.Gates[field] = strings.Split(gates, ",")
		}
	}
}

// cut takes " default=TCP" out of an expression.
func cut(expr, word string) (rest, value string) {
	before, after, ok := strings.Cut(expr, word)
	if !ok {
		return expr, ""
	}
	value, after, ok = strings.Cut(after, " ")
	if ok {
		after = " " + after
	}
	return before + after, value
}

// value gives a default the type that a decoded object has.
func value(s *Schema, text string) any {
	switch s.Type {
	case "integer":
		if n, err := strconv.ParseInt(text, 10, 64); err == nil {
			return n
		}
	case "boolean":
		return text == "true"
	}
	return text
}
