package render

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
)

// jsonLike says whether a chunk is a run of JSON values. They are read by a JSON reader: YAML's own escapes know no
// surrogate pairs, so a YAML reader refuses "\ud83d\ude00".
func jsonLike(text []byte) bool {
	text = bytes.TrimSpace(text)
	if len(text) == 0 || text[0] != '{' {
		return false
	}
	dec := json.NewDecoder(bytes.NewReader(text))
	for {
		var raw json.RawMessage
		if err := dec.Decode(&raw); err != nil {
			return errors.Is(err, io.EOF)
		}
	}
}

// json adds every value of a chunk of JSON values.
func (p *parser) json(c chunk) error {
	dec := json.NewDecoder(bytes.NewReader(c.text))
	// A float64 would lose digits of integers above 2^53, and Kubernetes keeps 64 bits.
	dec.UseNumber()
	d := &jsonDecoder{Decoder: dec, text: c.text, at: c.above + 1, name: p.name}
	for {
		token, err := dec.Token()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return p.syntax(err, c)
		}
		line := d.line()
		value, err := d.value(token)
		if err != nil {
			return err
		}
		p.set.Documents++
		if err := p.unread(p.add(value, nil, Provenance{File: p.name, Line: line}), c.text); err != nil {
			return err
		}
	}
}

// jsonDecoder decodes one JSON value token by token: encoding/json alone keeps the last of two equal keys silently.
type jsonDecoder struct {
	*json.Decoder
	text []byte
	name string
	at   int   // line of the text at seen
	seen int64 // how much of the text is counted; counting from the start for each key would square the time
}

// line gives the line of the token last read.
func (d *jsonDecoder) line() int {
	now := d.InputOffset()
	d.at += bytes.Count(d.text[d.seen:now], []byte("\n"))
	d.seen = now
	return d.at
}

// value decodes the value that a token begins. Numbers are read as the YAML reader reads them, so one object written
// in both forms compares equal.
func (d *jsonDecoder) value(token json.Token) (any, error) {
	switch t := token.(type) {
	case json.Delim:
		if t == '{' {
			return d.mapping()
		}
		list := []any{}
		for d.More() {
			v, err := d.next()
			if err != nil {
				return nil, err
			}
			list = append(list, v)
		}
		_, err := d.Token()
		return list, err
	case json.Number:
		if strings.ContainsAny(t.String(), ".eE") {
			f, err := t.Float64()
			if err != nil {
				return nil, d.fail("number %s is out of range", t)
			}
			return whole(f), nil
		}
		return number(t.String()), nil
	default:
		return t, nil
	}
}

func (d *jsonDecoder) next() (any, error) {
	token, err := d.Token()
	if err != nil {
		return nil, d.fail("%w", err)
	}
	return d.value(token)
}

// mapping decodes a mapping whose brace is read. Equal keys are an error with both lines, as in YAML.
func (d *jsonDecoder) mapping() (any, error) {
	tree := map[string]any{}
	lines := map[string]int{}
	for d.More() {
		token, err := d.Token()
		if err != nil {
			return nil, d.fail("%w", err)
		}
		key, _ := token.(string)
		if first, ok := lines[key]; ok {
			return nil, d.fail("key %q occurs twice in one mapping: line %d and line %d", key, first, d.line())
		}
		lines[key] = d.line()
		if tree[key], err = d.next(); err != nil {
			return nil, err
		}
	}
	_, err := d.Token()
	return tree, err
}

func (d *jsonDecoder) fail(format string, args ...any) error {
	return &Error{Pos: Position{File: d.name, Line: d.line()}, Err: fmt.Errorf("reading JSON: "+format, args...)}
}
