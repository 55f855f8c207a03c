package secrets

import "sluice/validate"

const avpDoc = "https://argocd-vault-plugin.readthedocs.io/en/stable/howitworks/"

// plainRules are about secrets that everybody can read. They are findings of differing weight: a credential or a key is
// one whatever it is used for, so it is an error, and the id of one is worth knowing; a value that a name makes a secret may be
// a default that nobody uses, so it is a warning; one that nothing but its Secret makes one is worth knowing.
var plainRules = []validate.Rule{
	{
		ID: plainSecret, Title: "a Secret holds a plain value", Severity: validate.Info, Worst: validate.Warning,
		Why:    "What is in the tree is in Git, for ever and for everybody who may read it; base64 hides nothing.",
		Fix:    "write a placeholder <path:...#key>, or seal or encrypt it; put what is no secret into a ConfigMap, and take a default that is never used out of the values",
		Source: "https://kubernetes.io/docs/concepts/security/secrets-good-practices/",
		Wrong:  secretWith("stringData", "password", "correct-horse-42"),
		Right:  secretWith("stringData", "password", "<path:kv/data/argocd/apps/example#password>"),
	},
	{
		ID: credential, Title: "a vendor's credential stands in the tree", Severity: validate.Info, Worst: validate.Error,
		Why:    "It opens what it is for to everybody who reads the repository, and is of use without the cluster.",
		Fix:    "revoke it at its vendor, and write a placeholder for the new one",
		Source: "the vendors' documentation of their prefixes",
		Wrong:  configMapWith("script", "git clone https://oauth2:gl"+"pat-Zq3vT8xW1nRk5LmY7sBd@git.example.com/a.git"),
		Right:  configMapWith("script", "git clone https://git.example.com/a.git"),
	},
	{
		ID: privateKey, Title: "a private key stands in the tree", Severity: validate.Error,
		Why:    "Whoever reads the repository can take the place of its owner, and what was encrypted to it can be read.",
		Fix:    "make a new one; let cert-manager or the operator make it in the cluster, or write a placeholder",
		Source: "RFC 7468",
		Wrong:  secretWith("stringData", "tls.key", "-----BEGIN"+" PRIVATE KEY----- MC4CAQAwBQYDK2VwBCIEIJ8fRkq3vT0xW1nGk5LmY7sBdHcPzUoEaI2bXjQw4tK -----END"+" PRIVATE KEY-----"),
		Right:  secretWith("stringData", "tls.key", "<path:kv/data/argocd/apps/example#tls_key>"),
	},
	{
		ID: urlPassword, Title: "a URL or a connection string has a password in it", Severity: validate.Warning,
		Why:    "It is in Git, and in whatever logs the connection.",
		Fix:    "write a placeholder for the password, whose secret has no character that a URL escapes, or give user and password apart",
		Source: "RFC 3986, section 3.2.1, and the documentation of ADO.NET and libpq",
		Wrong:  configMapWith("dsn", "postgres://netbox:correct-horse-42@postgres:5432/netbox"),
		Right:  configMapWith("dsn", "postgres://netbox@postgres:5432/netbox"),
	},
	{
		ID: envSecret, Title: "a variable, a flag or an entry of a ConfigMap has the plain value of a secret", Severity: validate.Warning,
		Why:    "It is in Git, and everybody who may look at pods can read it.",
		Fix:    "take it from a Secret: valueFrom.secretKeyRef, or a file that is mounted",
		Source: "kube-linter env-var-secret",
		Wrong:  podWith("{name: DB_PASSWORD, value: correct-horse-42}"),
		Right:  podWith("{name: DB_PASSWORD, valueFrom: {secretKeyRef: {name: db, key: password}}}"),
	},
	{
		ID: registryPassword, Title: "a docker configuration has plain credentials", Severity: validate.Warning,
		Why:    "Whoever reads the repository can pull from, and maybe push to, the registry.",
		Fix:    "keep the whole file in the backend: one placeholder for .dockerconfigjson, with base64encode in data",
		Source: "https://kubernetes.io/docs/tasks/configure-pod-container/pull-image-private-registry/",
		Wrong:  secretWith("stringData", ".dockerconfigjson", `{"auths":{"registry.example.com":{"username":"ci","password":"correct-horse-42"}}}`),
		Right:  secretWith("data", ".dockerconfigjson", "<path:kv/data/argocd/apps/example#pull | base64encode>"),
	},
	{
		ID: base64Twice, Title: "a value of a Secret is encoded once too often", Severity: validate.Warning,
		Why:    "The server decodes data once and stringData never, so the container gets base64 where it wants the value.",
		Fix:    "encode what is in data once, and what is in stringData not at all; if base64 is what the application reads, suppress this with the reason",
		Source: "https://kubernetes.io/docs/reference/kubernetes-api/config-and-storage-resources/secret-v1/",
		Wrong:  secretWith("data", "user", "WW1GamEzVndMWFZ6WlhJPQ=="),
		Right:  secretWith("data", "user", "YmFja3VwLXVzZXI="),
	},
	{
		ID: trailingNewline, Title: "a value of a Secret ends with a line break", Severity: validate.Info,
		Why:    "Few programs take it off, and a password with one is another password. echo writes it, and so does a YAML block.",
		Fix:    `encode with "echo -n", or write "|-" in place of "|"`,
		Source: "https://kubernetes.io/docs/tasks/configmap-secret/managing-secret-using-kubectl/",
		Wrong:  secretWith("data", "user", "YmFja3VwCg=="),
		Right:  secretWith("data", "user", "YmFja3Vw"),
	},
}

// placeholderRules are about placeholders that do not become what they should.
var placeholderRules = []validate.Rule{
	{
		ID: inKey, Title: "a placeholder is a key of a mapping", Severity: validate.Error,
		Why:    "The plugin replaces values alone, so the text is applied as it stands.",
		Fix:    "write the key out, or keep the whole file in the backend as one secret",
		Source: "argocd-vault-plugin #171",
		Wrong:  "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: c}\ndata:\n  <path:kv/data/argocd/apps/example#user>: admin\n",
		Right:  configMapWith("admin", "<path:kv/data/argocd/apps/example#user>"),
	},
	{
		ID: misspelt, Title: "a placeholder that the plugin does not see", Severity: validate.Error,
		Why:    "The plugin knows <path: in small letters and without blanks. Anything else is text to it, which is applied as it stands and becomes the password.",
		Fix:    "write <path:PATH#KEY>; if it is documentation, annotate the object with avp.kubernetes.io/ignore: \"true\"",
		Source: "argocd-vault-plugin pkg/kube/util.go, specificPathPlaceholder",
		Wrong:  secretWith("stringData", "password", "<Path: kv/data/argocd/apps/example#password>"),
		Right:  secretWith("stringData", "password", "<path:kv/data/argocd/apps/example#password>"),
	},
	{
		ID: ignoredObject, Title: "an object that the plugin leaves alone has a placeholder", Severity: validate.Warning,
		Why:    "With avp.kubernetes.io/ignore nothing in the object is replaced, and the text is applied as it stands.",
		Fix:    "remove the annotation, or the placeholder",
		Source: avpDoc,
		Wrong:  "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: c\n  annotations: {avp.kubernetes.io/ignore: \"true\"}\ndata:\n  a: <path:kv/data/argocd/apps/example#user>\n",
		Right:  configMapWith("a", "<path:kv/data/argocd/apps/example#user>"),
	},
	{
		ID: notEncoded, Title: "data of a Secret has a placeholder whose secret is not encoded", Severity: validate.Warning, Worst: validate.Error,
		Why:    "The plugin puts the secret there as it is, and the server refuses what is no base64: the whole sync fails.",
		Fix:    "add | base64encode to the placeholder, or move it to stringData",
		Source: avpDoc,
		Wrong:  secretWith("data", "password", "<path:kv/data/argocd/apps/example#password>"),
		Right:  secretWith("data", "password", "<path:kv/data/argocd/apps/example#password | base64encode>"),
	},
	{
		ID: encodedTwice, Title: "a placeholder encodes what is encoded anyway", Severity: validate.Warning,
		Why:    "stringData is taken as it stands, and of data that is base64 the plugin encodes the outcome itself: the container gets base64.",
		Fix:    "remove base64encode from the placeholder",
		Source: avpDoc,
		Wrong:  secretWith("stringData", "password", "<path:kv/data/argocd/apps/example#password | base64encode>"),
		Right:  secretWith("stringData", "password", "<path:kv/data/argocd/apps/example#password>"),
	},
	{
		ID: typeFlip, Title: "a placeholder may become a number where the server takes text alone", Severity: validate.Info, Worst: validate.Warning,
		Why:    "A secret that is a number or a switch in the backend takes the place of the whole text without quotes; only in a ConfigMap it becomes text.",
		Fix:    "keep it as text in the backend (vault kv put key=value does), and leave jsonParse and yamlParse out",
		Source: "argocd-vault-plugin pkg/kube/util.go, genericReplacement",
		Wrong:  podWith(`{name: DB_PORT, value: "<path:kv/data/argocd/apps/example#port>"}`),
		Right:  podWith(`{name: DB_HOST, value: "<path:kv/data/argocd/apps/example#host>"}`),
	},
	{
		ID: inURL, Title: "a secret gets into a URL unescaped", Severity: validate.Info,
		Why:    "A secret with any of @ : / ? # % in it gives another URL, and the connection fails or goes elsewhere.",
		Fix:    "generate the secret from letters, digits, - and _, or keep a second, percent-encoded key in the backend",
		Source: "argocd-vault-plugin #701",
		Wrong:  configMapWith("redis", "redis://:%3Cpath%3Akv%2Fdata%2Fargocd%2Fapps%2Fexample%23password%3E@redis:6379/0"),
		Right:  configMapWith("redis", "redis://redis:6379/0"),
	},
	{
		ID: withoutPlugin, Title: "an app without the plugin has a placeholder", Severity: validate.Error,
		Why:    "Nothing replaces it: the text is applied as it stands, and becomes the password.",
		Fix:    `say secrets: "avp" of the app, or --secrets avp without a stack; if it is documentation, annotate the object with avp.kubernetes.io/ignore: "true"`,
		Source: avpDoc,
		Wrong:  stackWith("", secretWith("stringData", "password", "<path:kv/data/argocd/apps/example#password>")),
		Right:  stackWith(`secrets: "avp"`, secretWith("stringData", "password", "<path:kv/data/argocd/apps/example#password>")),
	},
	{
		ID: consumedByChart, Title: "a chart takes a placeholder apart", Severity: validate.Error,
		Why:    "The chart works on the text of the placeholder, not on the secret: what it hashes, cuts or encodes is never replaced, and the hash of a placeholder is a password that everybody can work out.",
		Fix:    "give the chart an existing Secret that has what it makes of the value, ready made",
		Source: "argocd-vault-plugin #152",
		Wrong:  chartWith("{{ .Values.password | sha256sum }}"),
		Right:  chartWith("{{ .Values.password }}"),
	},
	{
		ID: missingSecret, Title: "the backend has no secret for a placeholder", Severity: validate.Error,
		Why:    "The plugin fails, and with it the generation of every manifest of the app.",
		Fix:    "write the secret, or correct the path, the key or the version",
		Source: avpDoc,
		Wrong:  secretWith("stringData", "password", "<path:kv/data/argocd/apps/nothing#password>"),
		Right:  secretWith("stringData", "password", "<path:kv/data/argocd/apps/example#password>"),
	},
}

// pathRules are about paths of the backend.
var pathRules = []validate.Rule{
	{
		ID: kvPath, Title: "a path of KV version 2 lacks /data/", Severity: validate.Warning,
		Why:    "The plugin asks Vault's API for the path as it is written, and under version 2 the secrets are below MOUNT/data/.",
		Fix:    "write MOUNT/data/PATH; for an engine of version 1 annotate the object with avp.kubernetes.io/kv-version: \"1\"",
		Source: "https://argocd-vault-plugin.readthedocs.io/en/stable/backends/",
		Wrong:  secretWith("stringData", "password", "<path:kv/argocd/apps/example#password>"),
		Right:  secretWith("stringData", "password", "<path:kv/data/argocd/apps/example#password>"),
	},
	{
		ID: pathConvention, Title: "a path of the backend is not one of the app's own", Severity: validate.Warning,
		Why:    "An app that reads another's secrets needs a policy of the backend that is wider than it has to be.",
		Fix:    "move the secret to a path of the app, or add the path to conventions: secretPaths",
		Source: "the stack's conventions: secretPaths, patterns with {app}, {layer}, {tier}, {namespace} and * for any one part",
		Wrong:  stackWith(`secrets: "avp"`, secretWith("stringData", "password", "<path:kv/data/argocd/core/other#password>"), `conventions: secretPaths: ["kv/data/argocd/{tier}/{app}"]`),
		Right:  stackWith(`secrets: "avp"`, secretWith("stringData", "password", "<path:kv/data/argocd/apps/example#password>"), `conventions: secretPaths: ["kv/data/argocd/{tier}/{app}"]`),
	},
}

// storeRules are about the kinds that operators make Secrets of.
var storeRules = []validate.Rule{
	{
		ID: plainSops, Title: "what SOPS should have encrypted is plain", Severity: validate.Error,
		Why:    "The secret is in Git, and the operator makes nothing of an object without SOPS's metadata.",
		Fix:    "sops --encrypt --in-place the file, and change the secret in it",
		Source: "https://github.com/isindir/sops-secrets-operator",
		Wrong:  "apiVersion: isindir.github.com/v1alpha3\nkind: SopsSecret\nmetadata: {name: s}\nspec:\n  secretTemplates:\n  - name: db\n    stringData: {password: correct-horse-42}\n",
		Right: "apiVersion: isindir.github.com/v1alpha3\nkind: SopsSecret\nmetadata: {name: s}\nspec:\n  secretTemplates:\n  - name: db\n    stringData: {password: \"ENC[AES256_GCM,data:b2s=,iv:aXY=,tag:dGFn,type:str]\"}\n" +
			"sops: {mac: \"ENC[AES256_GCM,data:bWFj,iv:aXY=,tag:dGFn,type:str]\", version: 3.9.0}\n",
	},
	{
		ID: sealedPlain, Title: "a SealedSecret has what is not sealed", Severity: validate.Error,
		Why:    "What is in the template is applied as it stands, and the controller refuses what it cannot open.",
		Fix:    "seal the value: kubeseal --raw, with the namespace and name that the object has",
		Source: "https://github.com/bitnami-labs/sealed-secrets",
		Wrong:  "apiVersion: bitnami.com/v1alpha1\nkind: SealedSecret\nmetadata: {name: s}\nspec:\n  encryptedData: {password: Y29ycmVjdC1ob3JzZQ==}\n",
		Right:  "apiVersion: bitnami.com/v1alpha1\nkind: SealedSecret\nmetadata: {name: s}\nspec:\n  encryptedData: {}\n  template: {type: Opaque, data: {host: postgres}}\n",
	},
	{
		ID: externalStore, Title: "an ExternalSecret names a store that is not there", Severity: validate.Warning, Worst: validate.Error,
		Why:    "The operator makes no Secret, and every pod that mounts it waits.",
		Fix:    "correct secretStoreRef: its name, and kind ClusterSecretStore for one that has no namespace",
		Source: "https://external-secrets.io/latest/api/externalsecret/",
		Wrong:  externalWith("valt"),
		Right:  externalWith("vault"),
	},
}

func secretWith(part, name, value string) string {
	return "apiVersion: v1\nkind: Secret\nmetadata: {name: s}\n" + part + ":\n  " + name + ": '" + value + "'\n"
}

func configMapWith(name, value string) string {
	return "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: c}\ndata:\n  " + name + ": '" + value + "'\n"
}

func podWith(variable string) string {
	return "apiVersion: v1\nkind: Pod\nmetadata: {name: p}\nspec:\n  containers:\n  - name: main\n    image: registry.example.com/a:1\n    env:\n    - " + variable + "\n"
}

func externalWith(store string) string {
	return "apiVersion: external-secrets.io/v1\nkind: ClusterSecretStore\nmetadata: {name: vault}\nspec: {provider: {}}\n---\n" +
		"apiVersion: external-secrets.io/v1\nkind: ExternalSecret\nmetadata: {name: e}\nspec:\n  secretStoreRef: {kind: ClusterSecretStore, name: " + store + "}\n"
}

// stackWith makes a stack of one app with a manifest.
func stackWith(field, manifest string, lines ...string) string {
	text := "-- stack.cue --\npackage stack\n\nname: \"example\"\ncluster: {kubernetes: \"1.33.4\", argocd: \"3.4.9\"}\n" +
		"hydrate: {repoURL: \"https://git.example.com/a.git\", branch: \"rendered\"}\n"
	for _, line := range lines {
		text += line + "\n"
	}
	return text + "layers: apps: {wave: 2, tier: \"apps\", apps: example: {manifests: [\"manifests\"], " + field + "}}\n-- manifests/a.yaml --\n" + manifest
}

// chartWith makes a stack of one app with a chart that prints a value in a way.
func chartWith(expression string) string {
	return "-- stack.cue --\npackage stack\n\nname: \"example\"\ncluster: {kubernetes: \"1.33.4\", argocd: \"3.4.9\"}\n" +
		"hydrate: {repoURL: \"https://git.example.com/a.git\", branch: \"rendered\"}\n" +
		"layers: apps: {wave: 2, tier: \"apps\", apps: example: {helm: {path: \"chart\", valueFiles: [\"values.yaml\"]}, secrets: \"avp\"}}\n" +
		"-- values.yaml --\npassword: <path:kv/data/argocd/apps/example#password>\n" +
		"-- chart/Chart.yaml --\napiVersion: v2\nname: chart\nversion: 1.0.0\n" +
		"-- chart/templates/secret.yaml --\napiVersion: v1\nkind: Secret\nmetadata: {name: s}\nstringData:\n  password: '" + expression + "'\n"
}
