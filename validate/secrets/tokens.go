package secrets

import (
	"encoding/base64"
	"encoding/json"
	"strings"
	"sync"
	"unicode"
)

// shape is how one vendor writes a credential: a prefix that nobody else uses, and what follows it.
type shape struct {
	what   string // "a GitHub token"
	prefix string
	of     string // the characters that follow, besides letters and digits unless it is hex
	least  int    // how many follow at least
	most   int    // how many follow at most; 0 for any number
	holds  string // a text that is among what follows; empty for none
	source string // where the vendor says so
}

// hex stands for the digits of hexadecimal numbers in lower case in [shape.of].
const hex = "hex"

const (
	gitlabDoc     = "https://docs.gitlab.com/security/tokens/#token-prefixes"
	githubDoc     = "https://docs.github.com/en/authentication/keeping-your-account-and-data-secure/about-authentication-to-github#githubs-token-formats"
	slackDoc      = "https://docs.slack.dev/authentication/tokens"
	awsDoc        = "https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_identifiers.html#identifiers-unique-ids"
	stripeDoc     = "https://docs.stripe.com/keys"
	vaultDoc      = "https://developer.hashicorp.com/vault/docs/concepts/tokens#token-prefixes"
	doDoc         = "https://docs.digitalocean.com/reference/api/create-personal-access-token/"
	pypiDoc       = "https://pypi.org/help/#apitoken"
	tailscaleDoc  = "https://tailscale.com/kb/1277/key-prefixes"
	sonarDoc      = "https://docs.sonarsource.com/sonarqube-server/user-guide/managing-tokens"
	sentryDoc     = "https://docs.sentry.io/account/auth-tokens/"
	shopifyDoc    = "https://shopify.dev/changelog/length-of-the-shopify-access-token-is-increasing"
	dockerDoc     = "https://docs.docker.com/security/access-tokens/"
	atlassianDoc  = "https://support.atlassian.com/atlassian-account/docs/manage-api-tokens-for-your-atlassian-account/"
	grafanaDoc    = "https://grafana.com/docs/grafana/latest/administration/service-accounts/"
	anthropicDoc  = "https://docs.claude.com/en/api/overview"
	openaiDoc     = "https://platform.openai.com/docs/api-reference/authentication"
	dynatraceDoc  = "https://docs.dynatrace.com/docs/manage/identity-access-management/access-tokens-and-oauth-clients/access-tokens"
	ageDoc        = "https://github.com/C2SP/C2SP/blob/main/age.md"
	microsoftDoc  = "https://learn.microsoft.com/en-us/azure/storage/common/storage-configure-connection-string"
	googleKeyDoc  = "https://cloud.google.com/docs/authentication/api-keys"
	huggingDoc    = "https://huggingface.co/docs/hub/security-tokens"
	npmDoc        = "https://docs.npmjs.com/about-access-tokens"
	sendgridDoc   = "https://www.twilio.com/docs/sendgrid/ui/account-and-settings/api-keys"
	newRelicDoc   = "https://docs.newrelic.com/docs/apis/intro-apis/new-relic-api-keys/"
	databricksDoc = "https://docs.databricks.com/aws/en/dev-tools/auth/pat"
	rubyDoc       = "https://guides.rubygems.org/api-key-scopes/"
	webhookDoc    = "https://docs.slack.dev/messaging/sending-messages-using-incoming-webhooks"
	terraformDoc  = "https://developer.hashicorp.com/terraform/cloud-docs/users-teams-organizations/api-tokens"
	postmanDoc    = "https://learning.postman.com/docs/developer/postman-api/authentication/"
	dopplerDoc    = "https://docs.doppler.com/reference/auth-token-formats"
	pulumiDoc     = "https://www.pulumi.com/docs/administration/access-identity/access-tokens/"
	linearDoc     = "https://linear.app/developers/graphql"
	discordDoc    = "https://discord.com/developers/docs/resources/webhook"
	onePassDoc    = "https://developer.1password.com/docs/service-accounts/use-with-1password-cli"
)

// shapes are the credentials that are known by their prefix alone. Credentials without one (an AWS secret key, most API
// keys) look like any random text, and are judged by the name of the field that holds them. A shape that ends with a
// dash says more than letters would: "sk-" alone is the start of many words, and is not listed.
var shapes = []shape{
	{"a GitHub token", "ghp_", "", 36, 251, "", githubDoc},
	{"a GitHub token", "gho_", "", 36, 251, "", githubDoc},
	{"a GitHub token", "ghu_", "", 36, 251, "", githubDoc},
	{"a GitHub token", "ghs_", "._-", 36, 0, "", githubDoc},
	{"a GitHub token", "ghr_", "", 36, 251, "", githubDoc},
	{"a GitHub token", "github_pat_", "_", 82, 0, "", githubDoc},
	{"a GitLab token", "glpat-", "_-.", 20, 0, "", gitlabDoc},
	{"a GitLab token", "gldt-", "_-.", 20, 0, "", gitlabDoc},
	{"a GitLab token", "glrt-", "_-.", 20, 0, "", gitlabDoc},
	{"a GitLab token", "glrtr-", "_-.", 20, 0, "", gitlabDoc},
	{"a GitLab token", "glcbt-", "_-.", 20, 0, "", gitlabDoc},
	{"a GitLab token", "glptt-", "_-.", 20, 0, "", gitlabDoc},
	{"a GitLab token", "glft-", "_-.", 20, 0, "", gitlabDoc},
	{"a GitLab token", "glimt-", "_-.", 20, 0, "", gitlabDoc},
	{"a GitLab token", "glagent-", "_-.", 20, 0, "", gitlabDoc},
	{"a GitLab token", "gloas-", "_-.", 20, 0, "", gitlabDoc},
	{"a GitLab token", "glsoat-", "_-.", 20, 0, "", gitlabDoc},
	{"a GitLab runner's registration token", "GR1348941", "_-", 20, 0, "", gitlabDoc},
	{accessKey, "AKIA", "upper", 16, 16, "", awsDoc},
	{accessKey, "ASIA", "upper", 16, 16, "", awsDoc},
	{"a Slack token", "xoxb-", "-", 24, 0, "", slackDoc},
	{"a Slack token", "xoxp-", "-", 24, 0, "", slackDoc},
	{"a Slack token", "xoxe.", "-.", 24, 0, "", slackDoc},
	{"a Slack token", "xoxe-", "-", 24, 0, "", slackDoc},
	{"a Slack token", "xapp-", "-", 24, 0, "", slackDoc},
	{"a Slack webhook", "hooks.slack.com/services/", "/", 30, 0, "/", webhookDoc},
	{"a Slack webhook", "hooks.slack.com/workflows/", "/", 30, 0, "/", webhookDoc},
	{"a Discord webhook", "discord.com/api/webhooks/", "/_-", 60, 0, "/", discordDoc},
	{"a Discord webhook", "discordapp.com/api/webhooks/", "/_-", 60, 0, "/", discordDoc},
	{"a Google API key", "AIza", "_-", 35, 35, "", googleKeyDoc},
	{"a Google OAuth secret", "GOCSPX-", "_-", 28, 28, "", googleKeyDoc},
	{"a Stripe key", "sk_live_", "", 24, 0, "", stripeDoc},
	{"a Stripe key", "rk_live_", "", 24, 0, "", stripeDoc},
	{"a Stripe key", "sk_test_", "", 24, 0, "", stripeDoc},
	{"a Stripe key", "rk_test_", "", 24, 0, "", stripeDoc},
	{"a Vault token", "hvs.", "_-", 24, 0, "", vaultDoc},
	{"a Vault token", "hvb.", "_-", 24, 0, "", vaultDoc},
	{"a Vault token", "hvr.", "_-", 24, 0, "", vaultDoc},
	{"a DigitalOcean token", "dop_v1_", hex, 64, 64, "", doDoc},
	{"a DigitalOcean token", "doo_v1_", hex, 64, 64, "", doDoc},
	{"a DigitalOcean token", "dor_v1_", hex, 64, 64, "", doDoc},
	{"an npm token", "npm_", "", 36, 36, "", npmDoc},
	{"a PyPI token", "pypi-AgEIcHlwaS5vcmc", "_-", 50, 0, "", pypiDoc},
	{"a PyPI token", "pypi-AgENdGVzdC5weXBpLm9yZw", "_-", 50, 0, "", pypiDoc},
	{"a RubyGems key", "rubygems_", hex, 48, 48, "", rubyDoc},
	{"a Docker Hub token", "dckr_pat_", "_-", 27, 0, "", dockerDoc},
	{"a Docker Hub token", "dckr_oat_", "_-", 27, 0, "", dockerDoc},
	{"a SendGrid key", "SG.", "_-.", 66, 66, ".", sendgridDoc},
	{"an OpenAI key", "sk-", "_-", 40, 0, "T3BlbkFJ", openaiDoc},
	{"an OpenAI key", "sk-proj-", "_-", 40, 0, "", openaiDoc},
	{"an Anthropic key", "sk-ant-", "_-", 80, 0, "", anthropicDoc},
	{"a Hugging Face token", "hf_", "", 34, 40, "", huggingDoc},
	{"a Grafana token", "glsa_", "_", 41, 41, "_", grafanaDoc},
	{"a Grafana Cloud token", "glc_eyJ", "+/=", 40, 0, "", grafanaDoc},
	{"a New Relic key", "NRAK-", "", 27, 27, "", newRelicDoc},
	{"a Sentry token", "sntrys_", "_=+/", 50, 0, "", sentryDoc},
	{"a Sentry token", "sntryu_", hex, 64, 64, "", sentryDoc},
	{"a Terraform token", ".atlasv1.", "_-", 60, 0, "", terraformDoc},
	{"a Tailscale key", "tskey-", "-", 20, 0, "-", tailscaleDoc},
	{"an Azure storage key", "AccountKey=", "+/=", 88, 88, "==", microsoftDoc},
	{"an Atlassian token", "ATATT3xFfGF0", "_-=", 100, 0, "", atlassianDoc},
	{"a Shopify token", "shpat_", hex, 32, 0, "", shopifyDoc},
	{"a Databricks token", "dapi", hex, 32, 32, "", databricksDoc},
	{"a Dynatrace token", "dt0c01.", ".", 80, 0, ".", dynatraceDoc},
	{"a Postman key", "PMAK-", "-", 59, 59, "-", postmanDoc},
	{"a Doppler token", "dp.pt.", "", 40, 44, "", dopplerDoc},
	{"a Doppler token", "dp.st.", ".-_", 40, 0, "", dopplerDoc},
	{"a Pulumi token", "pul-", hex, 40, 40, "", pulumiDoc},
	{"a Linear key", "lin_api_", "", 40, 40, "", linearDoc},
	{"a 1Password token", "ops_eyJ", "_-", 100, 0, "", onePassDoc},
	{"a SonarQube token", "sqp_", hex, 40, 40, "", sonarDoc},
	{"a SonarQube token", "squ_", hex, 40, 40, "", sonarDoc},
	{"a SonarQube token", "sqa_", hex, 40, 40, "", sonarDoc},
	{"an age identity", "AGE-SECRET-KEY-1", "upper", 58, 58, "", ageDoc},
}

const (
	leastToken   = 20       // the length of the shortest credential that a shape knows
	longestToken = 1 << 10  // how far one is read, so that a text of many beginnings takes time in proportion to its length
	longestKey   = 16 << 10 // the same of a private key; RSA of 8192 bits takes 6 KiB
)

// token is a credential found in a text: text[start:end].
type token struct {
	what       string
	start, end int
	source     string // where its shape is from; empty for that of the rule
	id         bool   // it only says which credential is meant, see [token.open]
}

// shapesAt are the shapes by the three characters that their prefixes begin with, so that a text is read once and not
// once for each.
var shapesAt = sync.OnceValue(func() map[string][]shape {
	m := map[string][]shape{}
	for _, s := range shapes {
		m[s.prefix[:3]] = append(m[s.prefix[:3]], s)
	}
	return m
})

// pairs are the pairs of characters that the prefixes of shapes begin with: most places of a text have none of them, and are
// passed without a look at the shapes.
type pairs [1 << 16 / 64]uint64

func (p *pairs) add(a, b byte) { p[int(a)<<2|int(b)>>6] |= 1 << (b & 63) }

func (p *pairs) has(a, b byte) bool { return p[int(a)<<2|int(b)>>6]&(1<<(b&63)) != 0 }

var pairsOfShapes = sync.OnceValue(func() *pairs {
	var p pairs
	for _, s := range shapes {
		p.add(s.prefix[0], s.prefix[1])
	}
	return &p
})

// tokensIn finds the credentials of a text, in their order.
func tokensIn(text string) []token {
	if longestRun(text) < leastToken {
		return nil
	}
	var found []token
	known, begins := shapesAt(), pairsOfShapes()
	for i := 0; i+leastToken <= len(text); i++ {
		if !begins.has(text[i], text[i+1]) {
			continue
		}
		end := i
		for _, s := range known[text[i:i+3]] {
			t, ok := s.at(text, i)
			end = max(end, t.end)
			if ok {
				found = append(found, t)
				break
			}
		}
		// What is as long as a credential and is none is one word, in which no other begins.
		if end-i > leastToken {
			i = end - 1
		}
	}
	return append(found, webTokens(text)...)
}

// longestRun gives the length of the longest piece of a text without white space and quotes: most texts are too short to
// hold a credential, and are let go after one look.
func longestRun(text string) int {
	longest, start := 0, 0
	for i := 0; i < len(text); i++ {
		switch text[i] {
		case ' ', '\n', '\t', '"', '\'':
			longest, start = max(longest, i-start), i+1
		}
	}
	return max(longest, len(text)-start)
}

// at says whether a credential of the shape begins at a place of a text, and where what was read ends.
func (s shape) at(text string, start int) (token, bool) {
	if !strings.HasPrefix(text[start:], s.prefix) {
		return token{}, false
	}
	// What stands before belongs to another word; Terraform's tokens have their name there.
	if start > 0 && (isWord(text[start-1]) || text[start-1] == '_') && s.prefix[0] != '.' {
		return token{}, false
	}
	body := start + len(s.prefix)
	end := body
	for end < min(len(text), body+longestToken) && s.takes(text[end]) {
		end++
	}
	rest := text[body:end]
	if len(rest) < s.least || s.most > 0 && len(rest) > s.most || !strings.Contains(rest, s.holds) || !random(rest) {
		return token{end: end}, false
	}
	return token{s.what, start, end, s.source, false}, true
}

// takes says whether a character may be part of what follows the prefix.
func (s shape) takes(c byte) bool {
	switch {
	case s.of == hex:
		return c >= '0' && c <= '9' || c >= 'a' && c <= 'f'
	case s.of == "upper":
		return c >= '0' && c <= '9' || c >= 'A' && c <= 'Z'
	}
	return isWord(c) || strings.IndexByte(s.of, c) >= 0
}

func isWord(c byte) bool {
	return c >= '0' && c <= '9' || c >= 'A' && c <= 'Z' || c >= 'a' && c <= 'z'
}

// random says whether a text looks drawn by lot. What documentation shows in place of a credential does not: it repeats
// a character, or says that it is an example.
func random(text string) bool {
	var seen [256]bool
	repeated, distinct := 1, 0
	for i := 0; i < len(text); i++ {
		if !seen[text[i]] {
			seen[text[i]] = true
			distinct++
		}
		if i > 0 && text[i] == text[i-1] {
			repeated++
		} else {
			repeated = 1
		}
		if repeated > 5 {
			return false
		}
	}
	lower := strings.ToLower(text)
	for _, word := range []string{"example", "xxxx", "your", "redacted", "changeme", "placeholder"} {
		if strings.Contains(lower, word) {
			return false
		}
	}
	return distinct >= 8
}

// exampleSubject is what the payload of the token begins with that tutorials and tests copy from jwt.io: the subject 1234567890.
const exampleSubject = "eyJzdWIiOiIxMjM0NTY3ODkwIiwib"

// webTokens finds signed JSON web tokens (RFC 7519): three parts, of which the first says the algorithm.
func webTokens(text string) []token {
	var found []token
	for at := 0; ; {
		n := strings.Index(text[at:], "eyJ")
		if n < 0 {
			return found
		}
		start := at + n
		end := start
		for end < len(text) && (isWord(text[end]) || strings.IndexByte("_-.", text[end]) >= 0) {
			end++
		}
		at = end
		parts := strings.Split(text[start:end], ".")
		if len(parts) != 3 || len(parts[2]) < 20 || start > 0 && isWord(text[start-1]) {
			continue
		}
		var header struct {
			Algorithm string `json:"alg"`
		}
		raw, err := base64.RawURLEncoding.DecodeString(parts[0])
		if strings.HasPrefix(parts[1], exampleSubject) {
			continue
		}
		if err == nil && json.Unmarshal(raw, &header) == nil && header.Algorithm != "" && header.Algorithm != "none" {
			found = append(found, token{"a JSON web token", start, end, "RFC 7519", false})
		}
	}
}

// privateKeyIn finds the first private key in PEM (RFC 7468) that no passphrase protects. One whose body is left out, as
// documentation does, is none; nor is a mere mention of the first line, as the values of many charts have it in a comment:
// where no last line follows, what stands right behind has to be a line of the key.
func privateKeyIn(text string) (token, bool) {
	for at := 0; ; {
		n := strings.Index(text[at:], "-----BEGIN ")
		if n < 0 {
			return puttyKeyIn(text)
		}
		start := at + n
		at = start + len("-----BEGIN ")
		label, rest, closed := strings.Cut(text[at:], "-----")
		if !closed || !strings.HasSuffix(label, "PRIVATE KEY") && label != "PGP PRIVATE KEY BLOCK" || strings.HasPrefix(label, "ENCRYPTED") {
			continue
		}
		within := rest[:min(len(rest), longestKey)]
		body, behind, _ := strings.Cut(within, "-----")
		if strings.Contains(body, "ENCRYPTED") || !keyBody(body) || !strings.HasPrefix(behind, "END ") && !keyBody(firstWord(body)) {
			continue
		}
		return token{"a private key", start, at + len(label) + len("-----") + len(body), "", false}, true
	}
}

// leastKey is how much base64 a private key has at least.
const leastKey = 44

// keyBody says whether a text holds enough base64 for a key. Line breaks may be spelled "\n", as JSON has them.
func keyBody(body string) bool {
	letters := 0
	for _, c := range strings.ReplaceAll(body, `\n`, "") {
		if c < unicode.MaxASCII && (isWord(byte(c)) || c == '+' || c == '/' || c == '=') {
			letters++
		}
	}
	return letters >= leastKey && random(strings.Join(strings.Fields(body), ""))
}

// firstWord is what stands first in the body of a key, behind the mark of a comment.
func firstWord(body string) string {
	for word := range strings.FieldsSeq(strings.ReplaceAll(body, `\n`, "\n")) {
		if strings.Trim(word, "#") != "" {
			return word
		}
	}
	return ""
}

// puttyKeyIn finds a private key as PuTTY writes it.
func puttyKeyIn(text string) (token, bool) {
	at := strings.Index(text, "PuTTY-User-Key-File-")
	if at < 0 || !strings.Contains(text[at:], "Encryption: none") || !strings.Contains(text[at:], "Private-Lines:") {
		return token{}, false
	}
	return token{"a private key", at, len(text), "", false}, true
}
