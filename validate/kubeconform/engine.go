package kubeconform

import (
	"bytes"
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/santhosh-tekuri/jsonschema/v6"
	jsonkind "github.com/santhosh-tekuri/jsonschema/v6/kind"
	"github.com/yannh/kubeconform/pkg/resource"
	"github.com/yannh/kubeconform/pkg/validator"

	"sluice/render"
)

// schema is what a location has for a kind.
type schema struct {
	engine   validator.Validator // kubeconform's, which has this schema and no other
	compiled *jsonschema.Schema  // the same, to ask for causes
}

// newSchema gives kubeconform the schema of a kind, at an address, that compiles. Fetched are the texts of all addresses that it
// consists of: they are laid where kubeconform looks before it opens a connection, until it has read them.
// Source: kubeconform pkg/validator (New), pkg/loader (HTTPURLLoader.Load), pkg/cache (cachePath).
func (k kind) newSchema(at string, compiled *jsonschema.Schema, fetched map[string][]byte) (s *schema, err error) {
	o := validator.Opts{IgnoreMissingSchemas: true}
	if len(fetched) > 0 {
		o.Cache, err = laid(fetched)
		defer func() { err = errors.Join(err, os.RemoveAll(o.Cache)) }()
		if err != nil {
			return nil, err
		}
	}
	s = &schema{compiled: compiled}
	if s.engine, err = validator.New([]string{strings.ReplaceAll(at, "{{", "{{`{{`}}")}, o); err != nil {
		return nil, err
	}
	// It reads a schema when the first object of the kind is judged, and keeps it.
	first := s.engine.ValidateResource(resource.Resource{Bytes: fmt.Appendf(nil, `{"apiVersion": %q, "kind": %q}`, k.apiVersion, k.kind)})
	switch first.Status {
	case validator.Valid, validator.Invalid:
		return s, nil
	case validator.Skipped:
		return nil, &noSchema{fmt.Errorf("%s is no schema to kubeconform", Shown(at))}
	}
	return nil, first.Err
}

// laid gives a new directory with the texts of addresses, named as kubeconform looks for them. That there is no room for it
// must not look as if the addresses had no schema.
func laid(fetched map[string][]byte) (dir string, err error) {
	dir, err = os.MkdirTemp("", "sluice-schema-")
	for _, address := range slices.Sorted(maps.Keys(fetched)) {
		if err == nil {
			name := sha256.Sum256([]byte(address))
			err = os.WriteFile(filepath.Join(dir, hex.EncodeToString(name[:])), fetched[address], 0o600)
		}
	}
	if err != nil {
		err = &render.Error{
			Err:  fmt.Errorf("laying what was fetched where kubeconform reads it: %w", unmarked(err)),
			Hint: "TMPDIR is to name a directory that can be written, and has room",
		}
	}
	return dir, err
}

// address writes a path as a URL, for kubeconform takes what begins with "http" as an address, and it and the compiler of
// schemas read escapes of URLs in paths. An address is itself.
func address(at string) (string, error) {
	if Remote(at) || strings.HasPrefix(at, "file:") {
		return at, nil
	}
	abs, err := filepath.Abs(at)
	return (&url.URL{Scheme: "file", Path: "/" + strings.TrimPrefix(filepath.ToSlash(abs), "/")}).String(), err
}

// unfit is the error about an object that kubeconform cannot judge.
type unfit struct{ err error }

func (u *unfit) Error() string { return "kubeconform cannot judge it: " + u.err.Error() }
func (u *unfit) Unwrap() error { return u.err }

// refuses gives what kubeconform has against an object; nil where it takes it.
func (s *schema) refuses(o *render.Object) (*jsonschema.ValidationError, error) {
	text, err := json.Marshal(o.Tree)
	if err != nil {
		return nil, fmt.Errorf("writing it as JSON: %w", err)
	}
	result := s.engine.ValidateResource(resource.Resource{Bytes: asYAML(text)})
	switch result.Status {
	case validator.Valid:
		return nil, nil
	case validator.Invalid:
	default:
		return nil, &unfit{cmp.Or(result.Err, errors.New("it gives no verdict"))}
	}
	var tree any // with the numbers that kubeconform has
	if err := json.Unmarshal(text, &tree); err != nil {
		return nil, fmt.Errorf("reading it as JSON: %w", err)
	}
	wrong := (*jsonschema.ValidationError)(nil)
	if err := s.compiled.Validate(tree); !errors.As(err, &wrong) {
		return nil, &unfit{errors.New("it refuses the object, and the schema's compiler does not know why")}
	}
	if circular(wrong) {
		return nil, &render.Error{Err: errors.New("the schema refers to itself in a circle, so that nothing can be held to it"), Hint: "mend the schema"}
	}
	return wrong, nil
}

// circular says whether an object is refused only because its schema leads back to itself.
func circular(wrong *jsonschema.ValidationError) bool {
	_, is := wrong.ErrorKind.(*jsonkind.RefCycle)
	return is || slices.ContainsFunc(wrong.Causes, circular)
}

// asYAML writes JSON so that it is the same text to a reader of YAML, which breaks lines at some characters and refuses
// others (YAML 1.1, 5.1 and 5.4).
func asYAML(text []byte) []byte {
	strange := func(r rune) bool { return r >= 0x7f && r <= 0x9f || r == 0xfeff || r == 0xfffe || r == 0xffff }
	if bytes.IndexFunc(text, strange) < 0 {
		return text
	}
	var b bytes.Buffer
	for _, r := range string(text) {
		if strange(r) {
			fmt.Fprintf(&b, `\u%04x`, r)
		} else {
			b.WriteRune(r)
		}
	}
	return b.Bytes()
}
