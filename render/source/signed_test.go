package source

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"sluice/render"
)

// signedPlaces are repositories of each kind that hold web 1.0.0, signed with a key, and web 2.0.0, unsigned.
func signedPlaces(t *testing.T, sign func(archive []byte, name string) []byte) map[string]string {
	t.Helper()
	one, two := chartTgz(t, "web", "1.0.0"), chartTgz(t, "web", "2.0.0")
	prov := sign(one, "web-1.0.0.tgz")
	files := repoFiles(t, one, two)
	files["web-1.0.0.tgz.prov"] = string(prov)
	registry := ociServer(t, nil)
	registry.push(t, "charts/web", one, string(prov))
	registry.push(t, "charts/web", two)
	return map[string]string{
		"http": serve(t, files, nil).URL, "file": "file://" + folder(t, files), "oci": registry.url("/charts"),
	}
}

func TestASignedChartIsHeldToTheKeyring(t *testing.T) {
	long := time.Date(2020, 1, 1, 0, 0, 0, 0, time.UTC)
	key, other := keyAt(t, "ada", long, 0), keyAt(t, "bob", long, 0)
	fingerprint := fmt.Sprintf("%X", key.PrimaryKey.Fingerprint)
	places := signedPlaces(t, func(archive []byte, name string) []byte { return signed(t, key, archive, name) })
	stack := folder(t, map[string]string{"keys.gpg": string(public(t, key, other)), "others.gpg": string(public(t, other))})
	for kind, repo := range places {
		t.Run(kind, func(t *testing.T) {
			asks := func(version, keyring string) render.Source {
				s := helmSource(repo, "web", version)
				s.Keyring = keyring
				return s
			}
			resolving := func() *Reader {
				r := reader(stack)
				r.Resolve = true
				return r
			}
			// Whichever of two sources of one chart comes first, the lock has the signer.
			for _, order := range [][]string{{"keys.gpg", ""}, {"", "keys.gpg"}} {
				r := resolving()
				for _, keyring := range order {
					fetch(t, r, asks("1.0.0", keyring))
				}
				if all := r.Settled(); len(all) != 1 || all[0].Signer != fingerprint {
					t.Fatalf("%q: settled %+v, want the signer %s", order, all, fingerprint)
				}
			}
			refuse(t, resolving(), asks("2.0.0", "keys.gpg"), "no provenance file")
			refuse(t, resolving(), asks("1.0.0", "others.gpg"), "no key of the keyring made it")
			refuse(t, resolving(), asks("1.0.0", "none.gpg"), "reading the keyring")

			r := resolving()
			fetch(t, r, asks("1.0.0", "keys.gpg"))
			lock, err := NewLock(r.Settled())
			must(t, err)
			held := reader(stack)
			held.Lock = lock
			fetch(t, held, asks("1.0.0", "keys.gpg"))
			refuse(t, held, asks("1.0.0", "others.gpg"), "the lock says that "+fingerprint+" signed it", "run sluice lock")
			// The folder has the signature too, so the chart can be locked from it.
			mirror := t.TempDir()
			_, err = held.Vendor(t.Context(), mirror, 2)
			must(t, err)
			if kind != "file" { // which is a directory of the machine, and not copied
				from := resolving()
				from.Mirror, from.Offline = mirror, true
				fetch(t, from, asks("1.0.0", "keys.gpg"))
			}
			unsigned := resolving()
			fetch(t, unsigned, asks("1.0.0", ""))
			held = reader(stack)
			held.Lock, err = NewLock(unsigned.Settled())
			must(t, err)
			refuse(t, held, asks("1.0.0", "keys.gpg"), "without a verified signature", "run sluice lock")
		})
	}
	if len(strings.TrimLeft(fingerprint, "0123456789ABCDEF")) > 0 {
		t.Errorf("fingerprint %s", fingerprint)
	}
}

func TestAProvenanceOfAnotherArchiveIsRefused(t *testing.T) {
	key := keyAt(t, "ada", time.Date(2020, 1, 1, 0, 0, 0, 0, time.UTC), 0)
	another := chartTgz(t, "web", "1.0.0", part{name: "more", body: "x"})
	places := signedPlaces(t, func(_ []byte, name string) []byte { return signed(t, key, another, name) })
	stack := folder(t, map[string]string{"keys.gpg": string(public(t, key))})
	for kind, repo := range places {
		r := reader(stack)
		r.Resolve = true
		s := helmSource(repo, "web", "1.0.0")
		s.Keyring = "keys.gpg"
		if err := refuse(t, r, s, "the archive has the digest"); err == nil {
			t.Error(kind)
		}
	}
}
