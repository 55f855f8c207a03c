package helm

import (
	"errors"
	"fmt"
	"regexp"
	"strconv"
	"strings"

	"sluice/render"
)

// kubeVersionError is for a version that the caller did not check; the library accepts "1.33" and vendor suffixes.
func kubeVersionError(version string, err error) error {
	return &render.Error{
		Err:  fmt.Errorf("reading the Kubernetes version %q: %w", version, err),
		Hint: "give it as major.minor.patch, e.g. 1.33.4",
	}
}

// kubeConstraintError is for a chart that wants another cluster.
func kubeConstraintError(chart, constraint, version string) error {
	return &render.Error{
		Pos:  render.Position{File: chart + "/Chart.yaml"},
		Err:  fmt.Errorf("the chart requires kubeVersion %s, which Kubernetes %s does not meet", constraint, version),
		Hint: "choose a chart version for this cluster, or correct the Kubernetes version",
	}
}

// The forms of error that the engines give (pkg/engine/engine.go of both majors) and text/template underneath.
var (
	// placed is "execution error at (chart/templates/x.yaml:3:5): message", the form for fail and required, and
	// "parse error at (chart/templates/x.yaml:3): message".
	placed = regexp.MustCompile(`(?s)^(?:execution|parse) error (?:at|in) \((.+?)(?::(\d+))?(?::(\d+))?\): (.*)$`)
	// step is one link of a text/template chain; Helm 4 puts its pieces on lines of their own.
	step = regexp.MustCompile(`(?:^|\s)(?:template: )?([^\s:"]+):(\d+)(?::(\d+))?:?\s+executing "[^"]*" at <([^\n]*?)>:\s+`)
	// tplText is the text handed to tpl, which helm quotes whole.
	tplText    = regexp.MustCompile(`(?s)error during tpl function execution for "(?:[^"\\]|\\.)*": |cannot parse template "(?:[^"\\]|\\.)*": `)
	noTemplate = regexp.MustCompile(`template: no template ("[^"]*") associated with template "[^"]*"$`)
	parseOnly  = regexp.MustCompile(`^template: [^\s:]+:(\d+): (.*)$`)
	unclosed   = regexp.MustCompile(`^unclosed action started at (.+):(\d+)$`)
)

// templateError turns the error of an engine into one place and one cause: the innermost of both. A message given to
// fail or required is kept whole; of any other it hides the values that it quotes.
func templateError(err error, values map[string]any) error {
	text := err.Error()
	if m := placed.FindStringSubmatch(text); m != nil {
		pos, cause := position(m[1], m[2], m[3]), strings.TrimSpace(m[4])
		if open := unclosed.FindStringSubmatch(cause); open != nil {
			pos, cause = position(open[1], open[2], ""), "the action is not closed"
		}
		return &render.Error{Pos: pos, Err: errors.New(cause), Hint: hintFor(cause)}
	}
	// Inside text given to tpl, the lines that the library names count in that text and not in the file.
	inTpl := tplText.FindStringIndex(text)
	chain := text
	if inTpl != nil {
		chain = text[:inTpl[0]]
	}
	at, cause, pos := innermost(chain)
	if pos.File == "" {
		return errors.New(hidden(plainTypes(cause), values))
	}
	if inTpl != nil {
		expr, inner, _ := innermost(text[inTpl[1]:])
		cause = "in the text given to tpl: " + inner
		if expr != "" {
			cause = "in the text given to tpl: " + expr + ": " + inner
		}
	}
	cause = hidden(plainTypes(cause), values)
	return &render.Error{Pos: pos, Err: fmt.Errorf("%s: %s", at, cause), Hint: hintFor(cause)}
}

// innermost gives the end of a chain: the expression, the cause and the place. Without a link there is a cause only.
func innermost(chain string) (expr, cause string, pos render.Position) {
	links := step.FindAllStringSubmatchIndex(chain, -1)
	if len(links) > 0 {
		last := links[len(links)-1]
		m := step.FindStringSubmatch(chain[last[0]:last[1]])
		expr, pos, chain = m[4], position(m[1], m[2], m[3]), chain[last[1]:]
	}
	cause = strings.TrimSpace(chain)
	if m := noTemplate.FindStringSubmatch(cause); m != nil {
		cause = "there is no template " + m[1]
	}
	if m := parseOnly.FindStringSubmatch(cause); m != nil {
		cause = "line " + m[1] + ": " + m[2]
	}
	return expr, cause, pos
}

// hintFor gives the next step for the causes that are met most. A cause without one gets no hint rather than a vague
// one.
func hintFor(cause string) string {
	switch {
	case strings.Contains(cause, "nil pointer"):
		return "a key above this one is not set in the values"
	case strings.HasPrefix(cause, "function ") && strings.HasSuffix(cause, " not defined"):
		return "this helm does not have the function; the chart may want a newer one"
	case strings.HasPrefix(cause, "there is no template "):
		return "the template is defined nowhere in the chart; a library chart among its dependencies may be missing or disabled"
	}
	return ""
}

// position makes a place of what an expression above matched.
func position(file, line, column string) render.Position {
	l, _ := strconv.Atoi(line) // the expressions admit digits or nothing
	c, _ := strconv.Atoi(column)
	return render.Position{File: file, Line: l, Column: c}
}

// The forms of error that the loaders of both majors give: a file of a chart, after any number of subcharts around it.
var (
	badPart = regexp.MustCompile(`^error unpacking subchart (\S+) in \S+: `)
	badFile = regexp.MustCompile(`^cannot load ([A-Za-z]+\.(?:yaml|lock)): `)
	anyLine = regexp.MustCompile(`^line (\d+): `)
)

// loadError places the error of a chart that does not load, as far as the loader says where.
func loadError(err error) error {
	var placed *render.Error
	if errors.As(err, &placed) {
		return placed
	}
	var path []string
	cause := err.Error()
	for m := badPart.FindStringSubmatch(cause); m != nil; m = badPart.FindStringSubmatch(cause) {
		path, cause = append(path, "charts", m[1]), cause[len(m[0]):]
	}
	if m := badFile.FindStringSubmatch(cause); m != nil {
		path, cause = append(path, m[1]), bareYAML(cause[len(m[0]):])
		cause, _ = plainShape(cause)
	}
	pos := render.Position{File: strings.Join(path, "/")}
	if m := anyLine.FindStringSubmatch(cause); m != nil {
		pos.Line, _ = strconv.Atoi(m[1]) // the expression admits digits only
		cause = cause[len(m[0]):]
	}
	hint := ""
	if len(path) > 0 && cause == "Chart.yaml file is missing" {
		hint = "helm takes everything in charts/ for a chart, except names that begin with . or _"
	}
	return &render.Error{Pos: pos, Err: fmt.Errorf("reading the chart: %s", cause), Hint: hint}
}

// mismatch is what CoalesceValues of both majors says, with a slip in its format string.
var mismatch = regexp.MustCompile(`(?s)^type mismatch on (.+?): %!t\((?:(\w+)=)?(.*)\)$`)

// coalesceError words the one error of merging values.
func coalesceError(err error) error {
	m := mismatch.FindStringSubmatch(err.Error())
	if m == nil {
		return fmt.Errorf("merging the values: %w", err)
	}
	got := "a " + m[2] // and not the value, which may be a secret
	if m[3] == "<nil>" {
		got = "null"
	}
	return &render.Error{
		Err:  fmt.Errorf("merging the values: type mismatch on %s: the values of a subchart are a map, and these are %s", m[1], got),
		Hint: "give keys below " + m[1] + ", or turn the subchart off by its condition",
	}
}

var badDocument = regexp.MustCompile(`(?s)^YAML parse error on (.+?): (.*)$`)

// documentError places a rendered document that is not YAML. The line that the library gives counts in the rendered
// document, so it stays in the text.
func documentError(err error) error {
	m := badDocument.FindStringSubmatch(err.Error())
	if m == nil {
		return err
	}
	cause := scalarOf.ReplaceAllString(bareYAML(m[2]), "$1")
	if shape, ok := plainShape(cause); ok {
		return &render.Error{
			Pos:  render.Position{File: m[1]},
			Err:  fmt.Errorf("what it renders is not a Kubernetes object: %s", shape),
			Hint: "every document is a mapping with kind and metadata; a misplaced include or dash is the usual cause",
		}
	}
	return &render.Error{
		Pos:  render.Position{File: m[1]},
		Err:  fmt.Errorf("what it renders is not YAML: %s", cause),
		Hint: "a line counts in the rendered document and not in the template; indentation of an included block is the usual cause",
	}
}

// bareYAML cuts off what the layers above the YAML reader put in front of its message.
func bareYAML(text string) string {
	for _, layer := range []string{"cannot unmarshal yaml document: ", "error converting YAML to JSON: ", "yaml: "} {
		text = strings.TrimPrefix(text, layer)
	}
	return text
}
