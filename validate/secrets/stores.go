package secrets

import (
	"cmp"
	"context"
	"encoding/base64"
	"fmt"
	"maps"
	"slices"
	"strings"

	"sluice/render"
	"sluice/validate"
)

// The groups of the operators that make Secrets.
const (
	sopsGroup     = "isindir.github.com"
	sealedGroup   = "bitnami.com"
	externalGroup = "external-secrets.io"
)

// ofKind calls f for the objects of a kind, of all apps.
func ofKind(in validate.Input, f func(*judge), group string, kinds ...string) []validate.Finding {
	var found []validate.Finding
	for _, result := range in.Results {
		blanks := validate.BlanksOf(result)
		for i := range result.Set.Objects {
			o := &result.Set.Objects[i]
			if o.Key.Group == group && slices.Contains(kinds, o.Key.Kind) {
				j := judge{object: o, blanks: blanks}
				f(&j)
				found = append(found, j.found...)
			}
		}
	}
	return found
}

// judgeSops judges SopsSecrets, and files of the stack that SOPS should have encrypted.
func judgeSops(ctx context.Context, in validate.Input) ([]validate.Finding, []validate.Unchecked, error) {
	found := ofKind(in, (*judge).sops, sopsGroup, "SopsSecret")
	plain, err := plainSopsFiles(ctx, in.Files)
	return append(found, plain...), nil, err
}

// sops judges one SopsSecret: the operator decrypts the whole object with what its metadata says, and makes no Secret of
// one that has none (sops-secrets-operator, internal/controller/sopssecret_controller.go).
func (j *judge) sops() {
	if validate.TextAt(j.object.Tree, "sops", "mac") == "" {
		j.say(plainSops, nil, "it is not encrypted: it has no sops.mac, and the operator makes no Secret of it")
		return
	}
	for i, entry := range validate.ListAt(j.object.Tree, "spec", "secretTemplates") {
		for _, part := range []string{"data", "stringData"} {
			values := validate.MappingAt(entry, part)
			for _, name := range slices.Sorted(maps.Keys(values)) {
				text, ok := values[name].(string)
				if !ok || text != "" && !strings.HasPrefix(text, "ENC[") {
					field := render.Path{"spec", "secretTemplates", i, part, name}
					j.say(plainSops, field, "%s is not encrypted, beside others that are", field)
				}
			}
		}
	}
}

// leastSealed is the length of the shortest value that kubeseal makes: two bytes of length, a session key under RSA of
// 2048 bits, and the tag of AES-GCM (sealed-secrets, pkg/crypto/crypto.go).
const leastSealed = 2 + 256 + 16

// judgeSealed judges SealedSecrets: what is sealed must be ciphertext, and what is in the template is plain.
func judgeSealed(_ context.Context, in validate.Input) ([]validate.Finding, []validate.Unchecked, error) {
	return ofKind(in, func(j *judge) {
		values := validate.MappingAt(j.object.Tree, "spec", "encryptedData")
		for _, name := range slices.Sorted(maps.Keys(values)) {
			text, _ := values[name].(string)
			field := render.Path{"spec", "encryptedData", name}
			raw, err := base64.StdEncoding.DecodeString(strings.TrimSpace(text))
			if (err != nil || len(raw) < leastSealed) && j.blanks.At(j.object.Key, field) == validate.Known {
				j.say(sealedPlain, field, "%s is not sealed: no key of the controller can open it", field)
			}
		}
		for _, part := range []string{"data", "stringData"} {
			values := validate.MappingAt(j.object.Tree, "spec", "template", part)
			for _, name := range slices.Sorted(maps.Keys(values)) {
				text, _ := values[name].(string)
				if raw, err := base64.StdEncoding.DecodeString(text); err == nil && part == "data" && printable(string(raw)) && len(raw) > 5 {
					text = string(raw)
				}
				field := render.Path{"spec", "template", part, name}
				if secretValue(name, text) || len(secretLines(text)) > 0 && strings.Contains(text, "\n") {
					j.say(sealedPlain, field, "%s is in the template, which is not sealed, and by its name it is a secret", field)
				}
			}
		}
	}, sealedGroup, "SealedSecret"), nil, nil
}

// stores are the secret stores of the whole stack, as the cluster sees them.
type stores struct {
	keys  map[render.Key]bool
	names map[string][]string // by kind
	whole bool                // every app of the stack is there
}

func storesOf(in validate.Input) stores {
	s := stores{keys: map[render.Key]bool{}, names: map[string][]string{}, whole: in.Whole()}
	for _, set := range in.Effective {
		for _, o := range set.Objects {
			if o.Key.Group == externalGroup && (o.Key.Kind == "SecretStore" || o.Key.Kind == "ClusterSecretStore") {
				key := o.Key
				if key.Kind == "ClusterSecretStore" {
					key.Namespace = "" // also where no definition says that it has none
				}
				s.keys[key] = true
				s.names[o.Key.Kind] = append(s.names[o.Key.Kind], o.Key.Name)
			}
		}
	}
	return s
}

// judgeStores looks for the stores that ExternalSecrets and PushSecrets name.
func judgeStores(_ context.Context, in validate.Input) ([]validate.Finding, []validate.Unchecked, error) {
	all := storesOf(in)
	var found []validate.Finding
	var unchecked []validate.Unchecked
	for i, set := range in.Effective {
		for n := range set.Objects {
			o := &set.Objects[n]
			if o.Key.Group != externalGroup {
				continue
			}
			j := judge{object: o}
			for _, ref := range storeRefs(o) {
				if u, ok := j.store(ref, all); !ok {
					u.App = in.Results[i].App.Name
					unchecked = append(unchecked, u)
				}
			}
			found = append(found, j.found...)
		}
	}
	return found, unchecked, nil
}

// storeRef is a field that names a store.
type storeRef struct {
	at   render.Path
	kind string
	name string
}

// storeRefs lists the stores that an object names. Sources: the types of external-secrets.io, apis/externalsecrets/v1
// and v1alpha1. A ClusterExternalSecret makes its own objects in namespaces that only the cluster knows, so of those it
// names only the stores of the cluster are looked for.
func storeRefs(o *render.Object) []storeRef {
	var refs []storeRef
	add := func(at render.Path) {
		ref, _ := at.In(o.Tree)
		name, kind := validate.TextAt(ref, "name"), cmp.Or(validate.TextAt(ref, "kind"), "SecretStore")
		if name != "" && literal(name) {
			refs = append(refs, storeRef{at, kind, name})
		}
	}
	var spec render.Path
	switch o.Key.Kind {
	case "ExternalSecret":
		spec = render.Path{"spec"}
	case "ClusterExternalSecret":
		spec = render.Path{"spec", "externalSecretSpec"}
	case "PushSecret":
		for i := range validate.ListAt(o.Tree, "spec", "secretStoreRefs") {
			add(render.Path{"spec", "secretStoreRefs", i})
		}
		return refs
	default:
		return nil
	}
	add(spec.With("secretStoreRef"))
	for _, part := range []string{"data", "dataFrom"} {
		body, _ := spec.In(o.Tree)
		for i := range validate.ListAt(body, part) {
			add(spec.With(part, i, "sourceRef", "storeRef"))
		}
	}
	if o.Key.Kind == "ClusterExternalSecret" {
		refs = slices.DeleteFunc(refs, func(r storeRef) bool { return r.kind == "SecretStore" })
	}
	return refs
}

// store looks for one store, and says false with a reason where it may be there without the stack.
func (j *judge) store(ref storeRef, all stores) (validate.Unchecked, bool) {
	key := render.Key{Group: externalGroup, Kind: ref.kind, Name: ref.name}
	if ref.kind == "SecretStore" {
		key.Namespace = j.object.Key.Namespace
	}
	if all.keys[key] || ref.kind != "SecretStore" && ref.kind != "ClusterSecretStore" {
		return validate.Unchecked{}, true
	}
	wanted := fmt.Sprintf("%s is %q, a %s", ref.at.With("name"), ref.name, ref.kind)
	// A store of another namespace, or of the other kind, is what was meant and cannot be reached.
	if others := all.names["ClusterSecretStore"]; all.whole && ref.kind == "SecretStore" && slices.Contains(others, ref.name) {
		j.misses(ref, validate.Error, wanted+", and the store of that name is a ClusterSecretStore")
		return validate.Unchecked{}, true
	}
	if all.whole && slices.Contains(all.names[ref.kind], ref.name) {
		j.misses(ref, validate.Warning, wanted+", and the store of that name is in another namespace")
		return validate.Unchecked{}, true
	}
	if all.whole && len(all.names[ref.kind]) > 0 {
		text := wanted + ", and the stack has none of that name"
		if near := render.Nearest(ref.name, all.names[ref.kind]); near != "" {
			text += fmt.Sprintf("; did you mean %q?", near)
		}
		j.misses(ref, validate.Warning, text)
		return validate.Unchecked{}, true
	}
	return validate.Unchecked{
		Object: j.object.Key, What: fmt.Sprintf("whether the %s %s is there", ref.kind, ref.name), Why: "no such store is among what was rendered, and it may come from elsewhere",
	}, false
}

func (j *judge) misses(ref storeRef, severity validate.Severity, text string) {
	f := validate.On(j.object, ref.at.With("name"), text)
	f.Rule, f.Severity = externalStore, severity
	j.found = append(j.found, f)
}
