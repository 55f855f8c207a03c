package secrets_test

import (
	"encoding/base64"
	"fmt"
	"math/rand"
	"slices"
	"strconv"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"sluice/render"
	"sluice/validate"
	"sluice/validate/secrets"
)

// drawn gives n letters and digits, always the same for a seed: no credential stands in this file.
func drawn(n int, seed int64, letters string) string {
	r := rand.New(rand.NewSource(seed))
	b := make([]byte, n)
	for i := range b {
		b[i] = letters[r.Intn(len(letters))]
	}
	return string(b)
}

const (
	alnum = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
	upper = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"
	hexa  = "0123456789abcdef"
)

func pem(label string) string {
	return "-----BEGIN " + label + "-----\n" + drawn(64, 1, alnum) + "\n" + drawn(40, 2, alnum) + "\n-----END " + label + "-----\n"
}

func b64(text string) string { return base64.StdEncoding.EncodeToString([]byte(text)) }

func jwt() string {
	url := func(text string) string { return base64.RawURLEncoding.EncodeToString([]byte(text)) }
	return url(`{"alg":"RS256","typ":"JWT"}`) + "." + url(`{"sub":"a"}`) + "." + drawn(43, 3, alnum)
}

// object writes a manifest of a kind with one field of a part.
func object(kind, part, name, value string) string {
	return fmt.Sprintf("apiVersion: v1\nkind: %s\nmetadata: {name: o}\n%s:\n  %q: %q\n", kind, part, name, value)
}

// rulesFor gives the rules that find something in manifests of an app with the plugin, and holds the messages to the promise
// that no value is in them.
func rulesFor(t *testing.T, manifests string, values ...string) []string {
	t.Helper()
	report := judged(t, input(nil, app(t, manifests, "avp")))
	for _, f := range report.Findings {
		for _, value := range values {
			if len(value) > 3 && strings.Contains(f.Message, value) {
				t.Errorf("a message shows the value: %s", f.Message)
			}
		}
	}
	return slices.Compact(slices.Sorted(slices.Values(ids(report))))
}

func TestCredentialsByTheirShape(t *testing.T) {
	for what, text := range map[string]string{
		"GitHub":          "ghp_" + drawn(36, 4, alnum),
		"GitHub fine":     "github_pat_" + drawn(22, 5, alnum) + "_" + drawn(59, 6, alnum),
		"GitLab":          "glpat-" + drawn(20, 7, alnum),
		"GitLab routable": "glpat-" + drawn(27, 7, alnum) + ".01." + drawn(9, 8, hexa),
		"AWS":             "AKIA" + drawn(16, 9, upper),
		"Slack":           "xoxb-" + drawn(12, 10, "0123456789") + "-" + drawn(13, 11, "0123456789") + "-" + drawn(24, 12, alnum),
		"Slack webhook":   "https://hooks.slack.com/services/T" + drawn(8, 13, upper) + "/B" + drawn(8, 14, upper) + "/" + drawn(24, 15, alnum),
		"Google":          "AIza" + drawn(35, 16, alnum),
		"Stripe":          "sk_live_" + drawn(24, 17, alnum),
		"Vault":           "hvs." + drawn(90, 18, alnum),
		"DigitalOcean":    "dop_v1_" + drawn(64, 19, hexa),
		"npm":             "npm_" + drawn(36, 20, alnum),
		"PyPI":            "pypi-AgEIcHlwaS5vcmc" + drawn(80, 21, alnum),
		"Docker":          "dckr_pat_" + drawn(27, 22, alnum),
		"SendGrid":        "SG." + drawn(22, 23, alnum) + "." + drawn(43, 24, alnum),
		"OpenAI":          "sk-" + drawn(20, 25, alnum) + "T3BlbkFJ" + drawn(20, 26, alnum),
		"Anthropic":       "sk-ant-api03-" + drawn(93, 27, alnum) + "AA",
		"Grafana":         "glsa_" + drawn(32, 28, alnum) + "_" + drawn(8, 29, hexa),
		"Terraform":       drawn(14, 30, alnum) + ".atlasv1." + drawn(67, 31, alnum),
		"Tailscale":       "tskey-auth-" + drawn(12, 32, alnum) + "CNTRL-" + drawn(32, 33, alnum),
		"Azure":           "DefaultEndpointsProtocol=https;AccountName=a;AccountKey=" + drawn(86, 34, alnum) + "==;EndpointSuffix=core.windows.net",
		"age":             "AGE-SECRET-KEY-1" + drawn(58, 35, upper),
		"JWT":             jwt(),
	} {
		for _, manifest := range []string{
			object("ConfigMap", "data", "run", "call it with "+text+" and go"),
			object("Secret", "stringData", "x", text),
			object("Secret", "data", "x", b64(`{"a": "`+text+`"}`)),
			podWith("{name: A, value: " + text + "}"),
			"apiVersion: v1\nkind: Pod\nmetadata: {name: p, annotations: {a: \"" + text + "\"}}\nspec: {containers: [{name: a, args: [\"x\", \"" + text + "\"]}]}\n",
		} {
			if got := rulesFor(t, manifest, text); !slices.Contains(got, "credential-token") {
				t.Errorf("%s: found %v in\n%s", what, got, manifest)
			}
		}
	}
}

func podWith(variable string) string {
	return "apiVersion: v1\nkind: Pod\nmetadata: {name: p}\nspec:\n  containers:\n  - name: main\n    env:\n    - " + variable + "\n"
}

func TestWhatLooksLikeACredentialAndIsNone(t *testing.T) {
	for _, text := range []string{
		"AKIAIOSFODNN7EXAMPLE", "ghp_xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx", "ghp_" + strings.Repeat("a", 36), "glpat-YOUR-TOKEN-GOES-IN-HERE", "sk-learn-is-a-library-for-python-machine-learning",
		"task_sk_live_" + drawn(24, 1, alnum), "sha256:" + drawn(64, 1, hexa), "https://hooks.slack.com/services/T000/B000/XXXX", "AGE-SECRET-KEY-1...",
		"eyJhbGciOiJub25lIn0.eyJzdWIiOiJhIn0." + drawn(43, 1, alnum), "eyJub3QiOiJhIn0.x.y", "age1" + drawn(58, 1, "qpzry9x8gf2tvdw0s3jn54khce6mua7l"),
		"-----BEGIN RSA PRIVATE KEY-----\n##\n## name should line up with a tlsSecret that is set further up, at /etc/tls/registry/certificates\n## of " + strings.Repeat("another sentence about what this is for, ", 20),
		strings.Join([]string{"eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9", base64.RawURLEncoding.EncodeToString([]byte(`{"sub":"1234567890","name":"John Doe"}`)), drawn(43, 3, alnum)}, "."),
		"# begins with -----BEGIN PRIVATE KEY----- and ends with -----END PRIVATE KEY-----",
		"hf_config", "npm_config_registry", "dapivariable", "-----BEGIN PRIVATE KEY-----\n...\n-----END PRIVATE KEY-----", pem("CERTIFICATE"), pem("PUBLIC KEY"), pem("ENCRYPTED PRIVATE KEY"),
		pem("CERTIFICATE REQUEST"), "-----BEGIN AGE ENCRYPTED FILE-----\n" + drawn(64, 2, alnum) + "\n-----END AGE ENCRYPTED FILE-----", pem("PGP PUBLIC KEY BLOCK"),
		"http://user@host/path", "https://$(USER):$(PASSWORD)@host", "https://user:${PASSWORD}@host", "postgres://user:{{ .password }}@host", "postgres://<user>:<password>@host", "https://host:8080/@scope/package",
		"# postgres://user:changeit@host", "git@github.com:org/repo.git", "https://a:***@b", "[https://a:b]@x", "postgres://u:<path:kv/data/a#host>@h",
	} {
		for _, manifest := range []string{object("ConfigMap", "data", "run", text), object("Secret", "stringData", "notes.txt", "some text\n"+text)} {
			if got := rulesFor(t, manifest); len(got) > 0 {
				t.Errorf("found %v in\n%s", got, manifest)
			}
		}
	}
}

func TestPrivateKeysAndURLs(t *testing.T) {
	for _, label := range []string{"PRIVATE KEY", "RSA PRIVATE KEY", "EC PRIVATE KEY", "OPENSSH PRIVATE KEY", "PGP PRIVATE KEY BLOCK"} {
		for _, manifest := range []string{
			object("ConfigMap", "data", "a", "x\n"+pem(label)), object("Secret", "data", "tls.key", b64(pem(label))), object("Secret", "stringData", "a", `{"private_key": "`+strings.ReplaceAll(pem(label), "\n", `\n`)+`"}`),
			object("Secret", "stringData", "kubeconfig", "users:\n- client-key-data: "+b64(pem(label))),
			object("ConfigMap", "data", "a", "# "+strings.ReplaceAll(pem(label), "\n", "\n# ")), object("ConfigMap", "data", "cut", pem(label)[:160]), object("ConfigMap", "data", "cut", "# "+strings.ReplaceAll(pem(label)[:130], "\n", "\n# ")),
		} {
			if got := rulesFor(t, manifest); !slices.Contains(got, "private-key") {
				t.Errorf("%s: found %v in\n%s", label, got, manifest)
			}
		}
	}
	for _, text := range []string{
		"redis://:s3cret-42@redis:6379/0", "amqp://app:Pa55w0rd@mq", "a=1 https://u:p%40ss-word9@h/x?y", "mongodb://root:toor@a,b/db", "jdbc:mysql://u:hunter2@h/d",
		"jdbc:postgresql://db/x?user=u&password=hunter2", "jdbc:sqlserver://db;user=u;Password=hunter2;encrypt=true",
	} {
		for _, manifest := range []string{object("ConfigMap", "data", "a", text), object("Secret", "stringData", "url", text), podWith("{name: DSN, value: \"" + text + "\"}")} {
			if got := rulesFor(t, manifest, text); !slices.Equal(got, []string{"url-password"}) {
				t.Errorf("found %v in\n%s", got, manifest)
			}
		}
	}
}

// severities gives "rule severity" of all that is found, for one line each.
func severities(t *testing.T, manifest string) string {
	t.Helper()
	var all []string
	for _, f := range judged(t, input(nil, app(t, manifest, "avp"))).Findings {
		all = append(all, f.Rule+" "+f.Severity.String())
	}
	return strings.Join(all, "\n")
}

// An access key's id is no secret where it is said to be the id; anywhere else it may be the half of a pair.
func TestIdsOfAccessKeys(t *testing.T) {
	id := "AKIA" + drawn(16, 3, "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567")
	issuer := "apiVersion: cert-manager.io/v1\nkind: ClusterIssuer\nmetadata: {name: a}\nspec: {acme: {solvers: [{dns01: {route53: {KEY: " + id + "}}}]}}\n"
	for manifest, want := range map[string]string{
		strings.Replace(issuer, "KEY", "accessKeyID", 1):                                             "credential-token info",
		strings.Replace(issuer, "KEY", "region", 1):                                                  "credential-token error",
		podWith("{name: AWS_ACCESS_KEY_ID, value: " + id + "}"):                                      "credential-token info",
		podWith("{name: AWS_SECRET_ACCESS_KEY, value: " + id + "}"):                                  "credential-token error",
		podWith("{name: NOTE, value: " + id + "}"):                                                   "credential-token error",
		podWith("{name: NOTE, value: \"id " + id + "\"}"):                                            "credential-token error",
		object("ConfigMap", "data", "credentials", "[default]\naws_access_key_id = "+id):             "credential-token info",
		object("ConfigMap", "data", "accessKeyId", "use "+id):                                        "credential-token error",
		object("Secret", "stringData", "access-key", id):                                             "credential-token info",
		object("ConfigMap", "data", "c", "aws_access_key_id="+id+"\ntoken=ghp_"+drawn(36, 4, alnum)): "credential-token error",
	} {
		if got := severities(t, manifest); got != want {
			t.Errorf("found %q, want %q in\n%s", got, want, manifest)
		}
	}
	for text, want := range map[string]validate.Severity{
		"accessKeyID: " + id: validate.Info, "env:\n- name: AWS_ACCESS_KEY_ID\n  value: \"" + id + "\"\n": validate.Info,
		"a: " + id: validate.Error, "- name: A\n  value: " + id + "\n": validate.Error, id: validate.Error, "keys: [" + id + "]": validate.Error,
	} {
		got := judged(t, input(fstest.MapFS{"values.yaml": {Data: []byte(text)}})).Findings
		if len(got) != 1 || got[0].Severity != want || strings.Contains(got[0].Message, id) {
			t.Errorf("%q: found %v", text, got)
		}
	}
}

// What nothing but its Secret makes a secret is worth knowing, and no more, unless it looks like one, or its Secret is one for them.
func TestHowPlainAValueIs(t *testing.T) {
	for _, c := range []struct{ name, value, want string }{
		{"metrics", "ENABLED=false", "info"},
		{"args", "--v=2 --log_dir=/x", "info"},
		{"image", "kube-prometheus-stack-58.1.0", "info"},
		{"zone", "eu-central-1b", "info"},
		{"pin", "correct-horse-42", "info"},
		{"password", "correct-horse-42", "warning"},
		{"FOO", "hunter2!", "warning"},
		{"FOO", drawn(32, 1, hexa), "warning"},
		{"FOO", drawn(24, 1, alnum), "warning"},
		{"FOO", "prefix-" + drawn(24, 5, alnum), "warning"},
		{"app.conf", "a=1\npassword=hunter2\n", "warning"},
	} {
		if got := severities(t, object("Secret", "stringData", c.name, c.value)); got != "plain-secret "+c.want {
			t.Errorf("%q: found %q", c, got)
		}
	}
	for _, name := range []string{"db-credentials", "s3-creds", "admin-password", "registry-auth"} {
		if got := severities(t, strings.Replace(object("Secret", "stringData", "pin", "correct-horse-42"), "name: o", "name: "+name, 1)); got != "plain-secret warning" {
			t.Errorf("of Secret %s: found %q", name, got)
		}
	}
	if got := severities(t, "type: kubernetes.io/basic-auth\n"+object("Secret", "stringData", "pin", "correct-horse-42")); got != "plain-secret warning" {
		t.Errorf("of a type for credentials: found %q", got)
	}
	for _, name := range []string{"app-secret", "secrets"} {
		if got := severities(t, strings.Replace(object("Secret", "stringData", "pin", "correct-horse-42"), "name: o", "name: "+name, 1)); got != "plain-secret info" {
			t.Errorf("of Secret %s: found %q", name, got)
		}
	}
}

func TestPlainValuesOfSecrets(t *testing.T) {
	for _, c := range [][2]string{
		{"password", "hunter2"},
		{"password", "admin"},
		{"adminPassword", "prom-operator"},
		{"POSTGRES_PASSWORD", "123456"},
		{"admin-password", "changeme"},
		{"token", drawn(32, 1, hexa)},
		{"FOO", "hunter2!"},
		{"key", drawn(40, 1, alnum)},
		{"htpasswd", "admin:hunter2"},
		{"aws_secret_access_key", drawn(40, 2, alnum)},
		{"clientSecret", "abc-def-1"},
		{"grafana.ini", "[security]\nadmin_user = admin\nadmin_password = hunter2\n"},
		{"config.yaml", "server:\n  user: a\n  password: \"hunter2\"\n"},
		{"app.json", `{"db": {"password": "hunter2"}}`},
		{"environment", "A=b\nAPI_KEY=" + drawn(20, 1, alnum) + "\n"},
	} {
		if got := rulesFor(t, object("Secret", "stringData", c[0], c[1]), c[1], "hunter2"); !slices.Equal(got, []string{"plain-secret"}) {
			t.Errorf("%q of stringData: found %v", c, got)
		}
		if got := rulesFor(t, object("Secret", "data", c[0], b64(c[1])), c[1], "hunter2"); !slices.Equal(got, []string{"plain-secret"}) {
			t.Errorf("%q of data: found %v", c, got)
		}
	}
	if got := rulesFor(t, object("Secret", "data", "key", base64.StdEncoding.EncodeToString([]byte{1, 2, 0xff, 0xfe, 5, 6, 7, 8}))); !slices.Equal(got, []string{"plain-secret"}) {
		t.Errorf("bytes: found %v", got)
	}
}

func TestWhatIsNoSecretInASecret(t *testing.T) {
	for _, c := range [][2]string{
		{"password", ""},
		{"password", "${DB_PASSWORD}"},
		{"password", "$(DB_PASSWORD)"},
		{"password", "{{ .Values.x }}"},
		{"password", "vault:secret/data/a#b"},
		{"password", "ref+vault://a/b#c"},
		{"password", "ENC[AES256_GCM,data:x,iv:y,tag:z,type:str]"},
		{"password", "op://vault/item/password"},
		{"password", "********"},
		{"password", "<path:kv/data/a#b>"},
		{"username", "netbox-admin1"},
		{"user", "u1"},
		{"host", "db-1.example.com"},
		{"port", "5432"},
		{"endpoint", "s3.example.com:443"},
		{"url", "https://a.example.com/x1"},
		{"email", "a@example.com"},
		{"DB_NAME", "netbox2"},
		{"enabled", "true"},
		{"timeout", "30s"},
		{"tls.crt", pem("CERTIFICATE")},
		{"ca.crt", pem("CERTIFICATE")},
		{"PASSWORD_FILE", "/run/secrets/a"},
		{"tokenTTL", "24h"},
		{"AWS_ACCESS_KEY_ID", "minio1"},
		{"mode", "standalone"},
		{"values.yaml", "a: 1\nb: two\npasswordSecretRef: x\n"},
		{"alertmanager.yaml", "global:\n  resolve_timeout: 5m\nroute:\n  receiver: \"null\"\n"},
		{"id_ed25519.pub", "ssh-ed25519 " + drawn(60, 1, alnum)},
		{"loki.yaml", "auth_enabled: false\nchunk_store_config: {}\npassword: ${X}\ntoken:\nsecret: |\n  a\n"},
		{"script.sh", "TOKEN=$(cat /run/token)\nPASSWORD=\"$1\"\n"},
		{"dashboard.json", `{"a": [1], "title": "Tokens1"}`},
		{"htpasswd", "admin:$2y$10$" + drawn(53, 1, alnum)},
		{"storageaccountname", "acct42"},
		{"bucket", "backup-2"},
		{"region", "eu-central-1"},
		{"group", "a1"},
	} {
		if got := rulesFor(t, object("Secret", "stringData", c[0], c[1])); len(got) > 0 {
			t.Errorf("%q: found %v", c, got)
		}
	}
	for name, manifest := range map[string]string{
		"service account": "apiVersion: v1\nkind: Secret\ntype: kubernetes.io/service-account-token\nmetadata: {name: s}\ndata: {token: " + b64("abc-1-def-2") + "}\n",
		"repository":      "apiVersion: v1\nkind: Secret\nmetadata: {name: s, labels: {argocd.argoproj.io/secret-type: repository}}\nstringData: {type: helm, name: a-1, url: oci.example.com/a1, project: p-1, enableOCI: \"true\"}\n",
		"certificate":     "apiVersion: v1\nkind: Secret\ntype: kubernetes.io/tls\nmetadata: {name: s}\ndata: {tls.crt: " + b64(pem("CERTIFICATE")) + ", ca.crt: " + b64(pem("CERTIFICATE")) + ", tls.key: \"\"}\n",
		"pull":            "apiVersion: v1\nkind: Secret\ntype: kubernetes.io/dockerconfigjson\nmetadata: {name: s}\ndata: {.dockerconfigjson: " + b64(`{"auths":{"registry.example.com":{"auth":""}}}`) + "}\n",
		"other kind":      "apiVersion: example.com/v1\nkind: Secret\nmetadata: {name: s}\nstringData: {field: hunter2!}\n",
		"definition":      "apiVersion: apiextensions.k8s.io/v1\nkind: CustomResourceDefinition\nmetadata: {name: a.example.com}\nspec: {description: \"postgres://u:hunter2@h " + jwt() + "\"}\n",
	} {
		if got := rulesFor(t, manifest); len(got) > 0 {
			t.Errorf("%s: found %v", name, got)
		}
	}
}

// What a chart draws by lot is said to be that by the render, and is in no repository.
func TestRandomValuesAreNoSecretsOfTheRepository(t *testing.T) {
	manifest := object("Secret", "data", "password", b64("hunter2")) + "---\n" + strings.Replace(object("Secret", "data", "tls.key", b64(pem("PRIVATE KEY"))), "name: o", "name: m", 1)
	r := app(t, manifest, "")
	if got := ids(judged(t, input(nil, r))); len(got) != 2 {
		t.Fatalf("found %v", got)
	}
	r.Random = []string{"Secret o: data.password", `Secret m: data."tls.key"`}
	for _, field := range []string{"ConfigMap o: data.key", "ConfigMap o: added"} {
		drawn := app(t, object("ConfigMap", "data", "key", pem("PRIVATE KEY")), "")
		drawn.Random = []string{field}
		if got := ids(judged(t, input(nil, drawn))); len(got) > 0 {
			t.Errorf("%s: found %v", field, got)
		}
	}
	if got := ids(judged(t, input(nil, r))); len(got) > 0 {
		t.Errorf("found %v", got)
	}
}

func TestVariablesFlagsAndConfigMaps(t *testing.T) {
	for _, manifest := range []string{
		podWith("{name: DB_PASSWORD, value: hunter2}"), podWith("{name: apiToken, value: abc123}"), podWith("{name: DB_PASSWORD_2, value: hunter2}"), podWith("{name: CLIENT_SECRET, value: x-1}"), podWith("{name: ENCRYPTION_KEY, value: abcdef}"),
		"apiVersion: example.com/v1\nkind: Thing\nmetadata: {name: a}\nspec: {pod: {env: [{name: PASSWORD, value: hunter2}]}}\n",
		"apiVersion: v1\nkind: Pod\nmetadata: {name: a}\nspec: {containers: [{name: a, args: [\"--db-password=hunter2\"]}]}\n",
		"apiVersion: v1\nkind: Pod\nmetadata: {name: a}\nspec: {initContainers: [{name: a, command: [run, --token, abc123]}]}\n",
		object("ConfigMap", "data", "DB_PASSWORD", "hunter2"), podWith("{name: DB_PASSWORD1, value: hunter2}"), podWith("{name: API_KEY2, value: abc123}"), podWith("{name: userPass1, value: abc123}"),
		podWith("{name: PGPASSWORD, value: hunter2}"), podWith("{name: AWS_SECRET_ACCESS_KEY, value: abc123}"), podWith("{name: awsSecretAccessKey, value: abc123}"), podWith("{name: REDISCLI_AUTH, value: abc123}"),
		podWith("{name: DBPASS, value: abc123}"), podWith("{name: POSTGRES_PW, value: abc123}"),
	} {
		if got := rulesFor(t, manifest, "hunter2", "abc123"); !slices.Equal(got, []string{"env-var-secret"}) {
			t.Errorf("found %v in\n%s", got, manifest)
		}
	}
	for _, manifest := range []string{
		podWith("{name: DB_PASSWORD, value: \"\"}"), podWith("{name: DB_PASSWORD_FILE, value: /run/secrets/db}"), podWith("{name: DB_PASSWORD, value: $(OTHER)}"), podWith("{name: TOKEN_TTL, value: 5m}"),
		podWith("{name: PASSWORD2_FILE, value: abc1}"), podWith("{name: DB_PASSWORD_FILE2, value: abc1}"), podWith("{name: OAUTH2_TOKEN_URL2, value: abc1}"), podWith("{name: SHA256, value: abc1}"),
		podWith("{name: JDBC, value: \"jdbc:postgresql://db/x?user=u&password=$(PW)&passwordPolicy=x1\"}"), podWith("{name: RESET, value: \"https://a/b?password=\"}"),
		podWith("{name: AWS_ACCESS_KEY_ID, value: abc1}"), podWith("{name: PGPASSFILE, value: abc1}"), podWith("{name: BYPASS, value: abc1}"), podWith("{name: MAX_TOKENS, value: \"4096\"}"), podWith("{name: HTTP_AUTH, value: abc1}"),
		podWith("{name: SECRET_NAME, value: netbox}"), podWith("{name: DB_SECRET, value: netbox-credentials}"), podWith("{name: ENABLE_TOKEN, value: \"true\"}"), podWith("{name: PASSWORD, value: <path:kv/data/a#b>}"),
		podWith("{name: DB_PASSWORD, valueFrom: {secretKeyRef: {name: a, key: password}}}"), podWith("{name: SECRETS_DIR, value: abc}"), podWith("{name: MB_PASSWORD_COMPLEXITY, value: strong}"),
		podWith("{name: ETCD_AUTH_TOKEN, value: \"jwt,priv-key=/opt/jwt-token.pem,sign-method=RS256,ttl=10m\"}"), podWith("{name: ETCD_INITIAL_CLUSTER_TOKEN, value: etcd-cluster-k8s}"),
		podWith("{name: PASSWORD_MIN_LENGTH, value: \"8\"}"), podWith("{name: TOKEN_URL, value: https://a/b}"),
		podWith("{name: PASSWORD_KEY, value: admin-password}"), podWith("{name: KEYCLOAK_REALM, value: a1}"), podWith("{name: MONKEY, value: a1}"), podWith("{name: SECRET_PATH, value: kv/a1}"), podWith("{name: AUTH_TOKEN_HEADER, value: X-Token1}"),
		podWith("{name: DB_SECRET, value: mine}") + "---\n" + strings.Replace(object("Secret", "stringData", "user", "a"), "name: o", "name: mine", 1),
		"apiVersion: v1\nkind: Pod\nmetadata: {name: a}\nspec: {containers: [{name: a, args: [\"--password-file=/a\", \"--token\", \"--secret-name=abc1\", \"--token-ttl=1\"]}]}\n",
		object("ConfigMap", "data", "PASSWORD_RESET_URL", "https://a"), object("ConfigMap", "data", "tokenizer", "abc1"),
	} {
		if got := rulesFor(t, manifest); len(got) > 0 {
			t.Errorf("found %v in\n%s", got, manifest)
		}
	}
}

func TestConnectionStrings(t *testing.T) {
	for _, text := range []string{
		"Server=db;User Id=sa;Password=hunter2;", "Data Source=db,1433;Initial Catalog=x;uid=sa;pwd=hunter2", "connection: \"Server=db; Database=x; Password=hunter2\"",
		"Endpoint=sb://a.example.com/;SharedAccessKeyName=Root;SharedAccessKey=hunter2=", "host=db port=5432 password=hunter2 dbname=x", "dsn = 'host=db password=hunter2'",
		"a: 1\ndsn: host=db user=x password=hunter2\n", "Server=db;User Id=sa;Password=changeme", "Password=hunter2;Host=db",
	} {
		for _, manifest := range []string{object("ConfigMap", "data", "a", text), podWith("{name: DSN, value: " + strconv.Quote(text) + "}")} {
			if got := rulesFor(t, manifest, "hunter2", "changeme"); !slices.Equal(got, []string{"url-password"}) {
				t.Errorf("found %v in\n%s", got, manifest)
			}
		}
	}
	for _, text := range []string{
		"Server=db;User Id=sa;Password=$(PW);", "Server=db;Password=${PW};", "Server=db;Password=;", "Server=db;Password={0};", "Server=db;Password=<password>", "Server=db;Password=YOUR_PASSWORD", "Server=db;Password=%DB_PASSWORD%",
		"Server=db;Trusted_Connection=True;", "Password=hunter2", "host=db password=$PW", "host=db password=", "host=db password=%s", "host=db passwordfile=x", "connect(host=h, password=pw, user=u)", "let user=a; let password=b;",
		"# host=db password=hunter2", "password=<path:kv/data/a#b> host=db", "Server=db;Password=<path:kv/data/a#b>;", "host=db password=?", "let a; password is what = you want; server = x",
	} {
		if got := rulesFor(t, object("ConfigMap", "data", "a", text)); len(got) > 0 {
			t.Errorf("found %v in %q", got, text)
		}
	}
}

func TestPasswordsOfCommands(t *testing.T) {
	container := func(command, args string) string {
		return "apiVersion: v1\nkind: Pod\nmetadata: {name: a}\nspec: {containers: [{name: a, command: " + command + ", args: " + args + "}]}\n"
	}
	for _, c := range [][2]string{
		{`[sh, -c, "export PGPASSWORD=hunter2; psql -h db"]`, "[]"},
		{`[sh, -c]`, `["PGPASSWORD='hunter2' psql -h db"]`},
		{`[sh, -c, "mysql -uroot -phunter2 -e 'select 1'"]`, "[]"},
		{`[sh, -c, "true && /usr/bin/mysqladmin -phunter2 ping"]`, "[]"},
		{`[mysql, -uroot, -phunter2]`, "[]"},
		{`[mysql]`, "[-phunter2]"},
		{`[sh, -c, "mysql --user=root --password=hunter2"]`, "[]"},
		{`[sh, -c, "run --password hunter2 --x"]`, "[]"},
		{`[redis-cli, -a, hunter2]`, "[]"},
		{`[sh, -c, "sshpass -p hunter2 ssh a@b"]`, "[]"},
		{`[bash, -c, "set -e\n# fetch\nTOKEN=\"hunter2\"\ncurl x\n"]`, "[]"},
	} {
		if got := rulesFor(t, container(c[0], c[1]), "hunter2"); !slices.Equal(got, []string{"env-var-secret"}) {
			t.Errorf("%q: found %v", c, got)
		}
	}
	for _, c := range [][2]string{
		{`[sh, -c, "export PGPASSWORD=$(cat /run/pw); psql"]`, "[]"},
		{`[sh, -c, "export PGPASSWORD=\"$POSTGRES_PASSWORD\"; psql"]`, "[]"},
		{`[sh, -c, "export PGPASSWORD=${PW}; psql; PASSWORD= x"]`, "[]"},
		{`[sh, -c, "mysql -uroot -p$MYSQL_ROOT_PASSWORD -p"]`, "[]"},
		{`[sh, -c, "mysql --protocol=tcp -P 3306 --password=$PW"]`, "[]"},
		{`[sh, -c, "mysql -u root; mkdir -pfoo"]`, "[]"},
		{`[mkdir, -pfoo]`, "[-pbar]"},
		{`[mysql, "-p$(PW)"]`, "[-p]"},
		{`[redis-cli, -a, $(PW)]`, "[-p, '6379']"},
		{`[sh, -c, "curl --token-file /x --secret-name abc"]`, "[]"},
		{`[sh, -c, "# PASSWORD=hunter2\nTOKEN_URL=https://a TOKEN=<path:kv/data/a#b> run"]`, "[]"},
		{`[sh, -c, "PASSWORD=YOUR_PASSWORD DB_PASSWORD=<password> run"]`, "[]"},
	} {
		if got := rulesFor(t, container(c[0], c[1])); len(got) > 0 {
			t.Errorf("%q: found %v", c, got)
		}
	}
}

func TestEncodings(t *testing.T) {
	for _, c := range []struct{ part, name, value, want string }{
		{"data", "user", b64(b64("some-user-name")), "base64-twice"},
		{"stringData", "user", b64("some-user-name"), "base64-twice"},
		{"stringData", "user", b64("a-name."), "base64-twice"}, // short, and padded as only base64 is
		{"data", "user", b64("name\n"), "trailing-newline"},
		{"stringData", "user", "name\n", "trailing-newline"},
		{"stringData", "user", "<path:kv/data/a#b>\n", "trailing-newline"},
		{"data", "a", "<path:kv/data/a#b>", "placeholder-not-base64"},
		{"data", "a", "x-<path:kv/data/a#b | base64encode>", "placeholder-not-base64"},
		{"data", "a", b64("<path:kv/data/a#b | base64encode>"), "placeholder-base64-twice"},
		{"stringData", "a", "<path:kv/data/a#b | base64encode>", "placeholder-base64-twice"},
		{"stringData", "a", "<path:kv/data/a#b | jsonParse>", "placeholder-type"},
		{"stringData", "a", "<path:kv/data/a#port>", "placeholder-type"},
	} {
		got := rulesFor(t, object("Secret", c.part, c.name, c.value))
		got = slices.DeleteFunc(got, func(id string) bool { return id == "plain-secret" })
		if !slices.Equal(got, []string{c.want}) {
			t.Errorf("%+v: found %v", c, got)
		}
	}
	for _, c := range [][3]string{
		{"data", "user", b64("name")},
		{"data", "a.crt", b64("-----BEGIN X-----\n")},
		{"data", "a.conf", b64("x y\n")},
		{"stringData", "user", "one\ntwo\n"},
		{"data", "userName", b64("backupsuser")},
		{"data", "a", "<path:kv/data/a#b | base64encode>"},
		{"data", "a", b64("x <path:kv/data/a#b>")},
		{"stringData", "a", "Basic <path:kv/data/a#b | base64encode>"},
		{"data", "a", "<path:kv/data/a#b | jsonPath {.x} | base64encode>"},
		{"stringData", "a", "<path:kv/data/a#client_id>"}, // a name, and no number
		{"stringData", "key_base64", "<path:kv/data/a#b | base64encode>"},
	} {
		if got := rulesFor(t, object("Secret", c[0], c[1], c[2])); len(got) > 0 {
			t.Errorf("%v: found %v", c, got)
		}
	}
	// That the server refuses it is certain where text around the placeholder is no base64.
	report := judged(t, input(nil, app(t, object("Secret", "data", "a", "x-<path:kv/data/a#b | base64encode>"), "avp")))
	if report.Findings[0].Severity != validate.Error {
		t.Errorf("severity %s", report.Findings[0].Severity)
	}
}

func TestFilesOfTheStack(t *testing.T) {
	token := "glpat-" + drawn(20, 7, alnum)
	other := "ghp_" + drawn(36, 4, alnum)
	files := fstest.MapFS{
		"values/a.yaml":         {Data: []byte("a: 1\nunused:\n  token: " + token + "\n")},
		"apps.cue":              {Data: []byte("x: \"" + token + "\"\n")},
		"manifests/a.yaml":      {Data: []byte("b: " + other + "\n")},
		"key.yaml":              {Data: []byte("key: |\n  " + strings.ReplaceAll(pem("PRIVATE KEY"), "\n", "\n  "))},
		"notes.md":              {Data: []byte(token)},
		".git/config.yaml":      {Data: []byte(token)},
		"binary.yaml":           {Data: []byte("\x00" + token)},
		"large.yaml":            {Data: []byte(strings.Repeat(" ", 5<<20) + token)},
		"db.sops.yaml":          {Data: []byte("password: a\n")},
		"ok.sops.yaml":          {Data: []byte("password: ENC[x]\nsops:\n  mac: ENC[y]\n")},
		".sops.yaml":            {Data: []byte("creation_rules:\n- path_regex: secrets/.*\\.yaml$\n- path_regex: .*\n")},
		"secrets/plain.yaml":    {Data: []byte("a: b\n")},
		"values/example.y.yaml": {Data: []byte("a: AKIAIOSFODNN7EXAMPLE\n")},
	}
	// What an object holds is a finding of the object, and none of its file.
	report := judged(t, input(files, app(t, object("ConfigMap", "data", "a", other), "")))
	var got []string
	for _, f := range report.Findings {
		if f.Object == (render.Key{}) {
			got = append(got, f.Rule+" "+f.Pos.String()+" "+f.Severity.String())
		}
	}
	slices.Sort(got)
	want := []string{
		"credential-token apps.cue:1:5 error", "credential-token values/a.yaml:3:10 error", "private-key key.yaml:2:3 error",
		"sops-not-encrypted db.sops.yaml:1 error", "sops-not-encrypted secrets/plain.yaml:1 error",
	}
	if !slices.Equal(got, want) {
		t.Errorf("found\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
	if len(report.Unchecked) != 1 || !strings.Contains(report.Unchecked[0].What, "1 files") {
		t.Errorf("unchecked %v", report.Unchecked)
	}
}

func TestPathsOfTheBackend(t *testing.T) {
	manifest := func(path string) string { return object("Secret", "stringData", "a", "<path:"+path+"#b>") }
	for path, want := range map[string]bool{
		"kv/a/b": true, "secret/a": true, "kv/data/a": false, "team/x": false, "arn:aws:secretsmanager:x": false, "projects/1/secrets/a": false,
		"kv/team/data/a": false,
	} {
		if got := rulesFor(t, manifest(path)); slices.Contains(got, "vault-data-path") != want {
			t.Errorf("%s: found %v", path, got)
		}
	}
	first := strings.Replace(manifest("kv/a/b"), "metadata: {name: o}", "metadata: {name: o, annotations: {avp.kubernetes.io/kv-version: \"1\"}}", 1)
	if got := rulesFor(t, first); len(got) > 0 {
		t.Errorf("version 1: found %v", got)
	}
	// A mount is known for version 2 by another path of the stack.
	both := manifest("own/data/a") + "---\n" + strings.Replace(manifest("own/b"), "name: o", "name: p", 1)
	if got := rulesFor(t, both); !slices.Equal(got, []string{"vault-data-path"}) {
		t.Errorf("another mount: found %v", got)
	}

	for _, c := range []struct {
		setting any
		path    string
		want    int // findings, -1 for an error
	}{
		{nil, "kv/data/x", 0},
		{[]any{"kv/data/argocd/{tier}/{app}"}, "kv/data/argocd/apps/example", 0},
		{[]any{"kv/data/argocd/{tier}/{app}"}, "kv/data/argocd/apps/example/db", 0},
		{[]any{"kv/data/argocd/{tier}/{app}"}, "kv/data/argocd/apps/example2", 1},
		{[]any{"kv/data/argocd/{tier}/{app}", "kv/data/shared/*"}, "kv/data/shared/tls", 0},
		{[]any{"kv/data/shared/*"}, "kv/data/shared", 1},
		{map[string]any{"paths": []any{"kv/data/{layer}/{namespace}"}}, "kv/data/apps/example", 0},
		{"kv/data/{layer}/{namespace}", "kv/data/apps/other", 1},
		{[]any{"kv/{apps}"}, "kv/data/x", -1},
		{[]any{1}, "kv/data/x", -1},
		{[]any{}, "kv/data/x", -1},
	} {
		in := input(nil, app(t, manifest(c.path), "avp"))
		if c.setting != nil {
			in.Plan.Conventions = map[string]any{"secretPaths": c.setting}
		}
		report, err := validate.Run(t.Context(), in, secrets.Rules(outside))
		if (err != nil) != (c.want < 0) || err == nil && len(report.Findings) != c.want {
			t.Errorf("%+v: %v, %v", c, ids(report), err)
		}
	}
}

func TestStoresOfExternalSecrets(t *testing.T) {
	store := func(kind, name, namespace string) string {
		return "apiVersion: external-secrets.io/v1\nkind: " + kind + "\nmetadata: {name: " + name + ", namespace: " + namespace + "}\nspec: {}\n---\n"
	}
	secret := func(ref string) string {
		return "apiVersion: external-secrets.io/v1\nkind: ExternalSecret\nmetadata: {name: e}\nspec: {" + ref + "}\n"
	}
	for name, c := range map[string]struct {
		manifests string
		severity  validate.Severity
		findings  int
		unchecked int
	}{
		"there":             {store("SecretStore", "a", "example") + secret("secretStoreRef: {name: a}"), 0, 0, 0},
		"cluster":           {store("ClusterSecretStore", "a", "") + secret("secretStoreRef: {name: a, kind: ClusterSecretStore}"), 0, 0, 0},
		"other kind":        {store("ClusterSecretStore", "a", "") + secret("secretStoreRef: {name: a}"), validate.Error, 1, 0},
		"other namespace":   {store("SecretStore", "a", "elsewhere") + secret("secretStoreRef: {name: a}"), validate.Warning, 1, 0},
		"misspelled":        {store("ClusterSecretStore", "vault", "") + secret("secretStoreRef: {name: valt, kind: ClusterSecretStore}"), validate.Warning, 1, 0},
		"from elsewhere":    {secret("secretStoreRef: {name: a, kind: ClusterSecretStore}"), 0, 0, 1},
		"of one entry":      {store("ClusterSecretStore", "vault", "") + secret("dataFrom: [{sourceRef: {storeRef: {name: nope, kind: ClusterSecretStore}}}]"), validate.Warning, 1, 0},
		"of a generator":    {store("ClusterSecretStore", "vault", "") + secret("dataFrom: [{sourceRef: {generatorRef: {name: g, kind: Password}}}]"), 0, 0, 0},
		"pushed":            {store("ClusterSecretStore", "vault", "") + "apiVersion: external-secrets.io/v1alpha1\nkind: PushSecret\nmetadata: {name: p}\nspec: {secretStoreRefs: [{name: vult, kind: ClusterSecretStore}]}\n", validate.Warning, 1, 0},
		"in all namespaces": {store("ClusterSecretStore", "vault", "") + "apiVersion: external-secrets.io/v1\nkind: ClusterExternalSecret\nmetadata: {name: p}\nspec: {externalSecretSpec: {secretStoreRef: {name: local}}}\n", 0, 0, 0},
	} {
		report := judged(t, input(nil, app(t, c.manifests, "")))
		if len(report.Findings) != c.findings || len(report.Unchecked) != c.unchecked || c.findings > 0 && report.Findings[0].Severity != c.severity {
			t.Errorf("%s: %+v, unchecked %v", name, report.Findings, report.Unchecked)
		}
	}
	// A part of the stack is no proof that a store is not there.
	for _, manifests := range []string{
		store("ClusterSecretStore", "vault", "") + secret("secretStoreRef: {name: valt, kind: ClusterSecretStore}"),
		store("SecretStore", "a", "elsewhere") + secret("secretStoreRef: {name: a}"),
		store("ClusterSecretStore", "a", "") + secret("secretStoreRef: {name: a}"),
	} {
		in := input(nil, app(t, manifests, ""))
		in.Plan.Others = []render.App{{Name: "other"}}
		if report := judged(t, in); len(report.Findings) > 0 || len(report.Unchecked) != 1 {
			t.Errorf("%+v", report)
		}
	}
}

func TestSealedAndEncryptedObjects(t *testing.T) {
	sealed := func(spec string) string {
		return "apiVersion: bitnami.com/v1alpha1\nkind: SealedSecret\nmetadata: {name: s}\nspec: {" + spec + "}\n"
	}
	sops := func(value, mac string) string {
		return "apiVersion: isindir.github.com/v1alpha3\nkind: SopsSecret\nmetadata: {name: s}\nspec: {secretTemplates: [{name: a, data: {k: " + value + ", empty: \"\"}}]}\nsops: {mac: " + mac + "}\n"
	}
	for _, c := range []struct{ manifest, want string }{
		{sealed("encryptedData: {password: " + b64(drawn(530, 1, alnum)) + "}"), ""},
		{sealed("encryptedData: {password: AgBy3i4OJSWK...}"), "sealed-secret-plain"},
		{sealed("encryptedData: {}, template: {data: {password: hunter2-3}}"), "sealed-secret-plain"},
		{sealed("encryptedData: {}, template: {data: {password: \"{{ .password }}\", host: db-1}}"), ""},
		{sops("\"ENC[AES256_GCM,data:x]\"", "\"ENC[AES256_GCM,data:y]\""), ""},
		{sops("\"ENC[AES256_GCM,data:x]\"", "\"\""), "sops-not-encrypted"},
		{sops("hunter2-3", "\"ENC[AES256_GCM,data:y]\""), "sops-not-encrypted"},
		{sops("12", "\"ENC[AES256_GCM,data:y]\""), "sops-not-encrypted"},
		{object("Secret", "stringData", ".dockerconfigjson", `{"auths":{"r.example.com":{"auth":"`+b64("ci:hunter2-3")+`"}}}`), "registry-password"},
		{object("Secret", "stringData", ".dockerconfigjson", `{"auths":{"r.example.com":{"password":"hunter2hunter2ab"}}}`), "registry-password"}, // base64 by its looks
		{object("Secret", "stringData", ".dockercfg", `{"r.example.com":{"username":"a","password":"hunter2-3"}}`), "registry-password"},
		{object("Secret", "stringData", ".dockerconfigjson", `{"auths":{"r.example.com":{"username":"a","password":"<path:kv/data/a#b>"}}}`), ""},
	} {
		if got := strings.Join(rulesFor(t, c.manifest, "hunter2-3"), " "); got != c.want {
			t.Errorf("found %q, want %q in\n%s", got, c.want, c.manifest)
		}
	}
}

// A text of many beginnings and no end takes time in proportion to its length.
func TestHostileTextsTakeNoTime(t *testing.T) {
	for _, unit := range []string{"sk-", "glpat-", "eyJ.", "-----BEGIN PRIVATE KEY-----", "LS0tLS1CRUdJTi", "a://b:", "a=", "{", "hooks.slack.com/services/", "<path:a#", "PuTTY-User-Key-File-"} {
		start := time.Now()
		text := strings.Repeat(unit, 1<<18/len(unit))
		judged(t, input(fstest.MapFS{"a.yaml": {Data: []byte(text)}}, app(t, object("Secret", "stringData", "a", text)+"---\n"+object("ConfigMap", "data", "password", text), "")))
		// It takes a tenth of a second; what is quadratic takes minutes.
		if took := time.Since(start); took > 10*time.Second {
			t.Errorf("%q takes %s", unit, took)
		}
	}
}

func BenchmarkFiveThousandObjects(b *testing.B) {
	var text strings.Builder
	for i := range 5000 {
		fmt.Fprintf(&text, "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: a%d, labels: {a: b}, annotations: {long: %q}}\nspec: {template: {spec: {containers: [{name: a, image: registry.example.com/library/a:1.2.3, env: [{name: URL, value: \"http://a.example.com/x\"}]}]}}}\n---\n",
			i, drawn(200, int64(i), alnum+" ./:"))
	}
	in := input(nil, app(b, text.String(), "avp"))
	for b.Loop() {
		judged(b, in)
	}
}

// FuzzText judges any text wherever it may stand: nothing panics, and a long value is never repeated.
func FuzzText(f *testing.F) {
	for _, text := range []string{"hunter2", "-----BEGIN PRIVATE KEY-----", "LS0tLS1CRUdJTi", "a://b:c@d", "{", "[1]", "glpat-", "eyJ.eyJ.", "PuTTY-User-Key-File-", "<path:a#b>", "x: y\n", "AccountKey=", "=", "ENC["} {
		f.Add(text, "password", false)
		f.Add(b64(text), ".dockerconfigjson", true)
	}
	f.Fuzz(func(t *testing.T, text, name string, encoded bool) {
		if encoded {
			text = b64(text)
		}
		var result render.Result
		for _, o := range []struct{ group, kind, part string }{
			{"", "Secret", "data"}, {"", "Secret", "stringData"}, {"", "ConfigMap", "data"}, {"bitnami.com", "SealedSecret", "spec"}, {"isindir.github.com", "SopsSecret", "sops"}, {"external-secrets.io", "ExternalSecret", "spec"},
		} {
			tree := map[string]any{
				"kind": o.kind, "metadata": map[string]any{"name": "a", "annotations": map[string]any{name: text}},
				o.part: map[string]any{name: text, "encryptedData": map[string]any{name: text}, "secretStoreRef": map[string]any{"name": text}, "args": []any{text, name}},
				"env":  []any{map[string]any{"name": name, "value": text}, nil, text},
			}
			result.Set.Objects = append(result.Set.Objects, render.Object{Key: render.Key{Group: o.group, Kind: o.kind, Name: "a"}, Tree: tree})
		}
		files := fstest.MapFS{"a.yaml": {Data: []byte(text)}, "a.sops.yaml": {Data: []byte(text)}, ".sops.yaml": {Data: []byte(text)}}
		for _, finding := range judged(t, input(files, result)).Findings {
			if len(text) > 24 && !strings.Contains(name, text) && finding.Rule != "external-secret-store" && strings.Contains(finding.Message, text) {
				t.Errorf("the message repeats the value: %s", finding.Message)
			}
		}
	})
}

// What the plugin does not see is found in every text, encoded too; what it sees, and what is no placeholder, is not.
func TestMisspeltPlaceholders(t *testing.T) {
	for text, want := range map[string]string{
		configMap("a", "x <Path:kv/data/a#b> y"):                               `data.a begins a placeholder with "<Path:", which the plugin does not see, want "<path:"`,
		configMap("a", "<path:kv/data/a#b> < path:kv/data/a#c#2>"):             `data.a begins a placeholder with "< path:", which the plugin does not see, want "<path:"`,
		secret("data", "a", b64("<PATH:kv/data/a#b | base64encode>")):          `data.a begins a placeholder with "<PATH:", which the plugin does not see, want "<path:"`,
		configMap("a", "<path:kv/data/a#b>"):                                   "",
		configMap("a", "<Path d=\"M0,0\" fill=\"#fff\"> see <way: to a#file>"): "",
		configMap("a", "<Path:Data Fill=\"#fff\"/><Path:Data Fill='#fff'/>"):   "",
		configMap("a", "if a < path: b # c"):                                   "",
	} {
		var said []string
		for _, f := range judged(t, input(nil, app(t, text, "avp"))).Findings {
			if f.Rule == "placeholder-misspelt" {
				said = append(said, f.Message)
			}
		}
		if got := strings.Join(said, "\n"); got != want {
			t.Errorf("%s\ngot  %s\nwant %s", text, got, want)
		}
	}
}

func configMap(name, value string) string {
	return "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: c}\ndata:\n  " + name + ": '" + value + "'\n"
}

func secret(part, name, value string) string {
	return "apiVersion: v1\nkind: Secret\nmetadata: {name: s}\n" + part + ":\n  " + name + ": '" + value + "'\n"
}
