package source

import (
	"bytes"
	"crypto"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/ProtonMail/go-crypto/openpgp"
	"github.com/ProtonMail/go-crypto/openpgp/clearsign"
	openpgperrors "github.com/ProtonMail/go-crypto/openpgp/errors"
	"github.com/ProtonMail/go-crypto/openpgp/packet"
)

// verifyProvenance holds an archive to what was signed for it, and gives the fingerprint of the signer's primary key, in
// upper case hex as gpg prints it. keyring is armored or binary; prov is the file beside the archive that helm package
// --sign writes; name is the archive's file name, under which prov lists it (helm pkg/provenance, sign.go).
//
// A key has to be valid when it signed, not today: the same input gives the same answer, and an old release stays
// verifiable. A key that was revoked before that moment, or because it was compromised, never is.
func verifyProvenance(keyring, prov, archive []byte, name string) (signer string, err error) {
	keys, err := readKeyring(keyring)
	if err != nil {
		return "", fmt.Errorf("reading the keyring: %w", err)
	}
	block, _ := clearsign.Decode(prov)
	if block == nil {
		return "", hinted("helm package --sign writes it",
			fmt.Errorf("verifying %s: its provenance file is not a clear-signed message", name))
	}
	entity, err := verifySignature(keys, block)
	if err != nil {
		return "", fmt.Errorf("verifying the signature of %s: %w", name, err)
	}
	// Only what the signature covers is read; there may be text around it.
	listed, err := listedSums(block.Plaintext)
	if err != nil {
		return "", fmt.Errorf("reading the provenance file of %s: %w", name, err)
	}
	sum, ok := listed[name]
	switch got := digest(archive); {
	case !ok:
		return "", fmt.Errorf("verifying %s: the signed provenance file does not list it", name)
	case sum != got:
		return "", hinted("the archive is not the one that was signed; do not use it before you know why",
			fmt.Errorf("verifying %s: the archive has the digest %s, signed is %q", name, got, sum))
	}
	return fmt.Sprintf("%X", entity.PrimaryKey.Fingerprint), nil
}

// readKeyring reads public keys as gpg --export writes them, with or without --armor. All blocks of an armored file are
// read: files of keys are often written one after the other.
func readKeyring(keyring []byte) (openpgp.EntityList, error) {
	const begin = "-----BEGIN PGP "
	if !bytes.Contains(keyring, []byte(begin)) {
		keys, err := openpgp.ReadKeyRing(bytes.NewReader(keyring))
		if err == nil && len(keys) == 0 {
			err = errors.New("it has no key")
		}
		if err != nil {
			return nil, hinted("gpg --export writes one; the keybox that gpg keeps (pubring.kbx) is not one", err)
		}
		return keys, nil
	}
	var all openpgp.EntityList
	for n, block := range strings.Split(string(keyring), begin)[1:] {
		keys, err := openpgp.ReadArmoredKeyRing(strings.NewReader(begin + block))
		if err != nil {
			return nil, fmt.Errorf("block %d: %w", n+1, err)
		}
		all = append(all, keys...)
	}
	return all, nil
}

// verifySignature gives the signer of a clear-signed message. SHA-1 and older are not accepted as its digest.
func verifySignature(keys openpgp.EntityList, block *clearsign.Block) (*openpgp.Entity, error) {
	signature, err := io.ReadAll(block.ArmoredSignature.Body)
	if err != nil {
		return nil, fmt.Errorf("the signature is damaged: %w", err)
	}
	at := time.Unix(0, 0)
	config := &packet.Config{Time: func() time.Time { return at }}
	verify := func() (*packet.Signature, *openpgp.Entity, error) {
		return openpgp.VerifyDetachedSignature(keys, bytes.NewReader(block.Bytes), bytes.NewReader(signature), config)
	}
	// The first pass tells when it was signed, whatever it says of the key; the second, whether the key was good then.
	found, entity, err := verify()
	if entity != nil {
		at = found.CreationTime
		_, entity, err = verify()
	}
	accepted := []crypto.Hash{crypto.SHA256, crypto.SHA384, crypto.SHA512, crypto.SHA3_256, crypto.SHA3_512}
	switch {
	case err == nil && !slices.Contains(accepted, found.Hash):
		return nil, hinted("ask the publisher for one with SHA-256 or better", fmt.Errorf("it is made with %v, which can be forged", found.Hash))
	case errors.Is(err, openpgperrors.ErrUnknownIssuer):
		return nil, hinted("add the publisher's public key to the keyring if you trust it", errors.New("no key of the keyring made it"))
	case errors.Is(err, openpgperrors.ErrKeyExpired):
		return nil, errors.New("the key had expired before it signed")
	case errors.Is(err, openpgperrors.ErrKeyRevoked):
		return nil, errors.New("the key has been revoked")
	case err != nil:
		return nil, hinted("the provenance file was changed after it was signed, or is damaged", err)
	}
	return entity, nil
}

// listedSums reads what is signed: the Chart.yaml, a line "...", and the sums by file name.
func listedSums(text []byte) (map[string]string, error) {
	_, sums, ok := strings.Cut(string(text), "\n...\n")
	if !ok || strings.Contains(sums, "\n...\n") {
		return nil, errors.New("it is not a Chart.yaml and a list of files with ... between them")
	}
	var doc struct {
		Files map[string]string `yaml:"files"`
	}
	if err := decode([]byte(sums), &doc); err != nil {
		return nil, err
	}
	return doc.Files, nil
}
