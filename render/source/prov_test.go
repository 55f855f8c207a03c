package source

import (
	"bytes"
	"crypto"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/ProtonMail/go-crypto/openpgp"
	"github.com/ProtonMail/go-crypto/openpgp/armor"
	"github.com/ProtonMail/go-crypto/openpgp/clearsign"
	"github.com/ProtonMail/go-crypto/openpgp/packet"
	"helm.sh/helm/v3/pkg/provenance"
)

// keyAt makes a key, valid for lifetime seconds (0 means always) from a moment on.
func keyAt(t *testing.T, name string, at time.Time, lifetime uint32) *openpgp.Entity {
	t.Helper()
	key, err := openpgp.NewEntity(name, "", name+"@example.com", &packet.Config{
		Algorithm: packet.PubKeyAlgoEdDSA, KeyLifetimeSecs: lifetime, Time: func() time.Time { return at },
	})
	must(t, err)
	return key
}

// public is a keyring, as gpg --export writes it.
func public(t *testing.T, keys ...*openpgp.Entity) []byte {
	t.Helper()
	var b bytes.Buffer
	for _, k := range keys {
		must(t, k.Serialize(&b))
	}
	return b.Bytes()
}

func armored(t *testing.T, ring []byte) []byte {
	t.Helper()
	var b bytes.Buffer
	w, err := armor.Encode(&b, openpgp.PublicKeyType, nil)
	must(t, err)
	_, err = w.Write(ring)
	must(t, err)
	must(t, w.Close())
	return append(b.Bytes(), '\n')
}

// signed is the provenance file that helm writes for an archive.
func signed(t *testing.T, key *openpgp.Entity, archive []byte, name string) []byte {
	t.Helper()
	file := filepath.Join(t.TempDir(), name)
	must(t, os.WriteFile(file, archive, 0o644))
	text, err := (&provenance.Signatory{Entity: key}).ClearSign(file)
	must(t, err)
	return []byte(text)
}

// clearSigned signs a text at a moment.
func clearSigned(t *testing.T, key *openpgp.Entity, text string, config packet.Config) []byte {
	t.Helper()
	var b bytes.Buffer
	w, err := clearsign.Encode(&b, key.PrivateKey, &config)
	must(t, err)
	_, err = w.Write([]byte(text))
	must(t, err)
	must(t, w.Close())
	return b.Bytes()
}

// weaklySigned signs with SHA-1, which the library verifies and, with reason, no longer writes.
func weaklySigned(t *testing.T, key *openpgp.Entity, text string) []byte {
	t.Helper()
	sig := &packet.Signature{
		SigType: packet.SigTypeText, PubKeyAlgo: key.PrivateKey.PubKeyAlgo, Hash: crypto.SHA1,
		CreationTime: key.PrimaryKey.CreationTime, IssuerKeyId: &key.PrivateKey.KeyId,
	}
	sum := crypto.SHA1.New()
	_, err := sum.Write([]byte(strings.ReplaceAll(strings.TrimSuffix(text, "\n"), "\n", "\r\n")))
	must(t, err)
	must(t, sig.Sign(sum, key.PrivateKey, &packet.Config{NonDeterministicSignaturesViaNotation: new(bool)}))
	b := bytes.NewBufferString("-----BEGIN PGP SIGNED MESSAGE-----\nHash: SHA1\n\n" + text)
	w, err := armor.Encode(b, openpgp.SignatureType, nil)
	must(t, err)
	must(t, sig.Serialize(w))
	must(t, w.Close())
	return b.Bytes()
}

func signedText(archive []byte, name string) string {
	return fmt.Sprintf("name: web\nversion: 1.0.0\n\n...\nfiles:\n  %s: %s\n", name, digest(archive))
}

func TestProvenanceThatHelmSignedIsVerified(t *testing.T) {
	const name = "web-1.0.0.tgz"
	archive := chartTgz(t, "web", "1.0.0")
	long := time.Date(2020, 1, 1, 0, 0, 0, 0, time.UTC)
	key, other := keyAt(t, "ada", long, 0), keyAt(t, "bob", long, 0)
	prov := signed(t, key, archive, name)
	for what, ring := range map[string][]byte{
		"binary":       public(t, other, key),
		"armored":      armored(t, public(t, other, key)),
		"two armored":  append(armored(t, public(t, other)), armored(t, public(t, key))...),
		"with CR LF":   bytes.ReplaceAll(armored(t, public(t, key)), []byte("\n"), []byte("\r\n")),
		"with comment": append([]byte("the key of ada\n\n"), armored(t, public(t, key))...),
	} {
		got, err := verifyProvenance(ring, prov, archive, name)
		if want := strings.ToUpper(fmt.Sprintf("%x", key.PrimaryKey.Fingerprint)); err != nil || got != want || len(got) != 40 {
			t.Errorf("%s: signer %q, want %q, error %v", what, got, want, err)
		}
	}
	// What helm signs, helm verifies; this is to hold the test's own way of signing to the format.
	file := filepath.Join(t.TempDir(), name)
	must(t, os.WriteFile(file, archive, 0o644))
	must(t, os.WriteFile(file+".prov", clearSigned(t, key, signedText(archive, name), packet.Config{}), 0o644))
	if _, err := (&provenance.Signatory{KeyRing: openpgp.EntityList{key}}).Verify(file, file+".prov"); err != nil {
		t.Errorf("helm does not verify what this test signs: %v", err)
	}
}

func TestASigningSubkeyIsItsPrimaryKey(t *testing.T) {
	key := keyAt(t, "ada", time.Date(2020, 1, 1, 0, 0, 0, 0, time.UTC), 0)
	must(t, key.AddSigningSubkey(&packet.Config{Algorithm: packet.PubKeyAlgoEdDSA, Time: func() time.Time { return time.Date(2021, 1, 1, 0, 0, 0, 0, time.UTC) }}))
	sub := *key
	sub.PrivateKey = key.Subkeys[len(key.Subkeys)-1].PrivateKey
	archive := chartTgz(t, "web", "1.0.0")
	got, err := verifyProvenance(public(t, key), clearSigned(t, &sub, signedText(archive, "web-1.0.0.tgz"), packet.Config{}), archive, "web-1.0.0.tgz")
	if want := fmt.Sprintf("%X", key.PrimaryKey.Fingerprint); err != nil || got != want {
		t.Errorf("signer %q, want %q, error %v", got, want, err)
	}
}

func TestTheKeyHasToBeValidWhenItSigned(t *testing.T) {
	const name = "web-1.0.0.tgz"
	archive := chartTgz(t, "web", "1.0.0")
	made := time.Date(2020, 1, 1, 0, 0, 0, 0, time.UTC)
	sign := func(key *openpgp.Entity, at time.Time, life uint32) []byte {
		return clearSigned(t, key, signedText(archive, name), packet.Config{Time: func() time.Time { return at }, SigLifetimeSecs: life})
	}
	day := 24 * time.Hour
	for _, c := range []struct {
		what   string
		at     time.Time
		revoke packet.ReasonForRevocation
		want   string // part of the error, or empty
	}{
		{what: "expired since", at: made.Add(day)},
		{what: "expired before", at: made.Add(40 * day), want: "the key had expired before it signed"},
		{what: "before it was made", at: made.Add(-day), want: "expired"},
		{what: "compromised since", at: made.Add(day), revoke: packet.KeyCompromised, want: "the key has been revoked"},
		{what: "retired since", at: made.Add(day), revoke: packet.KeyRetired},
	} {
		key := keyAt(t, "ada", made, uint32(30*day/time.Second))
		prov := sign(key, c.at, 0)
		if c.revoke != 0 {
			must(t, key.RevokeKey(c.revoke, "", &packet.Config{Time: func() time.Time { return made.Add(5 * day) }}))
		}
		_, err := verifyProvenance(public(t, key), prov, archive, name)
		if c.want == "" && err != nil || c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want)) {
			t.Errorf("%s: error %v, want %q", c.what, err, c.want)
		}
	}
	key := keyAt(t, "ada", made, 0)
	if _, err := verifyProvenance(public(t, key), sign(key, made.Add(day), 60), archive, name); err != nil {
		t.Errorf("a signature with a life of its own: %v", err)
	}
}

func TestProvenanceThatProvesNothingIsRefused(t *testing.T) {
	const name = "web-1.0.0.tgz"
	archive, another := chartTgz(t, "web", "1.0.0"), chartTgz(t, "web", "1.0.0", part{name: "extra", body: "x"})
	made := time.Date(2020, 1, 1, 0, 0, 0, 0, time.UTC)
	key := keyAt(t, "ada", made, 0)
	ring, good := public(t, key), signed(t, key, archive, name)
	plain := packet.Config{}
	for _, c := range []struct {
		what                string
		ring, prov, archive []byte
		name                string
		want                string
	}{
		{"another archive", ring, good, another, name, "verifying web-1.0.0.tgz: the archive has the digest sha256:"},
		{"another name", ring, good, archive, "web-2.0.0.tgz", "verifying web-2.0.0.tgz: the signed provenance file does not list it"},
		{"unknown key", public(t, keyAt(t, "bob", made, 0)), good, archive, name, "the signature of web-1.0.0.tgz: no key of the keyring made it"},
		{"changed text", ring, bytes.Replace(good, []byte("version: 1.0.0"), []byte("version: 1.0.1"), 1), archive, name, "the signature of web-1.0.0.tgz: "},
		{"changed sum", ring, bytes.Replace(good, []byte(digest(archive)), []byte(digest(another)), 1), another, name, "the signature of web-1.0.0.tgz: "},
		{"a list before the signed text", ring, append([]byte(signedText(another, name)), good...), another, name, "has the digest"},
		{"a list after the signed text", ring, append(good[:len(good):len(good)], signedText(another, name)...), another, name, "has the digest"},
		{"not signed", ring, []byte(signedText(archive, name)), archive, name, "verifying web-1.0.0.tgz: its provenance file is not a clear-signed message"},
		{"a page", ring, []byte("<html>not found</html>"), archive, name, "not a clear-signed message"},
		{"nothing", ring, nil, archive, name, "not a clear-signed message"},
		{"half of it", ring, good[:len(good)/2], archive, name, "not a clear-signed message"},
		{"without signature", ring, good[:bytes.Index(good, []byte("-----BEGIN PGP SIGNATURE"))], archive, name, "not a clear-signed message"},
		{"SHA-1", ring, weaklySigned(t, key, signedText(archive, name)), archive, name, "the signature of web-1.0.0.tgz: it is made with SHA-1"},
		{"no list", ring, clearSigned(t, key, "name: web\n", plain), archive, name, "the provenance file of web-1.0.0.tgz: it is not a Chart.yaml and a list"},
		{"two lists", ring, clearSigned(t, key, signedText(archive, name)+"\n...\n"+signedText(another, name), plain), archive, name, "it is not a Chart.yaml and a list"},
		{"a list of nothing", ring, clearSigned(t, key, "name: web\n\n...\nfiles: {}\n", plain), archive, name, "does not list it"},
		{"listed twice", ring, clearSigned(t, key, signedText(archive, name)+"  "+name+": "+digest(another)+"\n", plain), archive, name, "already defined"},
		{"no keyring", nil, good, archive, name, "reading the keyring: it has no key"},
		{"a keyring that is none", []byte("ssh-ed25519 AAAA"), good, archive, name, "reading the keyring: "},
		{"a private message", []byte(strings.ReplaceAll(string(armored(t, ring)), "PUBLIC KEY BLOCK", "MESSAGE")), good, archive, name, "reading the keyring: block 1: "},
	} {
		got, err := verifyProvenance(c.ring, c.prov, c.archive, c.name)
		if err == nil || got != "" || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: signer %q, error %v; want %q", c.what, got, err, c.want)
		}
	}
}
