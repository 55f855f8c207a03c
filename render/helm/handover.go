package helm

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"path"
	"regexp"
	"strings"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"sluice/render"
)

// chartCopy is a chart as a binary gets it.
type chartCopy struct {
	archive []byte
	judged  []string // the schemas that were left out of it
	// asks is asksAPIs for every subchart, as versions differ in which are enabled.
	asks bool
	id   string // of this copy, in its end marks
}

// copyChart packs the chart: with the ignore rules applied, the subcharts' archives opened and packed again, sorted
// keys as in the linked engines, without the schemas that are not the binary's to judge, and with the end marks.
func copyChart(r render.Release) (chartCopy, error) {
	files, err := chartFiles(r.Chart)
	if err != nil {
		return chartCopy{}, err
	}
	c := chartCopy{}
	files = c.adapt(files, r)
	sum := sha256.New()
	for _, f := range files {
		fmt.Fprintf(sum, "%q %d\n", f.Path, len(f.Data))
		sum.Write(f.Data)
	}
	fmt.Fprintf(sum, "%q %q %q", r.Name, r.Namespace, r.Capabilities)
	c.id = hex.EncodeToString(sum.Sum(nil))[:24]
	files = append(files,
		render.File{Path: "templates/" + c.markFile("manifest"), Data: []byte(manifestMark)},
		render.File{Path: "templates/" + c.markFile("hook"), Data: []byte(hookMark)})
	if c.archive, err = pack("chart", files); err != nil {
		return chartCopy{}, fmt.Errorf("packing the chart: %w", err)
	}
	return c, nil
}

// adapt changes what a copy has to have otherwise, in a chart and the charts in it.
func (c *chartCopy) adapt(files []render.File, r render.Release) []render.File {
	out := make([]render.File, 0, len(files)+2)
	for _, f := range files {
		switch name := ownPath(f.Path); {
		case name == "values.schema.json" && (r.SkipSchema || refersOutside(f.Data, r.Chart.Documents)):
			c.judged = append(c.judged, string(f.Data))
			continue
		case strings.HasPrefix(name, "templates/"):
			c.asks = c.asks || templateAsksAPIs(f.Data)
			f.Data = sortKeys(f.Data)
		case strings.HasPrefix(name, "charts/") && strings.Count(name, "/") == 1 && path.Ext(name) == ".tgz":
			f.Data = c.repack(f.Data, r)
		default:
			c.asks = c.asks || textAsksAPIs(f.Data)
		}
		out = append(out, f)
	}
	return out
}

// ownPath gives a path as the innermost chart that it is a part of would name it.
func ownPath(name string) string {
	for {
		below, ok := strings.CutPrefix(name, "charts/")
		if !ok {
			return name
		}
		_, inner, found := strings.Cut(below, "/")
		if !found {
			return name
		}
		name = inner
	}
}

// repack adapts the files of a subchart's archive. One that does not open, or needs no change, stays as it is.
func (c *chartCopy) repack(archive []byte, r render.Release) []byte {
	root, files, err := unpack(archive)
	if err != nil {
		return archive
	}
	adapted := c.adapt(files, r)
	same := len(adapted) == len(files)
	for i := range adapted {
		same = same && bytes.Equal(adapted[i].Data, files[i].Data)
	}
	if same {
		return archive
	}
	packed, err := pack(root, adapted)
	if err != nil {
		return archive
	}
	return packed
}

// unpack gives the files of an archive in its order. Helm refuses charts of more than 100 MiB, and so does this.
func unpack(archive []byte) (root string, files []render.File, err error) {
	zip, err := gzip.NewReader(bytes.NewReader(archive))
	if err != nil {
		return "", nil, err
	}
	tape := tar.NewReader(io.LimitReader(zip, mostOutput))
	for {
		head, err := tape.Next()
		if errors.Is(err, io.EOF) {
			return root, files, nil
		}
		if err != nil {
			return "", nil, err
		}
		dir, name, found := strings.Cut(head.Name, "/")
		if head.Typeflag != tar.TypeReg || !found {
			continue // helm passes over them too, or refuses the archive
		}
		data, err := io.ReadAll(tape)
		if err != nil {
			return "", nil, err
		}
		if root != "" && root != dir {
			return "", nil, errors.New("the archive has more than one top directory")
		}
		root = dir
		files = append(files, render.File{Path: name, Data: bytes.TrimPrefix(data, []byte("\xEF\xBB\xBF"))})
	}
}

// pack writes an archive. It is read once and at once, so it is not made small.
func pack(root string, files []render.File) ([]byte, error) {
	var out bytes.Buffer
	zip, err := gzip.NewWriterLevel(&out, gzip.NoCompression)
	if err != nil {
		return nil, err
	}
	tape := tar.NewWriter(zip)
	for _, f := range files {
		if err := tape.WriteHeader(&tar.Header{Name: root + "/" + f.Path, Mode: 0o644, Size: int64(len(f.Data))}); err != nil {
			return nil, err
		}
		if _, err := tape.Write(f.Data); err != nil {
			return nil, err
		}
	}
	err = errors.Join(tape.Close(), zip.Close())
	return out.Bytes(), err
}

// draft is the address of a meta-schema, which the schema libraries of all versions have in them.
var draft = regexp.MustCompile(`^https?://json-schema\.org/(?:draft-0[3-7]|draft/20\d\d-\d\d)/`)

// refersOutside says whether judging by a schema may need another document than the schema. The compiler tells of what
// it asks for; any other address counts as well, as older helms may follow references that it does not.
func refersOutside(schema []byte, documents []render.File) bool {
	document, err := jsonschema.UnmarshalJSON(bytes.NewReader(schema))
	if err != nil {
		return false
	}
	if hasAddress(document) {
		return true
	}
	remote := offline{documents: documents}
	_, _ = compileSchema(document, &remote) // only what it asks for counts
	for _, address := range remote.asked {
		if !strings.HasPrefix(address, "urn:") { // versions differ in what they make of one, and none fetches it
			return true
		}
	}
	return false
}

// hasAddress looks for a reference that is an address.
func hasAddress(v any) bool {
	switch v := v.(type) {
	case []any:
		for _, child := range v {
			if hasAddress(child) {
				return true
			}
		}
	case map[string]any:
		for key, child := range v {
			ref, isText := child.(string)
			isRef := strings.HasSuffix(strings.ToLower(key), "ref") || key == "$schema"
			if isText && isRef && strings.Contains(ref, ":/") && !draft.MatchString(ref) || hasAddress(child) {
				return true
			}
		}
	}
	return false
}

// The end marks are templates of the copy. Kinds that helm does not know come last, in the order of their names
// (releaseutil, lessByKind), and no kind is behind "~"; hooks are printed behind the manifests.
const (
	markHead     = "apiVersion: sluice/v1\nkind: \"~\"\nmetadata:\n  name: end\n"
	manifestMark = markHead + `said: {{ dict "helm" .Capabilities.HelmVersion.Version "apis" .Capabilities.APIVersions | toJson }}` + "\n"
	hookMark     = markHead + "  annotations: {helm.sh/hook: post-delete}\n"
)

func (c chartCopy) markFile(kind string) string { return "sluice-end-" + kind + "-" + c.id + ".yaml" }

// mark is what the manifest's end mark says.
type mark struct {
	Helm string   `json:"helm"`
	APIs []string `json:"apis"`
}

// printed is an output without its end marks.
type printed struct {
	manifests, hooks string
	mark             mark
}

// unmark takes the end marks out of an output, or says that it is not whole.
func (c chartCopy) unmark(stdout []byte, hooks bool) (p printed, err error) {
	text := string(stdout)
	if !strings.HasPrefix(text, "---\n") {
		return p, errors.New("it does not begin with a document")
	}
	if hooks {
		before, last, err := cutMark(text, c.markFile("hook"))
		if err != nil {
			return p, fmt.Errorf("hooks: %w", err)
		}
		if strings.TrimSpace(last) != strings.TrimSpace(hookMark) || !strings.HasSuffix(last, "\n") {
			return p, errors.New("something follows the last hook")
		}
		text = before
	}
	before, last, err := cutMark(text, c.markFile("manifest"))
	if err != nil {
		return p, fmt.Errorf("manifests: %w", err)
	}
	said, found := strings.CutPrefix(last, markHead+"said: ")
	said, rest, ended := strings.Cut(said, "\n")
	if !found || !ended || json.Unmarshal([]byte(said), &p.mark) != nil {
		return p, errors.New("the end mark of the manifests is cut")
	}
	if rest != "" && (!hooks || !strings.HasPrefix(rest, "---\n# Source: ")) {
		return p, errors.New("something follows the last manifest")
	}
	p.manifests, p.hooks = before, rest
	return p, nil
}

// cutMark cuts a text at the separator of an end mark and gives what is before it and the mark with all that follows.
func cutMark(text, file string) (before, last string, err error) {
	line := "/templates/" + file + "\n"
	at := strings.LastIndex(text, line)
	if at < 0 {
		return "", "", errors.New("the end mark is not there")
	}
	start := strings.LastIndex(text[:at], "---\n# Source: ")
	if start < 0 || start > 0 && text[start-1] != '\n' || strings.Count(text[start:at], "\n") != 1 {
		return "", "", errors.New("the end mark is not a document")
	}
	return text[:start], text[at+len(line):], nil
}

// orderCRDs puts the files of crds/, which come first, in the order of the linked engines: helm takes undeclared
// subcharts from a map. It gives the ones that are not there.
func orderCRDs(text string, crds []document, want bool) (ordered string, missing []string) {
	if !want || len(crds) == 0 {
		return text, nil
	}
	rest := text
	left := make([]string, len(crds))
	for i, d := range crds {
		left[i] = d.String()
	}
	for found := true; found; {
		found = false
		for i, d := range left {
			if d != "" && strings.HasPrefix(rest, d) {
				rest, left[i], found = rest[len(d):], "", true
			}
		}
	}
	for i, d := range crds {
		if left[i] != "" {
			missing = append(missing, d.source)
			continue
		}
		ordered += d.String()
	}
	return ordered + rest, missing
}

// Prepare gives a chart as a helm binary may get it that another program starts: with sorted keys, as the linked engines
// have them, and without the schemas that refer to other documents, for which helm would open the network. Those schemas
// go unjudged by that helm; [External] judges them.
func Prepare(chart render.Tree) render.Tree {
	chart.Files = (&chartCopy{}).adapt(chart.Files, render.Release{Chart: chart})
	return chart
}
