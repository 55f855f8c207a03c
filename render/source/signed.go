package source

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path"
	"strings"
)

// signing is an upstream that has provenance files beside its charts (helm docs, topics/provenance).
type signing interface {
	// provenance gives the provenance file of a resolved chart. It is errUnsigned where there is none.
	provenance(ctx context.Context, resolved Entry) ([]byte, error)
}

// verified holds a chart to the keyring that its source names, and gives the fingerprint of the key that signed it. It
// is done when a chart is locked: from then on the digest stands for the archive, and the lock for the signature.
func (r *Reader) verified(ctx context.Context, s settled, keyring string) (string, error) {
	from, err := r.upstream(s.Entry)
	if err != nil {
		return "", err
	}
	signed, ok := from.(signing)
	if !ok {
		return "", fmt.Errorf("its source has no provenance files, and keyring asks for one")
	}
	keys, err := r.keyring(keyring)
	if err != nil {
		return "", err
	}
	prov, err := signed.provenance(ctx, s.Entry)
	if err != nil {
		return "", fmt.Errorf("reading the provenance file: %w", err)
	}
	return verifyProvenance(keys, prov, s.content, s.Chart+"-"+s.Resolved+".tgz")
}

// keyring reads a file of public keys of the stack.
func (r *Reader) keyring(file string) ([]byte, error) {
	root, err := os.OpenRoot(r.Dir)
	if err != nil {
		return nil, fmt.Errorf("opening the stack directory: %w", err)
	}
	defer root.Close()
	keys, err := readFile(rooted{FS: root.FS()}, path.Clean(file), maxDirFile)
	if err != nil {
		return nil, fmt.Errorf("reading the keyring: %w", err)
	}
	return keys, nil
}

// trusts holds the signer of a lock to the keyring as it is now: a key that was taken out of it is trusted no more. No
// keyring trusts everybody.
func (r *Reader) trusts(file, signer string) error {
	if file == "" {
		return nil
	}
	if signer == "" {
		return hinted(r.relock(), marked{errors.New("the lock has it without a verified signature, and keyring asks for one"), ErrUnsettled})
	}
	ring, err := r.keyring(file)
	if err != nil {
		return err
	}
	keys, err := readKeyring(ring)
	if err != nil {
		return fmt.Errorf("reading the keyring %s: %w", file, err)
	}
	for _, k := range keys {
		if strings.EqualFold(fmt.Sprintf("%X", k.PrimaryKey.Fingerprint), signer) {
			return nil
		}
	}
	return hinted(r.relock(), fmt.Errorf("the lock says that %s signed it, which the keyring %s does not have", signer, file))
}

// provenance is the method of signing: the archive's address and ".prov", as helm asks for it (pkg/downloader,
// ChartDownloader.DownloadTo).
func (c repository) provenance(ctx context.Context, resolved Entry) ([]byte, error) {
	e, err := c.pick(ctx, resolved.Chart, resolved.Resolved)
	if err != nil {
		return nil, err
	}
	at, err := url.Parse(e.URLs[0])
	if err != nil {
		return nil, errors.New("the index gives an address that is not a URL")
	}
	at.Path += ".prov"
	text, err := c.read(ctx, at.String(), "provenance of chart "+resolved.Chart+" "+resolved.Resolved)
	if errors.Is(err, errNotFound) || errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("%w: %w", errUnsigned, err)
	}
	return text, err
}

func (m moved) provenance(ctx context.Context, resolved Entry) ([]byte, error) {
	signed, ok := m.at.(signing)
	if !ok {
		return nil, errUnsigned
	}
	return signed.provenance(ctx, m.there(resolved))
}
