package helm

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"sluice/render"
)

// What binaries write to standard error: warnings, by way of the standard logger ("coalesce.go:298: warning: ...") or of
// log/slog (`level=WARN msg="..." key=value`), and last the error, which begins with "Error: ".

// refusal words the error of a binary that gave up, with the place where its text has one.
func (e *external) refusal(said answer, k known) error {
	_, text := splitError(said.stderr)
	text = strings.TrimSuffix(text, "\n\nUse --debug flag to render out invalid YAML")
	if text == "" {
		return fmt.Errorf("helm %s ended with code %d and did not say why", e.version, said.code)
	}
	if m := wrongKube.FindStringSubmatch(text); m != nil {
		return kubeConstraintError(k.described.name, m[1], m[2])
	}
	text = excerpt(text)
	err := errors.New(text)
	ofTemplate := func(err error) error { return templateError(err, k.values) }
	for _, reword := range []func(error) error{ofTemplate, documentError} {
		var placed *render.Error
		if worded := reword(err); errors.As(worded, &placed) {
			return worded
		}
	}
	return fmt.Errorf("helm %s: %s", e.version, hidden(quotedValue.ReplaceAllString(text, "${1}the value$2"), k.values))
}

// wrongKube is what every version says of a constraint that is not met (pkg/action/action.go).
var wrongKube = regexp.MustCompile(`^chart requires kubeVersion: (.*) which is incompatible with Kubernetes (\S+)$`)

// quotedValue finds the value that a schema's message begins with; it may be a secret.
var quotedValue = regexp.MustCompile(`(?m)^(- at '[^']*': )(?:'[^\n]*'|"[^\n]*")( does not match pattern| is not valid )`)

// executing says whether an error is one of executing templates or of reading what they gave, which the linked library
// did not get to.
func executing(stderr string) bool {
	_, text := splitError(stderr)
	return placed.MatchString(text) || step.MatchString(text) || badDocument.MatchString(text)
}

// splitError cuts what was said into the lines before the error and the error.
func splitError(stderr string) (before, err string) {
	at := strings.Index("\n"+stderr, "\nError: ")
	if at < 0 {
		return stderr, ""
	}
	return stderr[:at], strings.TrimSpace(strings.TrimPrefix(stderr[at:], "Error: "))
}

// excerpt keeps an error readable, and says what it leaves out.
func excerpt(text string) string {
	const most = 4096
	if len(text) <= most {
		return text
	}
	return fmt.Sprintf("%s ... (%d bytes more)", strings.ToValidUTF8(text[:most], ""), len(text)-most)
}

// excerpt gives the error that was said besides, if any.
func (a answer) excerpt() string {
	if _, text := splitError(a.stderr); text != "" {
		return "; it says: " + excerpt(text)
	}
	return ""
}

// heardForms are the warnings of which the words in parentheses say what is left out. What stands behind them may hold a
// value. Sources: chartutil/coalesce.go, chartutil/dependencies.go and releaseutil/manifest_sorter.go of both majors.
var heardForms = []*regexp.Regexp{
	regexp.MustCompile(`warning: (cannot overwrite table with non table for \S+) \(`),
	regexp.MustCompile(`warning: (destination for \S+ is a table\. Ignoring non-table value) \(`),
	regexp.MustCompile(`warning: (skipped value for \S+: Not a table)`),
	regexp.MustCompile(`warning: (skipping globals because (?:destination|source) \S+ is not a table)`),
	regexp.MustCompile(`(Conflict: cannot merge map onto non-map for "[^"]*")`),
	regexp.MustCompile(`(key \S+ is table\. Skipping)`),
	regexp.MustCompile(`Warning: ((?:Condition path|Tag) '[^']*' for chart \S+ returned non-bool value)`),
	regexp.MustCompile(`level=WARN msg="(returned non-bool value)" ((?:path|tag)=\S+ chart=\S+)`),
	regexp.MustCompile(`(?i)(ImportValues missing table)`),
	regexp.MustCompile(`info: (skipping unknown hook: "[^"\n]*")`),
	regexp.MustCompile(`level=INFO msg="(skipping unknown hooks)" (hookTypes=\S+)`),
}

// harmless are lines that hide nothing, or what is found without them: the advice about requirements.yaml and deprecation, and references
// of schemas to a URN.
var harmless = regexp.MustCompile(`(?i)we recommend migrating|unresolved URN reference ignored|this chart is deprecated`)

// warnings gives the notes for what a binary said beside a render. The linked libraries say the same and are silenced.
// A line of another form is counted and not shown: helm puts values into its warnings.
func (e *external) warnings(stderr string) []string {
	var notes []string
	others := 0
lines:
	for line := range strings.Lines(stderr) {
		if strings.TrimSpace(line) == "" || harmless.MatchString(line) {
			continue
		}
		for _, form := range heardForms {
			if m := form.FindStringSubmatch(line); m != nil {
				notes = append(notes, fmt.Sprintf("helm %s warns: %s", e.version, strings.Join(m[1:], " ")))
				continue lines
			}
		}
		others++
	}
	slices.Sort(notes)
	notes = slices.Compact(notes)
	if others > 0 {
		notes = append(notes, fmt.Sprintf("helm %s warns of something that is not known here (lines of standard error: %d)", e.version, others))
	}
	return notes
}
