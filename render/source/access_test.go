package source

import (
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// secret is in every password and token of these tests; no error and no note may hold it.
const secret = "hunter2"

func silent(t *testing.T, texts ...string) {
	t.Helper()
	for _, text := range texts {
		if strings.Contains(text, secret) {
			t.Errorf("the secret is in %q", text)
		}
	}
}

func address(t *testing.T, raw string) *url.URL {
	t.Helper()
	u, err := url.Parse(raw)
	must(t, err)
	return u
}

// standard is an Access with the files of a home directory.
func standard(t *testing.T, netrc, repositories string) *Access {
	t.Helper()
	home := folder(t, map[string]string{"netrc": netrc, "repositories.yaml": repositories})
	return &Access{Netrc: filepath.Join(home, "netrc"), HelmRepositories: filepath.Join(home, "repositories.yaml")}
}

// knows spells what an Access sends to an address: "user:password", "Bearer token", or nothing.
func knows(t *testing.T, a *Access, raw string) string {
	t.Helper()
	l, err := a.login(address(t, raw))
	must(t, err)
	switch {
	case l.token != "" && l.user+l.password != "":
		t.Fatalf("%s: both a password and a token", raw)
	case l.token != "":
		return "Bearer " + l.token
	case l.from != "":
		return l.user + ":" + l.password
	}
	if l != (credential{}) {
		t.Errorf("%s: %+v is from nowhere", raw, l)
	}
	return ""
}

func TestABeginningOfAURLIsNotABeginningOfText(t *testing.T) {
	a := &Access{Named: map[string]string{
		"https://example.com": "all:" + secret, "https://example.com/team": "team:" + secret,
		"https://example.com/team/private/": "token-" + secret, "http://plain.example.com": "plain:" + secret + ":with:colons",
		"https://port.example.com:8443/x": "port:" + secret, "oci://registry.example.com/org": "oci:" + secret,
		"https://empty.example.com": "",
	}}
	for raw, want := range map[string]string{
		"https://example.com":                       "all:" + secret,
		"https://EXAMPLE.com:443/":                  "all:" + secret,
		"https://example.com/teammate/x":            "all:" + secret,
		"https://example.com/team":                  "team:" + secret,
		"https://example.com/team/index.yaml?x=1":   "team:" + secret,
		"https://example.com/a/../team/x":           "team:" + secret,
		"https://example.com/team/../x":             "all:" + secret,
		"https://example.com/team/%2e%2e/x":         "all:" + secret,
		"https://example.com/team/private":          "Bearer token-" + secret,
		"https://example.com/team/private/web.tgz":  "Bearer token-" + secret,
		"https://example.com/team//private/web.tgz": "Bearer token-" + secret,
		"https://example.com.evil/team":             "",
		"https://example.com@evil.example.net/":     "",
		"https://example.comevil/":                  "",
		"https://evil.example.net/example.com":      "",
		"https://sub.example.com/":                  "",
		"https://example.com:8443/":                 "",
		"http://example.com/":                       "",
		"http://example.com:443/":                   "",
		"http://plain.example.com:80/x":             "plain:" + secret + ":with:colons",
		"https://port.example.com:8443/x/y":         "port:" + secret,
		"https://port.example.com/x":                "",
		"https://port.example.com:8443/xy":          "",
		"oci://registry.example.com/org/web":        "oci:" + secret,
		"oci://registry.example.com/organisation":   "",
		"https://registry.example.com/org/web":      "",
		"https://empty.example.com/":                "",
		"file:///example.com":                       "",
	} {
		if got := knows(t, a, raw); got != want {
			t.Errorf("%s: %q, want %q", raw, got, want)
		}
	}
	var none *Access
	if got := knows(t, none, "https://example.com"); got != "" {
		t.Errorf("a nil Access knows %q", got)
	}
}

func TestThePlacesHaveAnOrder(t *testing.T) {
	a := standard(t, `
machine named.example.com login netrc password n-`+secret+`
machine helm.example.com login netrc password n-`+secret+`
machine netrc.example.com login netrc password n-`+secret+`
machine half.example.com login netrc password n-`+secret+`
machine Upper.Example.com login upper password n-`+secret+`
machine 127.0.0.1 login loop password n-`+secret+`
machine netrc.example.com login second password n-`+secret+`
machine nopassword.example.com login netrc
`, `
repositories:
- {name: a, url: "https://named.example.com/charts", username: helm, password: `+secret+`}
- {name: b, url: "https://helm.example.com/charts/", username: helm, password: `+secret+`}
- {name: c, url: "https://helm.example.com/charts/deep", username: deep, password: `+secret+`}
- {name: d, url: "https://half.example.com", username: helm}
- {name: e, url: "http://helm.example.com", username: plain, password: `+secret+`}
- {name: f, url: "file:///srv/charts"}
- {name: g, url: "https://helm.example.com/charts/", username: second, password: `+secret+`}
`)
	a.Named = map[string]string{"https://named.example.com": "named:" + secret, "https://helm.example.com/charts/token": "t-" + secret}
	for raw, want := range map[string]string{
		"https://named.example.com/charts/index.yaml": "named:" + secret,
		"https://helm.example.com/charts/index.yaml":  "helm:" + secret,
		"https://helm.example.com/charts/deep/x":      "deep:" + secret,
		"https://helm.example.com/charts/token/x":     "Bearer t-" + secret,
		"https://helm.example.com/other":              "netrc:n-" + secret,
		"http://helm.example.com/other":               "plain:" + secret,
		"https://half.example.com/":                   "netrc:n-" + secret,
		"https://netrc.example.com:8443/":             "netrc:n-" + secret,
		"oci://netrc.example.com/x":                   "netrc:n-" + secret,
		"https://upper.example.com/":                  "upper:n-" + secret,
		"http://netrc.example.com/":                   "", // anybody on the way could read it
		"http://127.0.0.1:8080/":                      "loop:n-" + secret,
		"https://nopassword.example.com/":             "",
		"https://nobody.example.com/":                 "",
	} {
		if got := knows(t, a, raw); got != want {
			t.Errorf("%s: %q, want %q", raw, got, want)
		}
	}
}

func TestNetrcIsReadAsCurlReadsIt(t *testing.T) {
	for content, want := range map[string]string{
		"machine a login u password p":                              "u:p",
		"machine\n a\n\tlogin\tu\r\n\r\npassword p\r\n":             "u:p",
		"machine a password p login u account x":                    "u:p",
		"machine b login x password y\nmachine a password p":        ":p",
		"default login u password p":                                "u:p",
		"default login x password y\nmachine a password p":          ":p",
		"default login u password p\ndefault password y":            "u:p",
		"# machine a\n # one\n # two\nmachine a password p # x":     ":p",
		"machine a\n # one\n # two\n password p":                    ":p",
		"machine a password #p":                                     ":#p",
		"machine a password p#q":                                    ":p#q",
		"machine a password machine login u":                        "u:machine",
		`machine a password "p q" login "u\"\\\n\x"`:                "u\"\\\nx:p q",
		`machine a password p"q`:                                    `:p"q`,
		`machine a password "" login u`:                             "",
		"macdef init\nmachine a password x\n\nmachine a password p": ":p",
		"machine b macdef init\r\nx\r\n\r\nmachine a password p":    ":p",
		"macdef init\nmachine a password x\n":                       "",
		"machine a login u":                                         "",
		"machine a port 993 password x\nmachine a password p":       ":p",
		"machine a port 443 password p":                             ":p",
		"machine a protocol https password p":                       ":p",
		"machine a port imap login u password p":                    "",
		"machine A password p":                                      ":p",
		"machine a.b password p":                                    "",
		"":                                                          "",
		"\n # nothing":                                              "",
	} {
		if got := knows(t, standard(t, content, ""), "https://a/x"); got != want {
			t.Errorf("%q: %q, want %q", content, got, want)
		}
	}
}

func TestAMalformedFileIsNamedAndNotShown(t *testing.T) {
	for _, c := range []struct{ netrc, repositories, want string }{
		{netrc: "machine a\nlogin u\npassword p " + secret + "\n", want: "netrc:3: there is a word where machine"},
		{netrc: "\n\nmachine", want: "netrc:3: machine has no value"},
		{netrc: "machine a password", want: "netrc:1: password has no value"},
		{netrc: "# x\npassword " + secret, want: "netrc:2: password stands before the first machine"},
		{netrc: "machine a\npassword \"" + secret + "\nlogin u", want: "netrc:2: password has no value"},
		{netrc: "machine a\n\"" + secret, want: "netrc:2: a word in quotes has no end"},
		{netrc: "macdef x\n\n\n\n" + secret, want: "netrc:5: there is a word"},
		{netrc: "macdef x\na\nb\n\n" + secret, want: "netrc:5: there is a word"},
		{netrc: "#\r\n#\r\n" + secret, want: "netrc:3: there is a word"},
		{netrc: `{"password": "` + secret + `"}`, want: "netrc:1: there is a word"},
		{repositories: "repositories:\n- url: https://a\n  password: *" + secret, want: "repositories.yaml: it is not what helm writes"},
		{repositories: "repositories:\n- url: https://a\n  pass_credentials_all: " + secret, want: "repositories.yaml:3: it is not"},
		{repositories: "repositories:\n- url: https://a\n  password: [" + secret + "]", want: "repositories.yaml:3: it is not"},
		{repositories: "repositories:\n- url: https://a\n  password: \"" + secret, want: "repositories.yaml:"},
		{repositories: "repositories:\n- password: " + secret + "\n  password: " + secret, want: "repositories.yaml:3: it is not"},
		{repositories: secret, want: "repositories.yaml:1: it is not"},
		{repositories: "repositories:\n- url: https://a\n- url: https://x:" + secret + "@%zz", want: "repositories.yaml: the url of entry 2 is not a URL"},
	} {
		a := standard(t, c.netrc, c.repositories)
		for range 2 { // the second answer is the kept one
			l, err := a.login(address(t, "https://a/x"))
			if err == nil || l != (credential{}) || !strings.Contains(err.Error(), c.want) {
				t.Fatalf("%q%q: %+v, error %v; want %q", c.netrc, c.repositories, l, err, c.want)
			}
			silent(t, err.Error())
		}
	}
	for prefix, value := range map[string]string{
		"a.example.com/x":           "u:" + secret,
		"https://":                  "u:" + secret,
		"https://u:" + secret + "@": "u:" + secret,
		"u:" + secret + "@a/x":      "u:" + secret,
		"https://a":                 "u:" + secret + "\nX-More: 1",
	} {
		a := &Access{Named: map[string]string{prefix: value}}
		_, err := a.login(address(t, "https://a/x"))
		if err == nil {
			t.Fatalf("%q: no error", prefix)
		}
		silent(t, append(hintsOf(err), err.Error())...)
	}
}

func TestAFileThatIsNotThereIsEmpty(t *testing.T) {
	dir := t.TempDir()
	a := &Access{Netrc: filepath.Join(dir, "no"), HelmRepositories: filepath.Join(dir, "no", "such")}
	if got := knows(t, a, "https://a/x"); got != "" {
		t.Errorf("knows %q", got)
	}
	must(t, os.WriteFile(filepath.Join(dir, "file"), nil, 0o644)) // HOME=/dev/null is spelled like this
	a = &Access{Netrc: filepath.Join(dir, "file", "netrc"), HelmRepositories: filepath.Join(dir, "file", "repositories.yaml")}
	if got := knows(t, a, "https://a/x"); got != "" {
		t.Errorf("knows %q", got)
	}
	a = &Access{Netrc: dir}
	if _, err := a.login(address(t, "https://a/x")); err == nil || !strings.Contains(err.Error(), dir) {
		t.Errorf("a directory in its place: error %v", err)
	}
}
