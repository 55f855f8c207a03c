package source

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"maps"
	"path"
	"slices"
	"strings"

	"sluice/render"
)

// Limits of an archive. The size of a file and of the whole are helm's own (pkg/chart/loader: 5 MiB and 100 MiB), so
// nothing that helm loads is refused for its size; the others are far above any chart and stop a bomb early.
const (
	maxArchive  = 64 << 20  // bytes, packed
	maxUnpacked = 100 << 20 // bytes, tar headers included
	maxFile     = 5 << 20   // bytes
	maxFiles    = 20_000
	maxPath     = 512 // bytes
	maxRatio    = 200 // unpacked to packed, from freeRatio bytes on
	freeRatio   = 4 << 20
)

// tarBlock is the unit of a tar stream, which ends with two blocks of zeros (POSIX pax, "ustar Interchange Format").
const tarBlock = 512

// unpack gives the files of a chart archive in path order, without the directory that all of them are in. It takes
// regular files and directories only: helm's packaging writes nothing else, and helm's loader reads a link as an
// empty file.
func unpack(packed []byte) ([]render.File, error) {
	if len(packed) == 0 {
		return nil, fmt.Errorf("the archive is empty")
	}
	u := unpacker{rules: chartRules(), seen: make(map[string]bool)}
	if err := u.read(packed); err != nil {
		return nil, err
	}
	if err := u.finish(); err != nil {
		return nil, err
	}
	if !u.seen[chartFileName] {
		return nil, fmt.Errorf("the archive has no %s in its top directory", chartFileName)
	}
	return u.files, nil
}

// archiveRules are what archives of one kind are held to.
type archiveRules struct {
	unpacked, file int64  // bytes
	files, path    int    // number of files, bytes of a path
	linkable       bool   // symbolic links are listed, and not refused
	what, most     string // for messages: of what, and whose limit that of a file is
}

func chartRules() archiveRules {
	return archiveRules{unpacked: maxUnpacked, file: maxFile, files: maxFiles, path: maxPath, what: "chart", most: "helm loads at most"}
}

// read takes the archive apart.
func (u *unpacker) read(packed []byte) error {
	stream, err := gunzip(packed, u.rules.unpacked)
	if err != nil {
		return err
	}
	rest := bytes.NewReader(stream)
	end := 0 // where the last entry ends
	for tr := tar.NewReader(rest); ; {
		h, err := tr.Next()
		if err == io.EOF {
			break
		}
		if err != nil {
			return fmt.Errorf("reading the tar stream: %w", err)
		}
		if err := u.add(h, tr); err != nil {
			return err
		}
		end = len(stream) - rest.Len()
	}
	// The tar package ends quietly at a cut between two entries, and after the end it ignores what follows.
	end = (end + tarBlock - 1) / tarBlock * tarBlock
	if len(stream) < end+2*tarBlock {
		return fmt.Errorf("the tar stream is truncated: its end mark is missing")
	}
	if bytes.ContainsFunc(stream[end:], func(r rune) bool { return r != 0 }) {
		return fmt.Errorf("the tar stream has trailing garbage after its last entry")
	}
	return nil
}

// gunzip gives the whole tar stream, or an error: for a cut, for bytes after the last member (the gzip package reports
// them as a bad header), and past the limit. Several members in a row are one stream, as RFC 1952 says.
func gunzip(packed []byte, most int64) ([]byte, error) {
	zr, err := gzip.NewReader(bytes.NewReader(packed))
	if err != nil {
		return nil, fmt.Errorf("reading the gzip stream: %w", err)
	}
	limit := min(most, max(freeRatio, maxRatio*int64(len(packed))))
	stream, err := io.ReadAll(io.LimitReader(zr, limit+1))
	switch {
	case int64(len(stream)) > limit:
		return nil, fmt.Errorf("the archive of %d bytes unpacks to more than %d bytes", len(packed), limit)
	case errors.Is(err, gzip.ErrHeader):
		return nil, fmt.Errorf("the archive has trailing garbage after its gzip stream")
	case errors.Is(err, io.ErrUnexpectedEOF):
		return nil, fmt.Errorf("the gzip stream is truncated: %w", err)
	case err != nil:
		return nil, fmt.Errorf("reading the gzip stream: %w", err)
	}
	return stream, nil
}

// unpacker collects the entries of one archive and holds them to the rules that no single entry can break.
type unpacker struct {
	rules archiveRules
	top   string // the directory of all entries
	files []render.File
	links []string        // paths of symbolic links
	seen  map[string]bool // paths of files and links
	total int64           // bytes of files; a sparse file has more of them than the stream
}

// add takes one entry of the archive.
func (u *unpacker) add(h *tar.Header, content io.Reader) error {
	switch h.Typeflag {
	case tar.TypeXGlobalHeader: // git archive writes one; it has no file
		return nil
	case tar.TypeReg, tar.TypeDir:
	default:
		if !u.rules.linkable || h.Typeflag != tar.TypeSymlink {
			return fmt.Errorf("entry %q is %s; a %s archive holds files and directories only", h.Name, entryKind(h.Typeflag), u.rules.what)
		}
	}
	name, err := u.inside(h.Name)
	if err != nil || h.Typeflag == tar.TypeDir {
		return err
	}
	switch {
	case name == "":
		return fmt.Errorf("entry %q is outside the %s's directory", h.Name, u.rules.what)
	case u.seen[name]:
		return fmt.Errorf("entry %q is there twice", h.Name)
	case len(u.seen) == u.rules.files:
		return fmt.Errorf("the archive holds more than %d files", u.rules.files)
	case h.Size > u.rules.file:
		return fmt.Errorf("entry %q has %d bytes; %s %d", h.Name, h.Size, u.rules.most, u.rules.file)
	case h.Typeflag == tar.TypeSymlink:
		u.seen[name] = true
		u.links = append(u.links, name)
		return nil
	}
	// The header's size is what reading gives, holes included, so it is judged before the read.
	if u.total += h.Size; u.total > u.rules.unpacked {
		return fmt.Errorf("the archive's files have more than %d bytes", u.rules.unpacked)
	}
	read, err := io.ReadAll(content)
	if err != nil {
		return fmt.Errorf("reading entry %q: %w", h.Name, err)
	}
	u.seen[name] = true
	u.files = append(u.files, render.File{Path: name, Data: read})
	return nil
}

// inside gives the path of an entry below the chart's directory, which the first entry decides.
func (u *unpacker) inside(entry string) (string, error) {
	switch {
	case len(entry) > u.rules.path:
		return "", fmt.Errorf("entry %q... has a path of more than %d bytes", entry[:64], u.rules.path)
	case strings.ContainsAny(entry, "\\\x00\n"):
		return "", fmt.Errorf("entry %q has a backslash or control character in its path", entry)
	case path.IsAbs(entry):
		return "", fmt.Errorf("entry %q has an absolute path", entry)
	case slices.Contains(strings.Split(entry, "/"), ".."):
		return "", fmt.Errorf("entry %q leaves the %s's directory", entry, u.rules.what)
	}
	top, name, _ := strings.Cut(path.Clean(entry), "/")
	if top == "." {
		return "", nil
	}
	// "C:" would be a drive to a reader on another system; helm refuses it too.
	if strings.Contains(top, ":") || len(name) > 1 && name[1] == ':' {
		return "", fmt.Errorf("entry %q looks like a drive", entry)
	}
	if u.top == "" {
		u.top = top
	}
	if top != u.top {
		return "", fmt.Errorf("entry %q is outside the %s's directory %s", entry, u.rules.what, u.top)
	}
	return name, nil
}

// finish makes certain that the entries can stand beside each other, and orders them.
func (u *unpacker) finish() error {
	for _, name := range slices.Sorted(maps.Keys(u.seen)) {
		for dir := path.Dir(name); dir != "."; dir = path.Dir(dir) {
			if u.seen[dir] {
				return fmt.Errorf("entry %q is both a file and a directory", dir)
			}
		}
	}
	sortFiles(u.files)
	slices.Sort(u.links)
	return nil
}

// entryKind names the type of an entry that is refused.
func entryKind(flag byte) string {
	switch flag {
	case tar.TypeSymlink:
		return "a symbolic link"
	case tar.TypeLink:
		return "a hard link"
	case tar.TypeChar, tar.TypeBlock:
		return "a device"
	case tar.TypeFifo:
		return "a named pipe"
	}
	return fmt.Sprintf("of type %q", flag)
}
