package yamllint

import (
	"strings"

	"sluice/validate"
)

// shown is how a rule of yamllint is explained.
type shown struct {
	title, fix   string
	asks         string // what the example's .yamllint says of the rule
	wrong, right string
}

// explained explains the rules of yamllint, by their names there.
var explained = map[string]shown{
	"anchors":                 {"an anchor that is not used, or there twice, or an alias without one", "take it out, or give it another name", "{forbid-unused-anchors: true}", "a: &one 1\nb: 2\n", "a: &one 1\nb: *one\n"},
	"braces":                  {"braces, or the spaces inside of them", "write as many spaces as the .yamllint wants", "enable", "a: { b: 1 }\n", "a: {b: 1}\n"},
	"brackets":                {"brackets, or the spaces inside of them", "write as many spaces as the .yamllint wants", "enable", "a: [ 1, 2 ]\n", "a: [1, 2]\n"},
	"colons":                  {"spaces around a colon", "write no space before and one after it", "enable", "a :  1\n", "a: 1\n"},
	"commas":                  {"spaces around a comma", "write no space before and one after it", "enable", "a: [1 ,2]\n", "a: [1, 2]\n"},
	"comments":                {"a comment too close to what it is behind, or to its #", "write two spaces before and one after the #", "enable", "a: 1 # one\n", "a: 1  # one\n"},
	"comments-indentation":    {"a comment that is not indented like its neighbours", "indent it like the line below or above", "enable", "a:\n  b: 1\n   # two\n  c: 2\n", "a:\n  b: 1\n  # two\n  c: 2\n"},
	"document-end":            {"the marker at the end of a document", "write ..., or take it out, as the .yamllint wants", "{present: false}", "a: 1\n...\n", "a: 1\n"},
	"document-start":          {"the marker at the start of a document", "write ---, or take it out, as the .yamllint wants", "enable", "a: 1\n", "---\na: 1\n"},
	"empty-lines":             {"too many empty lines", "take some out", "{max: 1}", "a: 1\n\n\n\nb: 2\n", "a: 1\n\nb: 2\n"},
	"empty-values":            {"an empty value, which is null", "write null, {} or [], or take the key out", "enable", "a:\nb: 2\n", "a: null\nb: 2\n"},
	"float-values":            {"a number that is spelled unusually", "spell it as the .yamllint wants", "{require-numeral-before-decimal: true}", "a: .5\n", "a: 0.5\n"},
	"hyphens":                 {"spaces after a hyphen", "write one space", "enable", "-   a\n- b\n", "- a\n- b\n"},
	"indentation":             {"a line that is indented unlike the others", "indent it as the .yamllint wants", "{spaces: 2}", "a:\n    b: 1\n", "a:\n  b: 1\n"},
	"key-duplicates":          {"the merge key twice in one mapping; any other key is yaml-duplicate-key", "merge a list: <<: [*a, *b]", "{forbid-duplicated-merge-keys: true}", "a: &a {x: 1}\nb: &b {y: 1}\nc:\n  <<: *a\n  <<: *b\n", "a: &a {x: 1}\nb: &b {y: 1}\nc:\n  <<: [*a, *b]\n"},
	"key-ordering":            {"keys that are not in the order of the alphabet", "sort them", "enable", "b: 1\na: 2\n", "a: 2\nb: 1\n"},
	"line-length":             {"a line that is too long", "break the line", "{max: 20}", "a: one two three four five\n", "a: >-\n  one two three\n  four five\n"},
	"new-line-at-end-of-file": {"a last line without a line break", "end the file with a line break", "enable", "a: 1\n\\ No newline at end of file\n", "a: 1\n"},
	"new-lines":               {"line breaks of the wrong kind", "save the file with the line breaks that the .yamllint wants", "enable", "a: 1\r\n", "a: 1\n"},
	"octal-values":            {"an octal number", "put it into quotes, or write it in decimal", "enable", "mode: 0644\n", "mode: 420\n"},
	"quoted-strings":          {"a string whose quotes are missing, wrong or not needed", "quote it as the .yamllint wants", "{quote-type: double}", "a: one\n", "a: \"one\"\n"},
	"trailing-spaces":         {"spaces at the end of a line", "take them out", "enable", "a: 1  \n", "a: 1\n"},
	"truthy":                  {"a truthy word other than true and false", "write true or false, or quotes", "enable", "a: True\n", "a: true\n"},
}

// styleRule makes the rule of one of yamllint's.
func styleRule(name string) validate.Rule {
	s := explained[name]
	rc := "-- .yamllint --\nignore: /config.yaml\nrules: {" + name + ": " + s.asks + "}\n"
	example := strings.Replace(exampleStack, "-- config.yaml --", rc+"-- config.yaml --", 1) + "-- notes.yaml --\n"
	return validate.Rule{
		ID: prefix + name, Title: s.title, Severity: validate.Info, Worst: validate.Error,
		Why: "The .yamllint of the stack asks for it, with the severity that it gives, or the severities of the stack do; otherwise it is not judged.",
		Fix: s.fix, Source: "https://yamllint.readthedocs.io/en/stable/rules.html#module-yamllint.rules." + strings.ReplaceAll(name, "-", "_"),
		Wrong: example + s.wrong, Right: example + s.right,
	}
}
