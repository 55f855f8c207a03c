package definition

import (
	"strconv"
	"strings"

	"sluice/render"
)

// locate finds the field of a tree that the server's text names: "spec.list[0].key", "labels[example.com/role]". The
// server does not quote keys, so "a.b" is one key or two; the tree says which. A field that is not there ends the path
// as the text has it.
func locate(tree any, text string) render.Path {
	text = strings.TrimPrefix(text, ".")
	if text == "" || text == "<nil>" {
		return nil
	}
	tries := 10_000
	if path, ok := walk(tree, text, &tries); ok {
		return path
	}
	return missing(tree, text, &tries)
}

// walk follows a text that leads to a value of the tree. Where keys with dots allow many readings, it gives up after a
// number of tries.
func walk(tree any, text string, tries *int) (render.Path, bool) {
	if *tries--; text == "" || *tries < 0 {
		return nil, text == ""
	}
	text = strings.TrimPrefix(text, ".")
	switch tree := tree.(type) {
	case map[string]any:
		// The longest key comes first: what is a key with dots is hardly ever meant as steps.
		for end := len(text); end > 0; end-- {
			key, rest := text[:end], text[end:]
			if text[0] == '[' && key[end-1] == ']' {
				key = key[1 : end-1]
			} else if rest != "" && rest[0] != '.' && rest[0] != '[' {
				continue
			}
			if value, ok := tree[key]; ok {
				if path, ok := walk(value, rest, tries); ok {
					return append(render.Path{key}, path...), true
				}
			}
		}
	case []any:
		i, rest, ok := index(text)
		if ok && i < len(tree) {
			if path, ok := walk(tree[i], rest, tries); ok {
				return append(render.Path{i}, path...), true
			}
		}
	}
	return nil, false
}

// missing gives the path of a field that is not there: the longest beginning that is, and the rest as steps.
func missing(tree any, text string, tries *int) render.Path {
	for end := len(text) - 1; end > 0; end-- {
		if text[end] != '.' && text[end] != '[' {
			continue
		}
		if path, ok := walk(tree, text[:end], tries); ok {
			return append(path, steps(text[end:])...)
		}
	}
	return steps(text)
}

// steps reads a path without a tree.
func steps(text string) render.Path {
	var path render.Path
	for text != "" {
		text = strings.TrimPrefix(text, ".")
		if i, rest, ok := index(text); ok {
			path, text = append(path, i), rest
			continue
		}
		if key, rest, ok := strings.Cut(text, "]"); ok && strings.HasPrefix(key, "[") {
			path, text = append(path, key[1:]), rest
			continue
		}
		end := strings.IndexAny(text[min(1, len(text)):], ".[") + 1
		if end == 0 {
			end = len(text)
		}
		if end > 0 {
			path, text = append(path, text[:end]), text[end:]
		}
	}
	return path
}

// index reads "[3]" from the beginning of a text.
func index(text string) (int, string, bool) {
	number, rest, ok := strings.Cut(strings.TrimPrefix(text, "["), "]")
	if !ok || !strings.HasPrefix(text, "[") {
		return 0, text, false
	}
	i, err := strconv.Atoi(number)
	return i, rest, err == nil && i >= 0
}
