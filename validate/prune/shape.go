package prune

import (
	"encoding/base64"
	"fmt"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"time"
)

// whole gives an object as the API server has it before it evaluates rules: what the schema does not know is gone,
// defaults are filled in, and of the metadata only the names are there.
// Source: Kubernetes docs, CustomResourceDefinitions, Field pruning, Defaulting, Available root fields.
func whole(schema map[string]any, tree map[string]any) map[string]any {
	o, _ := filled(schema, tree).(map[string]any)
	if o == nil {
		o = map[string]any{}
	}
	o["apiVersion"], o["kind"] = tree["apiVersion"], tree["kind"]
	metadata := map[string]any{}
	for _, key := range []string{"name", "generateName"} {
		if v := at(tree, "metadata "+key); v != nil {
			metadata[key] = v
		}
	}
	o["metadata"] = metadata
	return o
}

// filled prunes and defaults a value.
func filled(schema map[string]any, v any) any {
	switch v := v.(type) {
	case map[string]any:
		properties, _ := schema["properties"].(map[string]any)
		others, _ := schema["additionalProperties"].(map[string]any)
		open := schema["x-kubernetes-preserve-unknown-fields"] == true || schema["additionalProperties"] == true
		all := map[string]any{}
		for key, value := range v {
			below, known := properties[key].(map[string]any)
			if !known && others != nil {
				below, known = others, true
			}
			switch {
			case known && value == nil && below["nullable"] != true:
				// A null that may not be one counts as not stated.
			case known:
				all[key] = filled(below, value)
			case open:
				all[key] = value
			}
		}
		for key, property := range properties {
			below, _ := property.(map[string]any)
			if initial, ok := below["default"]; ok && all[key] == nil && initial != nil {
				if _, stated := all[key]; !stated {
					all[key] = filled(below, initial)
				}
			}
		}
		return all
	case []any:
		below, _ := schema["items"].(map[string]any)
		list := make([]any, len(v))
		for i := range v {
			list[i] = filled(below, v[i])
		}
		return list
	}
	return v
}

// correlated finds what an element of a list was. Only elements of a list that is a map by their keys can be told
// apart.
func correlated(schema map[string]any, element any, was []any) (any, bool) {
	if schema["x-kubernetes-list-type"] != "map" {
		return nil, false
	}
	i := slices.IndexFunc(was, func(old any) bool { return identity(schema, old) == identity(schema, element) })
	if i < 0 {
		return nil, false
	}
	return was[i], true
}

// identity writes the keys of an element of a list that is a map, or the whole element of a set.
func identity(schema map[string]any, element any) string {
	var b strings.Builder
	if schema["x-kubernetes-list-type"] == "map" {
		for _, key := range lookup(schema, "x-kubernetes-list-map-keys []") {
			fmt.Fprintf(&b, "%q,", fmt.Sprint(at(element, fmt.Sprint(key))))
		}
		return b.String()
	}
	return fmt.Sprint(element)
}

// native gives a value as expressions see it: property names escaped, numbers and formats of the schema's type. Where
// like is given, a list in which order does not count is put in the order of like, so that equal ones are equal.
// Source: Kubernetes apiserver pkg/cel/common/values.go and pkg/cel/escaping.go.
func native(schema map[string]any, v, like any) any {
	switch v := v.(type) {
	case map[string]any:
		properties, _ := schema["properties"].(map[string]any)
		others, _ := schema["additionalProperties"].(map[string]any)
		model, _ := like.(map[string]any)
		all := make(map[string]any, len(v))
		for key, value := range v {
			if below, known := properties[key].(map[string]any); known {
				all[escaped(key)] = native(below, value, model[key])
			} else {
				all[key] = native(others, value, model[key])
			}
		}
		return all
	case []any:
		return nativeList(schema, v, like)
	}
	return scalar(schema, v)
}

func nativeList(schema map[string]any, v []any, like any) any {
	below, _ := schema["items"].(map[string]any)
	model, _ := like.([]any)
	order := v
	if kind := schema["x-kubernetes-list-type"]; kind == "set" || kind == "map" {
		rest := slices.Clone(v)
		order = nil
		for _, m := range model {
			if i := slices.IndexFunc(rest, func(e any) bool { return identity(schema, e) == identity(schema, m) }); i >= 0 {
				order = append(order, rest[i])
				rest = slices.Delete(rest, i, i+1)
			}
		}
		order = append(order, rest...)
	}
	list := make([]any, len(order))
	for i, e := range order {
		var m any
		if i < len(model) && reflect.TypeOf(model[i]) == reflect.TypeOf(e) {
			m = model[i]
		}
		list[i] = native(below, e, m)
	}
	return list
}

// scalar gives a scalar of the schema's type; one that is not of it stays, for the schema refuses it anyway.
func scalar(schema map[string]any, v any) any {
	switch v := v.(type) {
	case int64:
		if schema["type"] == "number" {
			return float64(v)
		}
	case string:
		switch schema["format"] {
		case "date-time":
			if t, err := time.Parse(time.RFC3339Nano, v); err == nil {
				return t
			}
		case "date":
			if t, err := time.Parse(time.DateOnly, v); err == nil {
				return t
			}
		case "duration":
			if d, err := time.ParseDuration(v); err == nil {
				return d
			}
		case "byte":
			if b, err := base64.StdEncoding.DecodeString(v); err == nil {
				return b
			}
		}
	}
	return v
}

var plainName = regexp.MustCompile(`^[A-Za-z_./-][A-Za-z0-9_./-]*$`)

// reservedNames are the words of the expression language that no property can be named as it is.
const reservedNames = " true false null in as break const continue else for function if import let loop package namespace return var void while "

// escaped writes a property name as expressions spell it.
func escaped(name string) string {
	if strings.Contains(reservedNames, " "+name+" ") {
		return "__" + name + "__"
	}
	if !plainName.MatchString(name) {
		return name
	}
	return strings.NewReplacer("__", "__underscores__", ".", "__dot__", "-", "__dash__", "/", "__slash__").Replace(name)
}
