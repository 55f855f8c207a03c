package toolchain

import (
	"archive/tar"
	"bufio"
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"path"
	"path/filepath"
	"strings"
	"time"

	"sluice/render"
)

const (
	// Releases of helm and kustomize have 5 to 25 MB packed, 15 to 80 MB unpacked.
	maxArchive  = 256 << 20
	maxProgram  = 256 << 20
	maxUnpacked = 320 << 20 // of everything in an archive, read or passed over

	fetchLimit = 5 * time.Minute
	attempts   = 3
)

// unpack reads an archive, holds it to its digest, and puts the one program of it into the stage.
func (o Order) unpack(ctx context.Context, stage string, r record) (record, error) {
	whole := filepath.Join(stage, "archive")
	from, err := o.obtain(ctx, whole)
	if err != nil {
		return r, err
	}
	digest, _, err := fileDigest(whole)
	if err != nil {
		return r, err
	}
	if got := strings.TrimPrefix(digest, "sha256:"); got != o.SHA256 {
		return r, &render.Error{
			Err:  fmt.Errorf("%s has the SHA-256 %s, not %s%s", from, got, o.SHA256, looksLike(whole)),
			Hint: "nothing of it was unpacked; compare with the digest that the publisher gives",
		}
	}
	r.Archive, r.SHA256 = from, o.SHA256
	return r, extract(whole, filepath.Join(stage, o.Tool.Name), o.Tool.Name)
}

// looksLike says what was sent instead of an archive, where that is plain.
func looksLike(name string) string {
	f, err := os.Open(name)
	if err != nil {
		return ""
	}
	defer f.Close()
	start := make([]byte, 512)
	n, _ := io.ReadFull(f, start)
	if n == 0 {
		return ": it is empty"
	}
	if strings.HasPrefix(http.DetectContentType(start[:n]), "text/html") {
		return ": it is a web page"
	}
	return ""
}

// obtain copies the archive to a file and gives its name without what may be secret in it.
func (o Order) obtain(ctx context.Context, to string) (string, error) {
	if !strings.Contains(o.Archive, "://") {
		return o.Archive, copied(o.Archive, to)
	}
	u, err := url.Parse(o.Archive)
	if err != nil || u.Scheme != "https" && u.Scheme != "http" || u.Host == "" {
		return "", &render.Error{Err: errors.New("the archive's address is not one of http or https"), Hint: "give a URL or a file"}
	}
	u.Fragment = ""
	public := *u
	public.User, public.RawQuery = nil, "" // a query may be a signature
	from := public.String()
	if o.Offline {
		return "", &render.Error{
			Err:  fmt.Errorf("fetching %s: --offline is given", from),
			Hint: "give the file itself with --archive FILE",
		}
	}
	for try := 1; ; try++ {
		again, err := o.fetch(ctx, u, to)
		if err == nil {
			return from, nil
		}
		err = fmt.Errorf("fetching %s: %w", from, err)
		if ctx.Err() != nil || !again {
			return "", err
		}
		if try == attempts {
			return "", fmt.Errorf("%w (%d attempts)", err, attempts)
		}
		if err := pause(ctx, time.Duration(try)*250*time.Millisecond); err != nil {
			return "", err
		}
	}
}

// fetch makes one attempt and says whether another one may help.
func (o Order) fetch(ctx context.Context, u *url.URL, to string) (again bool, err error) {
	limit := o.Timeout
	if limit == 0 {
		limit = fetchLimit
	}
	limited, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	req, err := http.NewRequestWithContext(limited, http.MethodGet, u.String(), nil)
	if err != nil {
		return false, errors.New("the address is not valid")
	}
	// A .tar.gz that is called an encoding would arrive unpacked, and its digest would be of something else.
	req.Header.Set("Accept-Encoding", "identity")
	client := o.Client
	if client == nil {
		client = http.DefaultClient
	}
	resp, err := client.Do(req)
	if err != nil {
		var at *url.Error // names the whole address
		if errors.As(err, &at) {
			err = at.Err
		}
		return true, err
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		again := resp.StatusCode >= 500 || resp.StatusCode == http.StatusTooManyRequests || resp.StatusCode == http.StatusRequestTimeout
		return again, fmt.Errorf("the server answers %s", resp.Status)
	}
	return keep(resp.Body, to, resp.ContentLength)
}

// keep writes a body to a file. A body that is longer than any release stays that on the next attempt.
func keep(body io.Reader, to string, want int64) (again bool, err error) {
	f, err := os.OpenFile(to, os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o600)
	if err != nil {
		return false, err
	}
	n, err := io.Copy(f, io.LimitReader(body, maxArchive+1))
	switch closed := f.Close(); {
	case err != nil:
		return true, err
	case closed != nil:
		return false, closed
	case n > maxArchive:
		return false, fmt.Errorf("it has more than %d MB", maxArchive>>20)
	case want >= 0 && n != want:
		return true, fmt.Errorf("it ended after %d of %d bytes", n, want)
	}
	return false, nil
}

// copied copies a file, so that what is unpacked is what was digested.
func copied(from, to string) error {
	stat, err := os.Stat(from)
	if err != nil {
		return fmt.Errorf("reading the archive: %w", err)
	}
	if !stat.Mode().IsRegular() {
		return fmt.Errorf("reading the archive: %s is not a file", from)
	}
	f, err := os.Open(from)
	if err != nil {
		return fmt.Errorf("reading the archive: %w", err)
	}
	defer f.Close()
	if _, err := keep(f, to, -1); err != nil {
		return fmt.Errorf("reading the archive %s: %w", from, err)
	}
	return nil
}

// extract takes the program out of a .tar.gz, or the file as the program where it is no archive.
func extract(archive, to, name string) error {
	f, err := os.Open(archive)
	if err != nil {
		return err
	}
	defer f.Close()
	in := bufio.NewReader(f)
	start, err := in.Peek(4)
	if err != nil && !errors.Is(err, io.EOF) {
		return err
	}
	switch {
	case bytes.HasPrefix(start, []byte{0x1f, 0x8b}):
		return unpackTar(in, to, name)
	case bytes.HasPrefix(start, []byte("PK\x03\x04")):
		return &render.Error{Err: errors.New("it is a .zip, which is not read"), Hint: "give the .tar.gz, or the program itself"}
	}
	return writeProgram(in, to)
}

// unpackTar takes the one regular file that is named as the tool, at the top or in the one directory that releases of helm
// have ("linux-amd64/helm"). No path of the archive becomes one of the disk; everything else is passed over.
func unpackTar(in io.Reader, to, name string) error {
	zipped, err := gzip.NewReader(in)
	if err != nil {
		return fmt.Errorf("unpacking: %w", err)
	}
	limited := &io.LimitedReader{R: zipped, N: maxUnpacked}
	found := ""
	for t := tar.NewReader(limited); ; {
		entry, err := t.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return bounded(err, limited)
		}
		at := path.Clean(entry.Name)
		if entry.Typeflag != tar.TypeReg || path.Base(at) != name || strings.Count(at, "/") > 1 || strings.HasPrefix(at, "../") {
			continue
		}
		if found != "" {
			return fmt.Errorf("unpacking: it has two programs, %q and %q", found, entry.Name)
		}
		found = entry.Name
		if entry.Size > maxProgram {
			return fmt.Errorf("unpacking: %q has more than %d MB", entry.Name, maxProgram>>20)
		}
		if err := writeProgram(t, to); err != nil {
			return bounded(err, limited)
		}
	}
	if found == "" {
		return fmt.Errorf("unpacking: it has no file named %s", name)
	}
	// To the end: the checksum of the whole comes last.
	if _, err := io.Copy(io.Discard, limited); err != nil {
		return bounded(err, limited)
	}
	return nil
}

// bounded names the limit where it is the reason for an early end.
func bounded(err error, limited *io.LimitedReader) error {
	if limited.N <= 0 {
		return fmt.Errorf("unpacking: it has more than %d MB unpacked", maxUnpacked>>20)
	}
	return fmt.Errorf("unpacking: %w", err)
}

// writeProgram writes one program, executable.
func writeProgram(in io.Reader, to string) error {
	f, err := os.OpenFile(to, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o755)
	if err != nil {
		return err
	}
	n, err := io.Copy(f, io.LimitReader(in, maxProgram+1))
	if err == nil && n > maxProgram {
		err = fmt.Errorf("the program has more than %d MB", maxProgram>>20)
	}
	return errors.Join(err, f.Close())
}
