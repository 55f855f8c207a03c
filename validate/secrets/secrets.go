// Package secrets judges how secrets get into what is applied: plainly, in a spelling that does not arrive, or through a
// reference that leads nowhere.
//
// A secret is known by its shape (a credential with a vendor's prefix, a private key), by the name of what holds it, or
// by being in a Secret. None of these is certain, so what a name or a value rules out is ruled out: switches, addresses,
// certificates, references that something else fills in. A value is never repeated: findings say the field and what kind
// of thing it holds.
//
// Placeholders are those of the ledger that a render made; this package knows nothing of how they are spelled, of Vault,
// and of charts. What those who do have found out comes in through [Outside].
package secrets

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"

	"sluice/render"
	"sluice/validate"
)

// The ids of the rules. That for variables is the one kube-linter has.
const (
	plainSecret      = "plain-secret"
	credential       = "credential-token"
	privateKey       = "private-key"
	urlPassword      = "url-password"
	envSecret        = "env-var-secret"
	registryPassword = "registry-password"
	base64Twice      = "base64-twice"
	trailingNewline  = "trailing-newline"
	notEncoded       = "placeholder-not-base64"
	encodedTwice     = "placeholder-base64-twice"
	inKey            = "placeholder-in-key"
	misspelt         = "placeholder-misspelt"
	ignoredObject    = "placeholder-ignored"
	withoutPlugin    = "placeholder-without-plugin"
	typeFlip         = "placeholder-type"
	inURL            = "placeholder-in-url"
	consumedByChart  = "consumed-placeholder"
	missingSecret    = "missing-secret"
	kvPath           = "vault-data-path"
	pathConvention   = "secret-path"
	plainSops        = "sops-not-encrypted"
	sealedPlain      = "sealed-secret-plain"
	externalStore    = "external-secret-store"
)

// Outside are the facts that others find out. The rule of a function that is nil says nothing.
type Outside struct {
	// Ledger lists the placeholders of a set, of an app that has no plugin too; [render.Tools] has it as Decode.
	Ledger func(render.Set) (render.Set, []render.Placeholder, error)
	// Consumed names placeholders of values that a chart takes apart.
	Consumed func(context.Context, validate.Input) ([]Consumed, []validate.Unchecked, error)
	// Missing names placeholders of the ledgers that the backend cannot fill in.
	Missing func(context.Context, validate.Input) ([]Missing, []validate.Unchecked, error)
}

// Consumed is a placeholder of a chart's values that does not reach the objects whole.
type Consumed struct {
	App       string
	Path, Key string          // what it asks of the backend
	Pos       render.Position // of the values that have it; its file may be empty
	Object    render.Key      // that shows it; may be zero
	Field     render.Path     // of the object; may be empty
	How       string          // what became of it: "it is hashed"
}

// Missing is a placeholder that the backend has no secret for.
type Missing struct {
	App         string
	Placeholder render.Placeholder
	Reason      string // "the path is not there", "the path has no such key"; never a value
}

// Rules are all that this package looks for, in the order in which they are explained.
func Rules(outside Outside) []validate.Rule {
	rules := slices.Concat(plainRules, placeholderRules, pathRules, storeRules)
	for i := range rules {
		switch rules[i].ID {
		case plainSecret:
			rules[i].Check = judgePlain
		case inKey:
			rules[i].Check = judgePlaceholders
		case misspelt:
			rules[i].Check = judgeMisspelt
		case withoutPlugin:
			rules[i].Check = outside.undeclared
		case consumedByChart:
			rules[i].Check = outside.consumed
			rules[i].Able = func(validate.Input) bool { return outside.Consumed != nil }
		case missingSecret:
			rules[i].Check = outside.missing
			rules[i].Able = func(validate.Input) bool { return outside.Missing != nil }
		case kvPath:
			rules[i].Check = judgeMounts
		case pathConvention:
			rules[i].Check = judgeConvention
			rules[i].Convention = "secretPaths"
		case plainSops:
			rules[i].Check = judgeSops
		case sealedPlain:
			rules[i].Check = judgeSealed
		case externalStore:
			rules[i].Check = judgeStores
		}
	}
	return rules
}

// judge is the judgement of one object.
type judge struct {
	object *render.Object
	blanks validate.Blanks
	random map[string]bool // fields that a chart makes up anew with every render
	names  map[string]bool // names of all Secrets: a variable that holds one says where the secret is
	tokens map[string]bool // what was found in objects, so that it is not found in the files they come from again
	found  []validate.Finding
}

// say adds a finding of a rule about a field.
func (j *judge) say(rule string, field render.Path, format string, args ...any) *validate.Finding {
	f := validate.On(j.object, slices.Clone(field), fmt.Sprintf(format, args...))
	f.Rule = rule
	j.found = append(j.found, f)
	return &j.found[len(j.found)-1]
}

// known says whether the value of a field is neither a placeholder nor drawn by the chart.
func (j *judge) known(field render.Path) bool {
	return j.blanks.At(j.object.Key, field) == validate.Known && !j.made(field)
}

// made says whether the chart draws a field by lot.
func (j *judge) made(field render.Path) bool {
	if len(j.random) == 0 {
		return false
	}
	key := j.object.Key.String()
	return j.random[key+": "+field.String()] || j.random[key+": added"] || j.random[key+": removed"]
}

// judgePlain looks for secrets that stand where everybody who reads the tree sees them.
func judgePlain(ctx context.Context, in validate.Input) ([]validate.Finding, []validate.Unchecked, error) {
	var found []validate.Finding
	names, tokens := map[string]bool{}, map[string]bool{}
	for _, result := range in.Results {
		for _, o := range result.Set.Objects {
			if o.Key.Kind == "Secret" {
				names[o.Key.Name] = true
			}
		}
	}
	for _, result := range in.Results {
		blanks, random := validate.BlanksOf(result), map[string]bool{}
		for _, field := range result.Random {
			random[field] = true
		}
		for i := range result.Set.Objects {
			if err := ctx.Err(); err != nil {
				return nil, nil, err
			}
			j := judge{object: &result.Set.Objects[i], blanks: blanks, random: random, names: names, tokens: tokens}
			j.plain()
			found = append(found, j.found...)
		}
	}
	inFiles, unchecked, err := judgeFiles(ctx, in.Files, tokens)
	return append(found, inFiles...), unchecked, err
}

// plain judges one object. The text of a CustomResourceDefinition is documentation, and full of examples.
func (j *judge) plain() {
	if j.object.Key.Definition() {
		return
	}
	secret := j.object.Key.Group == "" && j.object.Key.Kind == "Secret"
	if secret {
		j.secret()
	}
	if anyText(j.object.Tree, suspicious) {
		j.texts(secret)
	}
	j.containers()
}

// suspicious says whether a text is one that [judge.text] has something to say of.
func suspicious(text string) bool {
	if len(tokensIn(text)) > 0 || passwordURL(text) != "" || passwordConnection(text) != "" {
		return true
	}
	_, _, ok := keyIn(text)
	return ok
}

// anyText says whether some text of a tree is of a kind. Nearly no object has one that is looked for, and without paths and
// order a walk costs little.
func anyText(tree any, is func(string) bool) bool {
	switch t := tree.(type) {
	case string:
		return is(t)
	case map[string]any:
		for _, v := range t {
			if anyText(v, is) {
				return true
			}
		}
	case []any:
		for _, v := range t {
			if anyText(v, is) {
				return true
			}
		}
	}
	return false
}

// texts judges the texts of an object; those of a Secret's fields are judged by themselves.
func (j *judge) texts(secret bool) {
	strs(j.object.Tree, nil, func(field []any, text string) {
		if secret && len(field) > 0 && (field[0] == "data" || field[0] == "stringData") {
			return
		}
		j.text(field, text)
	})
}

// text looks for credentials, private keys and passwords of URLs in a text, and says whether it found any. Whole lines
// of a text that is a file of its own are left out where they are comments.
func (j *judge) text(field render.Path, text string) bool {
	before := len(j.found)
	if j.made(field) {
		return false
	}
	var worst *token
	for _, t := range tokensIn(text) {
		j.tokens[text[t.start:t.end]] = true
		if t.open(text, j.nameOf(field)); worst == nil || worst.id && !t.id {
			worst = &t
		}
	}
	if worst != nil {
		f := j.say(credential, field, "%s holds %s", field, worst.what)
		f.Source = worst.source
		f.Severity, f.Why = worst.weight()
	}
	if t, key, ok := keyIn(text); ok {
		j.tokens[key] = true
		j.say(privateKey, field, "%s holds %s", field, t.what)
	}
	if at := passwordURL(text); at != "" {
		j.say(urlPassword, field, "%s holds a URL of the scheme %s with a password in it", field, at)
	} else if what := passwordConnection(text); what != "" {
		j.say(urlPassword, field, "%s holds %s with a password in it", field, what)
	}
	return len(j.found) > before
}

// nameOf gives the name of what a field holds: its last key, or the name of the variable that it is the value of.
func (j *judge) nameOf(field render.Path) string {
	if len(field) == 0 {
		return ""
	}
	name, _ := field[len(field)-1].(string)
	if name == "value" {
		if variable, ok := field[:len(field)-1].In(j.object.Tree); ok {
			name = cmp.Or(validate.TextAt(variable, "name"), name)
		}
	}
	return name
}

// strs calls f for every text of a tree, in the order of keys and lists. The path is reused.
func strs(tree any, path []any, f func(path []any, text string)) {
	switch t := tree.(type) {
	case string:
		f(path, t)
	case map[string]any:
		for _, key := range slices.Sorted(maps.Keys(t)) {
			strs(t[key], append(path, key), f)
		}
	case []any:
		for i, v := range t {
			strs(v, append(path, i), f)
		}
	}
}
