package server

import (
	"encoding/base64"
	"encoding/json"
	"strings"
)

// largestConfig is how many bytes all values of a ConfigMap or Secret may have. Source: Kubernetes
// pkg/apis/core/types.go, MaxSecretSize.
const largestConfig = 1 << 20

// judgeKeys judges the keys of a ConfigMap or Secret, and counts the bytes of the values that are known.
func judgeKeys(values *spot) int {
	size := 0
	for key, value := range values.entries() {
		if !configKey.ok(key) {
			value.say(invalidKeys, "has the key %s, want %s", quote(key), configKey.want)
		}
		if text, ok := value.text(); ok {
			size += len(text)
		}
	}
	return size
}

// judgeTotal judges how large a ConfigMap or Secret is.
func judgeTotal(j *judge, size int) {
	if size > largestConfig {
		j.say(tooLarge, nil, "the values have %d bytes together, want at most %d", size, largestConfig)
	}
}

// judgeConfigMap judges a ConfigMap. Source: Kubernetes pkg/apis/core/validation/validation.go, ValidateConfigMap.
func judgeConfigMap(j *judge) {
	text, binary := j.at("data"), j.at("binaryData")
	size := judgeKeys(text)
	judgeKeys(binary)
	for key, value := range binary.entries() {
		size += decoded(value)
		if also := text.at(key); also.there() {
			also.say(invalidKeys, "has its key in binaryData too, want it in one of them")
		}
	}
	judgeTotal(j, size)
}

// decoded gives the length of what a text in base64 is, 0 where it is none or not known.
func decoded(value *spot) int {
	text, ok := value.text()
	if !ok {
		return 0
	}
	plain, err := base64.StdEncoding.DecodeString(text)
	if err != nil {
		return 0
	}
	return len(plain)
}

// secretTypes are the types of Secrets that need certain keys: all of them, or one of them. Source: Kubernetes
// pkg/apis/core/validation/validation.go, ValidateSecret.
var secretTypes = map[string]struct {
	keys []string
	any  bool
	json bool // the value is a JSON object
	full bool // the value is not empty
}{
	"kubernetes.io/dockercfg":        {keys: []string{".dockercfg"}, json: true},
	"kubernetes.io/dockerconfigjson": {keys: []string{".dockerconfigjson"}, json: true},
	"kubernetes.io/basic-auth":       {keys: []string{"username", "password"}, any: true},
	"kubernetes.io/ssh-auth":         {keys: []string{"ssh-privatekey"}, full: true},
	"kubernetes.io/tls":              {keys: []string{"tls.crt", "tls.key"}},
}

// judgeSecret judges a Secret. No value of it is in any message.
func judgeSecret(j *judge) {
	data, plain := j.at("data"), j.at("stringData")
	if data.there() && !data.isMap() || plain.there() && !plain.isMap() {
		return
	}
	judgeKeys(data)
	size := judgeKeys(plain)
	for key, value := range data.entries() {
		if also := plain.at(key); also.there() {
			value.say(doubleKeys, "has its key in stringData too, and only the value there is stored")
			continue
		}
		size += decoded(value)
	}
	judgeTotal(j, size)
	kind, ok := j.at("type").text()
	if !ok {
		return
	}
	if kind == "kubernetes.io/service-account-token" {
		j.at("metadata", "annotations", "kubernetes.io/service-account.name").wants(invalidKeys, "want the ServiceAccount that the token is for")
	}
	want, ok := secretTypes[kind]
	if !ok {
		return
	}
	var missing []string
	for _, key := range want.keys {
		value, there := secretValue(data, plain, key)
		if !there {
			missing = append(missing, key)
			continue
		}
		if text, known := secretText(value); known && want.json && !isObject(text) {
			value.say(invalidKeys, "is no JSON object, and a Secret of type %s needs one there", kind)
		} else if known && want.full && text == "" {
			value.say(invalidKeys, "is empty, and a Secret of type %s needs a value there", kind)
		}
	}
	if len(missing) == 0 || want.any && len(missing) < len(want.keys) {
		return
	}
	joint := " and "
	if want.any {
		joint = " or "
	}
	data.at(missing[0]).say(invalidKeys, "is missing: a Secret of type %s needs %s", kind, strings.Join(want.keys, joint))
}

// secretValue finds the value of a key: stringData goes before data.
func secretValue(data, plain *spot, key string) (*spot, bool) {
	for _, values := range []*spot{plain, data} {
		fields, _ := values.value.(map[string]any)
		if _, ok := fields[key]; ok {
			return values.at(key), true
		}
	}
	return nil, false
}

// secretText is the plain text of a value, where it is known.
func secretText(value *spot) (string, bool) {
	text, ok := value.text()
	if !ok || value.up.key == "stringData" {
		return text, ok
	}
	plain, err := base64.StdEncoding.DecodeString(text)
	return string(plain), err == nil
}

// isObject says whether a text is a JSON object.
func isObject(text string) bool {
	var fields map[string]any
	return json.Unmarshal([]byte(text), &fields) == nil
}
