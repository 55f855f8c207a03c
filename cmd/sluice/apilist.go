package main

import (
	"bytes"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"sluice/render"
	"sluice/schemas"
)

// capturedAPIs is the list of APIs that kubectl printed.
type capturedAPIs struct {
	apis    []string // "group/version/Kind", or "group/version" where no kinds were printed; sorted
	kinds   bool     // it is of kubectl api-resources
	verbs   bool     // it says which kinds can be watched
	left    int      // kinds left out because they cannot be listed and watched
	foreign []string // names that no stack may have, left out
}

// The forms of what kubectl prints: any API version, and those that a stack may have (schemas/stack.cue, #APIVersion).
var (
	anyVersion  = regexp.MustCompile(`^([a-z0-9][-a-z0-9.]*/)?[a-z0-9][-a-z0-9.]*$`)
	anyKind     = regexp.MustCompile(`^[A-Za-z][-A-Za-z0-9]*$`)
	stackAPI    = regexp.MustCompile(`^([a-z0-9]([-a-z0-9.]*[a-z0-9])?/)?v[0-9]+((alpha|beta)[0-9]+)?(/[A-Z][A-Za-z0-9]*)?$`)
	kubectlSays = regexp.MustCompile(`(?i)^(error[: ]|warning: |unable to |the connection |[EWI][0-9]{4} |couldn't |no resources found)`)
)

// everywhere are APIs that every cluster serves, from each part of the list: a list without one of them was cut short or
// narrowed by a flag of kubectl.
var everywhere = []string{"apiextensions.k8s.io/v1/CustomResourceDefinition", "apps/v1/Deployment", "rbac.authorization.k8s.io/v1/ClusterRole", "storage.k8s.io/v1/StorageClass", "v1/Namespace", "v1/Pod"}

const captureHint = "give what `kubectl api-resources -o wide` prints, all of it"

// readCapture reads the output of kubectl api-versions or api-resources. Whatever is not the whole of one of them is an
// error: a list that is short makes charts leave objects out.
func readCapture(name string, text []byte) (capturedAPIs, error) {
	wrong := func(hint, format string, args ...any) (capturedAPIs, error) {
		return capturedAPIs{}, &render.Error{Err: fmt.Errorf("reading the APIs of "+name+": "+format, args...), Hint: hint}
	}
	text = bytes.TrimPrefix(text, []byte("\xef\xbb\xbf"))
	switch body := bytes.TrimSpace(text); {
	case len(body) == 0:
		return wrong("did kubectl fail? "+captureHint, "it is empty")
	case bytes.IndexByte(text, 0) >= 0:
		return wrong("PowerShell's > writes UTF-16; write UTF-8, e.g. with | Out-File -Encoding utf8", "it is no UTF-8 text")
	case body[0] == '<':
		return wrong("a proxy or a login page answered; "+captureHint, "it is HTML")
	case body[0] == '{' || body[0] == '[':
		return wrong(captureHint, "it is JSON")
	case text[len(text)-1] != '\n':
		return wrong(captureHint, "its last line has no end, so it was cut short")
	}
	var c capturedAPIs
	for i, line := range strings.Split(strings.TrimSuffix(string(text), "\n"), "\n") {
		fields := strings.Fields(line)
		if len(fields) == 0 || i == 0 && fields[0] == "NAME" {
			c.kinds = c.kinds || len(fields) > 0
			continue
		}
		if kubectlSays.MatchString(line) {
			return wrong("kubectl did not get the whole list; try again when it does without a message", "line %d is a message: %s", i+1, strings.TrimSpace(line))
		}
		if len(c.apis)+c.left+len(c.foreign) == 0 {
			c.kinds = c.kinds || len(fields) > 1
		}
		if err := c.add(fields); err != nil {
			return wrong(captureHint, "line %d: %w", i+1, err)
		}
	}
	slices.Sort(c.apis)
	c.apis = slices.Compact(c.apis)
	for _, api := range everywhere {
		if !c.kinds {
			api = api[:strings.LastIndexByte(api, '/')]
		}
		if !slices.Contains(c.apis, api) {
			return wrong(captureHint, "%s is not in it, which every cluster serves, so it is not the whole list", api)
		}
	}
	return c, nil
}

// add takes one line: a version, or a row NAME [SHORTNAMES] APIVERSION NAMESPACED KIND [VERBS [CATEGORIES]]. The columns
// are found from NAMESPACED, because the second may be empty.
func (c *capturedAPIs) add(fields []string) error {
	if !c.kinds {
		if len(fields) != 1 || !anyVersion.MatchString(fields[0]) || !strings.HasPrefix(fields[0][strings.IndexByte(fields[0], '/')+1:], "v") {
			return errors.New("it is no group/version, as kubectl api-versions prints them")
		}
		c.keep(fields[0])
		return nil
	}
	at := slices.IndexFunc(fields, func(f string) bool { return f == "true" || f == "false" })
	if at < 2 || at > 3 || at+1 >= len(fields) || !anyVersion.MatchString(fields[at-1]) || !anyKind.MatchString(fields[at+1]) {
		return errors.New("it is no row of kubectl api-resources")
	}
	version, kind := fields[at-1], fields[at+1]
	watched := !neverWatched(version, kind)
	if verbs, said := verbsOf(fields[at+2:]); said {
		c.verbs = true
		watched = slices.Contains(verbs, "list") && slices.Contains(verbs, "watch")
	}
	if !watched {
		c.left++
		return nil
	}
	c.keep(version + "/" + kind)
	return nil
}

// keep takes an API, unless no stack may have it.
func (c *capturedAPIs) keep(api string) {
	if !stackAPI.MatchString(api) {
		c.foreign = append(c.foreign, api)
		return
	}
	c.apis = append(c.apis, api)
}

// verbsOf reads the column of verbs: "create,get,list", or "[create get list]" of kubectl before 1.27. Categories, which
// come after it, are none.
func verbsOf(rest []string) (verbs []string, said bool) {
	column := strings.Join(rest, " ")
	if inside, _, ok := strings.Cut(strings.TrimPrefix(column, "["), "]"); ok && strings.HasPrefix(column, "[") {
		return strings.Fields(inside), true
	}
	if len(rest) == 0 {
		return nil, false
	}
	return strings.Split(rest[0], ","), true
}

// neverWatched says that a kind is built in and cannot be watched, such as TokenReview: what is known without the verbs.
func neverWatched(version, kind string) bool {
	for minor := schemas.OldestMinor; minor <= schemas.NewestMinor; minor++ {
		for _, api := range schemas.APIs(minor) {
			if api.Kind == kind && strings.TrimPrefix(api.Group+"/"+api.Version, "/") == version {
				return !api.Watched
			}
		}
	}
	return false
}

// notes says what the capture does not tell.
func (c capturedAPIs) notes() []string {
	var notes []string
	if !c.kinds {
		notes = append(notes, "kubectl api-versions prints no kinds: a template that asks for one, such as "+
			"policy/v1/PodDisruptionBudget, is told that the cluster has none; kubectl api-resources -o wide prints them")
	}
	if c.kinds && !c.verbs {
		notes = append(notes, "without -o wide nothing says which kinds can be watched, and Argo CD tells templates of no "+
			"others: kinds such as those of metrics.k8s.io may be too many here")
	}
	if c.left > 0 {
		notes = append(notes, fmt.Sprintf("left out: %d kinds that cannot be listed and watched; Argo CD does not tell templates of them", c.left))
	}
	for _, api := range c.foreign {
		notes = append(notes, "left out: "+api+" is of a form that a stack cannot state")
	}
	return notes
}

// cue gives the file that puts the capture into a stack.
func (c capturedAPIs) cue() string {
	var b strings.Builder
	b.WriteString("// The APIs of the live cluster, written by sluice capabilities --capture. They stand in place of those that the\n" +
		"// Kubernetes version and the distribution bring; capture them again when the cluster changes.\npackage stack\n\ncluster: captured: [\n")
	for _, api := range c.apis {
		fmt.Fprintf(&b, "\t%q,\n", api)
	}
	b.WriteString("]\n")
	return b.String()
}
