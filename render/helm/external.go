package helm

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"sluice/render"
)

// The bounds of one call of a binary. The time is what Argo CD gives its tools (ARGOCD_EXEC_TIMEOUT, 90 s).
const (
	defaultLimit = 90 * time.Second
	mostOutput   = 256 << 20
	lingering    = 2 * time.Second // for a child that keeps the output open after helm has ended
)

// The oldest helm that has every flag used here: --set-json is of 3.10. Argo CD 2.8 ships 3.12.1.
const oldestMinor = 10

// External gives the engine of a helm binary. The path is absolute; version is what the binary has to say of itself,
// e.g. "3.16.3"; limit is how long one render may take, 90 seconds where it is zero.
//
// It renders as `helm template` of that binary does, with the flags that Argo CD's Helm sources get. The chart is handed
// over as an archive, which helm reads with a checksum, in a directory that only this user can read and that is gone
// afterwards, and nothing of the environment is inherited. Values of --set flags stand in the arguments of the process
// while it runs, as helm has no other way to take them.
//
// .Capabilities.APIVersions is the list given and the binary's own: helm template appends to it and cannot take away,
// also under Argo CD. Where a template asks for APIs, those that were not given are named in Output.Unchecked.
//
// An output is complete when the binary ended by itself with code 0, everything that had its output open ended too,
// nothing stands before the first document, the last manifest and the last hook are the end marks that the copy of the
// chart was given, with the digest of this very call, the marks repeat the APIs given and the version stated, and every
// file of crds/ of an enabled chart is there. That finds an output cut anywhere, also between two documents, one of
// another chart, and one with text before or behind it. A program that leaves out a document in the middle and prints
// what follows is not found: helm says nowhere how many documents there are, and another run of the same program proves
// nothing.
//
// Schemas are judged by the binary, as versions judge differently (helm issue 31136), except those that refer to other
// documents, for which it would open the network: these are not in the copy, and the values are held to them by the
// linked engine. So are all with SkipSchema, which helm has a flag for since 3.16 only; templates never see a schema.
func External(path, version string, limit time.Duration) (func(context.Context, render.Release) (render.Output, error), error) {
	e, err := newExternal(path, version, limit)
	if err != nil {
		return nil, err
	}
	return e.template, nil
}

// newExternal is External with the bounds open to change.
func newExternal(path, version string, limit time.Duration) (*external, error) {
	version = strings.TrimPrefix(version, "v")
	m := plainVersion.FindStringSubmatch(version)
	if m == nil {
		return nil, &render.Error{
			Err:  fmt.Errorf("choosing the helm binary %s: %q is not a version", path, version),
			Hint: "state it as major.minor.patch, e.g. 3.16.3",
		}
	}
	major, _ := strconv.Atoi(m[1]) // the expression admits digits
	minor, _ := strconv.Atoi(m[2])
	if major != 3 && major != 4 || major == 3 && minor < oldestMinor {
		return nil, &render.Error{
			Err:  fmt.Errorf("choosing the helm binary %s: helm %s is not supported", path, version),
			Hint: fmt.Sprintf("helm 3.%d or newer, or helm 4", oldestMinor),
		}
	}
	if !filepath.IsAbs(path) {
		return nil, fmt.Errorf("choosing the helm binary %s: the path is not absolute", path)
	}
	if limit <= 0 {
		limit = defaultLimit
	}
	e := &external{path: path, version: version, limit: limit, most: mostOutput, linger: lingering}
	// Since 3.18.5 helm has the schema library that is linked here.
	patch, _ := strconv.Atoi(m[3])
	e.study, e.dialect, e.oldSchemas = study3, library3().dialect, slices.Compare([]int{major, minor, patch}, []int{3, 18, 5}) < 0
	if major == 4 {
		e.study, e.dialect = study4, library4().dialect
	}
	return e, nil
}

var plainVersion = regexp.MustCompile(`^(\d{1,3})\.(\d{1,4})\.(\d{1,4})(?:-[0-9A-Za-z.-]+)?$`)

// external is a helm binary.
type external struct {
	path, version string
	limit, linger time.Duration
	most          int // bytes of output
	study         func(context.Context, render.Release) (known, error)
	dialect       dialect
	oldSchemas    bool // its schema engine is another than the linked one
}

// known is what the linked library of the same major finds out about a release without executing its templates. err
// says why it knows no more; another version may well render what it refuses.
type known struct {
	described part
	out       render.Output
	values    map[string]any // as templates see them
	twins     []string
	notes     []string // of what the binary did not get to see
	err       error
}

func study3(ctx context.Context, r render.Release) (known, error) { return study(ctx, library3(), r) }

func study4(ctx context.Context, r render.Release) (known, error) { return study(ctx, library4(), r) }

// study prepares a release. Its own error is one that no binary could get round.
func study[C any](ctx context.Context, lib library[C], r render.Release) (k known, err error) {
	if err := checkRelease(lib.validateName, &r); err != nil {
		return k, err
	}
	_, k.err = guarded(ctx, r.Chart, func() (render.Output, error) {
		j, err := prepare(ctx, lib, r)
		k.described, k.out, k.twins = j.described, j.out, twins(j.loaded, lib.compatible)
		if j.top != nil {
			k.values = asMap(j.top["Values"])
		}
		return render.Output{}, err
	})
	return k, ctx.Err()
}

// template renders a release with the binary.
func (e *external) template(ctx context.Context, r render.Release) (out render.Output, err error) {
	if err := ctx.Err(); err != nil {
		return render.Output{}, err
	}
	bare := func(err error) error { return fmt.Errorf("rendering %s: %w", nameOf(r.Chart), err) }
	texts, err := e.gather(r)
	if err != nil {
		return render.Output{}, bare(err)
	}
	r.Dir = texts.memory() // so that what is studied and what is rendered are the same bytes
	k, err := e.study(ctx, r)
	if err != nil {
		if errors.Is(err, ctx.Err()) {
			return render.Output{}, err
		}
		return render.Output{}, bare(err)
	}
	copied, err := copyChart(r)
	if err != nil {
		return render.Output{}, bare(err)
	}
	notes, err := e.holdToSchemas(copied, k, r)
	if err != nil {
		return render.Output{}, bare(err)
	}
	said, err := e.run(ctx, r, copied, texts)
	switch {
	case err != nil && errors.Is(err, ctx.Err()):
		return render.Output{}, ctx.Err()
	case err != nil:
		return render.Output{}, bare(err)
	case said.code != 0 && k.err != nil && !executing(said.stderr):
		return render.Output{}, k.err // both refuse, and these words name the place and hide values
	case said.code != 0:
		return render.Output{}, bare(e.refusal(said, k))
	}
	k.notes = notes
	return e.judge(r, k, copied, said)
}

// judge makes an output of what the binary printed, if it is complete.
func (e *external) judge(r render.Release, k known, copied chartCopy, said answer) (render.Output, error) {
	printed, err := copied.unmark(said.stdout, !r.SkipHooks)
	if err == nil {
		err = e.checkMark(printed.mark, r)
	}
	var missing []string
	if err == nil {
		printed.manifests, missing = orderCRDs(printed.manifests, k.described.crds, !r.SkipCRDs)
		err = e.missingCRDs(missing)
	}
	if err != nil {
		return render.Output{}, fmt.Errorf("rendering %s: the output of helm %s is not complete: %w%s",
			nameOf(r.Chart), e.version, err, said.excerpt())
	}
	out, notes := k.out, k.notes
	if k.err != nil {
		// Nothing that the linked library did not get to is known. The outcome is the binary's, whose version was asked
		// for.
		out.AsksAPIs = true
		notes = append(notes, fmt.Sprintf("helm %s renders what the linked library refuses, so calls of random functions may not all be known: %v", e.version, k.err))
	}
	if out.AsksAPIs = out.AsksAPIs || copied.asks; out.AsksAPIs {
		notes = append(notes, e.ownAPIs(printed.mark, r)...)
	}
	for _, crd := range missing {
		notes = append(notes, fmt.Sprintf("helm %s leaves out %s, which the linked library renders: it has the subchart disabled", e.version, crd))
	}
	out.YAML = []byte(strings.TrimSpace(printed.manifests) + "\n" + printed.hooks)
	out.Unchecked = slices.Concat(out.Unchecked, notes, k.twins, e.warnings(said.stderr))
	return out, nil
}

// missingCRDs refuses an output without a file of crds/. Only another version than the linked one may have a subchart
// disabled that the linked library has enabled (a condition that a null decides, helm issue 31919).
func (e *external) missingCRDs(missing []string) error {
	linked := e.version == Version3 || e.version == Version4
	for _, source := range missing {
		if linked || !strings.Contains(source, "/charts/") {
			return fmt.Errorf("%s is not in it", source)
		}
	}
	return nil
}

// checkMark holds what the end mark says of the binary to what was asked of it.
func (e *external) checkMark(m mark, r render.Release) error {
	// helm's Makefile stamps the full version; a plain `go install` leaves major and minor.
	says := strings.TrimPrefix(m.Helm, "v")
	if says != e.version && !strings.HasPrefix(e.version, says+".") || strings.Count(says, ".") == 0 {
		return fmt.Errorf("the binary says that it is helm %q", m.Helm)
	}
	for _, api := range r.Capabilities.APIVersions {
		if !slices.Contains(m.APIs, api) {
			return fmt.Errorf("the API %q was given and not told to the templates", api)
		}
	}
	return nil
}

// ownAPIs names the APIs that the binary tells templates of by itself.
func (e *external) ownAPIs(m mark, r render.Release) []string {
	var own []string
	for _, api := range m.APIs {
		if !slices.Contains(r.Capabilities.APIVersions, api) {
			own = append(own, api)
		}
	}
	if len(own) == 0 {
		return nil
	}
	slices.Sort(own)
	return []string{fmt.Sprintf("helm %s tells templates also of its own APIs: %s", e.version, strings.Join(slices.Compact(own), ", "))}
}

// holdToSchemas judges the values by the schemas that the binary does not get.
func (e *external) holdToSchemas(copied chartCopy, k known, r render.Release) ([]string, error) {
	if len(copied.judged) == 0 || r.SkipSchema {
		return nil, nil
	}
	var notes []string
	var only func(part) part
	only = func(p part) part {
		if p.schema != nil && !slices.Contains(copied.judged, string(p.schema)) {
			p.schema = nil
		}
		if p.schema != nil && e.oldSchemas {
			notes = append(notes, fmt.Sprintf("helm %s does not see values.schema.json of chart %s, which refers to other documents; it is judged as helm 3.18.5 and newer do", e.version, p.name))
		}
		parts := make([]part, len(p.parts))
		for i, sub := range p.parts {
			parts[i] = only(sub)
		}
		p.parts = parts
		return p
	}
	_, err := checkSchemas(only(k.described), k.values, r.Chart.Documents)
	slices.Sort(notes)
	return slices.Compact(notes), err
}

// twins names subcharts that are taken from a map with another of the same name, so that helm takes either of them: those
// that no dependency names, or one names both.
func twins(p part, compatible func(constraint, version string) bool) []string {
	var notes []string
	for i, sub := range p.parts {
		declared := slices.IndexFunc(p.declared, func(d dependency) bool { return d.name == sub.name })
		for _, other := range p.parts[:i] {
			if other.name == sub.name && (declared < 0 || slices.ContainsFunc(p.declared, func(d dependency) bool {
				return d.name == sub.name && compatible(d.version, sub.version) && compatible(d.version, other.version)
			})) {
				notes = append(notes, fmt.Sprintf("chart %s holds %s %s and %s; helm may take another one each time",
					p.path, sub.name, other.version, sub.version))
			}
		}
		notes = append(notes, twins(sub, compatible)...)
	}
	return notes
}
