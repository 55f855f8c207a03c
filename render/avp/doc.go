// Package avp finds the argocd-vault-plugin placeholders in a set of objects and repairs the spelling that charts gave
// them.
//
// A chart that passes a value through urlquery, toJson, html or b64enc also rewrites the placeholder in it, and the
// plugin then leaves the text alone without a word (argocd-vault-plugin issues 701, 367, 381, 152). [Decode] gives the
// placeholder its plain spelling back, lists every placeholder in a ledger, and fails where one can never be replaced.
//
// The work is done on decoded scalars, never on lines of text: a text replacement of %3C or %2F over a whole file also
// rewrites the URLs around the placeholder. Only a span that is one complete placeholder after decoding changes; every
// other byte stays. The grammar is the plugin's own (pkg/kube/util.go of v1.18.1), which these parts follow:
//
//   - <path:PATH#KEY> and <path:PATH#KEY#VERSION>, each part at least one character other than "#", closed by the
//     first ">" after KEY, with "| modifier" stages before it. Newlines may occur; "<path:" is exact.
//   - <key> only in objects annotated avp.kubernetes.io/path, and then every <...> on one line is a placeholder.
//     A spelled-out %3Ckey%3E is taken for one only if it has nothing but letters, digits, "_", "." and "-" before
//     its modifiers, because escaped HTML is common and works today; an element whose end tag follows in the same
//     spelling, and one that never has an end tag, is HTML too.
//   - Objects annotated avp.kubernetes.io/ignore are skipped by the plugin: nothing in them is decoded and nothing in
//     them is an error, but their placeholders are in the ledger, for a rule to warn about.
//   - Any string of a Secret that is padded standard base64 is decoded once. Deeper levels, base64 in other kinds and
//     base64 inside a longer text are never reached, nor is a list directly inside a list: placeholders there are errors.
//   - Mapping keys are never replaced (issue 171). Their placeholders are in the ledger as they stand.
//
// Stricter than the plugin, on purpose: a "<" or ">" in PATH, KEY or VERSION is an error, because it means that a broken
// placeholder swallowed the text up to the next one; so are escapes left inside a placeholder.
package avp
