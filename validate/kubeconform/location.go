package kubeconform

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"text/template"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"k8s.io/kube-openapi/pkg/validation/strfmt"

	"sluice/render"
)

// layout is what a location that does not end in "json" is the beginning of (kubeconform pkg/registry, New).
const layout = "/{{ .NormalizedKubernetesVersion }}-standalone{{ .StrictSuffix }}/{{ .ResourceKind }}{{ .KindSuffix }}.json"

// maxSchema is the size of the largest schema that is read, in bytes. That of a whole Kubernetes release in one is a tenth.
const maxSchema = 64 << 20

// location is one template.
type location struct{ template *template.Template }

// words are what a template may ask for (kubeconform pkg/registry, schemaPath).
type words struct {
	NormalizedKubernetesVersion string // "v1.33.4"
	StrictSuffix                string // "-strict", or nothing
	ResourceKind                string // "deployment"
	ResourceAPIVersion          string // "v1"
	Group                       string // "apps", and of the core group its version
	KindSuffix                  string // "-apps-v1"
}

func newLocation(text string) (location, error) {
	if !strings.HasSuffix(text, "json") {
		text += layout
	}
	parsed, err := template.New("location").Parse(text)
	if err != nil {
		return location{}, err
	}
	l := location{parsed}
	at, err := l.of(kind{"v1", "Deployment"}, "1.0.0", true)
	if u, wrong := url.Parse(at); err == nil && Remote(at) && (wrong != nil || u.Hostname() == "") {
		err = errors.New("it is no address")
	}
	return l, err
}

// of gives the path or address for a kind.
func (l location) of(k kind, version string, strict bool) (string, error) {
	parts := strings.Split(k.apiVersion, "/")
	first, _, _ := strings.Cut(parts[0], ".")
	w := words{
		NormalizedKubernetesVersion: "v" + version, ResourceKind: strings.ToLower(k.kind),
		ResourceAPIVersion: parts[len(parts)-1], Group: parts[0], KindSuffix: "-" + strings.ToLower(first),
	}
	if len(parts) > 1 {
		w.KindSuffix += "-" + strings.ToLower(parts[1])
	}
	if strict {
		w.StrictSuffix = "-strict"
	}
	var text strings.Builder
	err := l.template.Execute(&text, w)
	at := text.String()
	if scheme, rest, _ := strings.Cut(at, "://"); Remote(at) {
		at = strings.ToLower(scheme) + "://" + rest
	}
	return at, err
}

// look asks the locations for the schema of a kind; nil where none has one. The strict schemas of a location come first,
// which refuse what they do not know; whoever has the others alone is asked for by kubeconform without -strict. A schema
// that is none is passed over where a later location has one, as there; one that cannot be read ends the search.
func (e *Engine) look(k kind) (*schema, error) {
	var broken error
	for i, l := range e.locations {
		last := ""
		for _, strict := range []bool{true, false} {
			at, err := l.of(k, e.version, strict)
			if err != nil || at == last {
				break
			}
			last = at
			found, err := e.read(k, at)
			var none *noSchema
			if !errors.Is(err, fs.ErrNotExist) {
				e.hits[i]++
			}
			switch {
			case err == nil:
				return found, nil
			case errors.Is(err, fs.ErrNotExist):
				if e.first[i] == "" || at < e.first[i] {
					e.first[i] = at
				}
				continue
			case !errors.As(err, &none):
				return nil, fmt.Errorf("reading the schema of %s %s: %w", k.apiVersion, k.kind, err)
			case broken == nil:
				broken = fmt.Errorf("reading the schema of %s %s: %w", k.apiVersion, k.kind, err)
			}
			break
		}
	}
	return nil, broken
}

// noSchema is the error about what was read and is no schema.
type noSchema struct{ err error }

func (n *noSchema) Error() string { return n.err.Error() }
func (n *noSchema) Unwrap() error { return n.err }

// read reads the schema of a kind, and what it refers to.
func (e *Engine) read(k kind, at string) (*schema, error) {
	load := &loader{engine: e, remote: Remote(at), fetched: map[string][]byte{}}
	tree, err := load.Load(at)
	if err != nil {
		return nil, err
	}
	full, err := address(at)
	if err != nil {
		return nil, err
	}
	compiled, err := load.compile(full, tree)
	switch {
	case load.err != nil:
		return nil, &noSchema{fmt.Errorf("%s refers to another: %w", Shown(at), unmarked(load.err))}
	case err != nil:
		return nil, &noSchema{&render.Error{
			Err:  fmt.Errorf("%s is there and is no schema that compiles: %w", Shown(at), err),
			Hint: "mend the schema, or the location",
		}}
	}
	return k.newSchema(full, compiled, load.fetched)
}

// compile compiles a schema, with all that it refers to.
func (l *loader) compile(at string, tree any) (compiled *jsonschema.Schema, err error) {
	defer func() {
		if r := recover(); r != nil { // it panics on some that are malformed
			err = fmt.Errorf("the compiler gave up: %v", r)
		}
	}()
	c := jsonschema.NewCompiler()
	c.RegisterFormat(&jsonschema.Format{Name: "duration", Validate: duration})
	c.UseLoader(l)
	c.DefaultDraft(jsonschema.Draft4) // as kubeconform has it
	if err := c.AddResource(at, tree); err != nil {
		return nil, err
	}
	return c.Compile(at)
}

// unmarked hides from [errors.Is] that what a schema refers to is not there: the schema itself is.
func unmarked(err error) error {
	if errors.Is(err, fs.ErrNotExist) {
		return errors.New(err.Error())
	}
	return err
}

// loader reads schemas for the compiler.
type loader struct {
	engine  *Engine
	remote  bool              // it reads an address, which has no business with files
	fetched map[string][]byte // the texts of addresses
	err     error             // the first of them
}

// Load implements jsonschema.URLLoader for paths and addresses.
func (l *loader) Load(at string) (tree any, err error) {
	defer func() {
		if l.err == nil {
			l.err = err
		}
	}()
	var text []byte
	switch {
	case Remote(at):
		text, err = l.engine.fetched(at)
		l.fetched[at] = text
	case l.remote:
		err = fmt.Errorf("%s is no address of http or https", at)
	default:
		text, err = contents(at)
	}
	if err != nil {
		return nil, err
	}
	if tree, err = jsonschema.UnmarshalJSON(bytes.NewReader(text)); err == nil && tree == nil {
		err = errors.New("there is nothing in it")
	}
	if err != nil {
		return nil, &noSchema{&render.Error{
			Err:  fmt.Errorf("%s is not whole, or not JSON: %w", Shown(at), err),
			Hint: "look at what is there; kubeconform's locations have JSON, and no YAML",
		}}
	}
	return tree, nil
}

// Remote says whether a location is an address, and no path.
func Remote(at string) bool {
	at = strings.ToLower(at)
	return strings.HasPrefix(at, "http://") || strings.HasPrefix(at, "https://")
}

// fetched reads an address. A server that does not answer is not asked for every kind anew, each with all its attempts.
func (e *Engine) fetched(at string) ([]byte, error) {
	u, err := url.Parse(at)
	if err != nil {
		return nil, errors.New("the location is not an address")
	}
	if e.fetch == nil {
		return nil, fmt.Errorf("%s is an address, and none is read", Shown(at))
	}
	if err := e.silent[u.Host]; err != nil {
		return nil, err
	}
	text, err := e.fetch(at)
	if err != nil && !errors.Is(err, fs.ErrNotExist) && !errors.Is(err, fs.ErrPermission) {
		e.silent[u.Host] = err
	}
	return text, err
}

// contents reads a file, which may be given as file: too. To open a named pipe would wait for who writes it.
func contents(at string) ([]byte, error) {
	if u, err := url.Parse(at); err == nil && u.Scheme == "file" {
		at = filepath.FromSlash(u.Path)
	}
	stat, err := os.Stat(at)
	switch {
	case errors.Is(err, syscall.ENOTDIR): // a file where a directory is asked for has no schemas
		return nil, fs.ErrNotExist
	case err != nil:
		return nil, err
	case !stat.Mode().IsRegular():
		return nil, &render.Error{Err: fmt.Errorf("%s is no regular file", at), Hint: "name files, by a template"}
	}
	f, err := os.Open(at)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	text, err := io.ReadAll(io.LimitReader(f, maxSchema+1))
	if err == nil && len(text) > maxSchema {
		err = fmt.Errorf("%s has more than %d bytes", at, maxSchema)
	}
	return text, err
}

// Shown is a location without what may be a secret in it: user, password and query of an address.
func Shown(at string) string {
	if !Remote(at) {
		return at
	}
	at, _, _ = strings.Cut(at, "?")
	scheme, rest, _ := strings.Cut(at, "://")
	host, path, deep := strings.Cut(rest, "/")
	at = scheme + "://" + host[strings.LastIndex(host, "@")+1:]
	if deep {
		at += "/" + path
	}
	return at
}

// periods are the durations of ISO 8601, which the format means by itself (RFC 3339, appendix A).
var periods = regexp.MustCompile(`^P(\d+W|(\d+Y)?(\d+M)?(\d+D)?(T(\d+H)?(\d+M)?(\d+S)?)?)$`)

// duration is the format of that name: Kubernetes writes Go's durations where it says so, and kubeconform takes both.
func duration(v any) error {
	text, ok := v.(string)
	if !ok {
		return nil
	}
	if _, err := strfmt.ParseDuration(text); err == nil {
		return nil
	}
	if !periods.MatchString(text) || strings.HasSuffix(text, "P") || strings.HasSuffix(text, "T") {
		return errors.New("it is neither like 1h30m nor like PT1H30M")
	}
	return nil
}
