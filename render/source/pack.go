package source

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"fmt"
	"io/fs"
	"slices"

	"helm.sh/helm/v3/pkg/ignore"

	"sluice/render"
)

// pack writes files as a chart archive below the directory name. The same files give the same bytes: path order, no
// times, one mode, no gzip header fields, and stored blocks, because what a compressor writes may change with a
// release of Go. The reader is helm's loader a moment later, so compressing would only cost time.
func pack(name string, files []render.File) ([]byte, error) {
	var b bytes.Buffer
	zw, err := gzip.NewWriterLevel(&b, gzip.NoCompression)
	if err != nil {
		return nil, err
	}
	tw := tar.NewWriter(zw)
	files = slices.Clone(files)
	sortFiles(files)
	for _, f := range files {
		h := &tar.Header{Name: name + "/" + f.Path, Mode: 0o644, Size: int64(len(f.Data)), Typeflag: tar.TypeReg}
		if err := tw.WriteHeader(h); err != nil {
			return nil, fmt.Errorf("packing %s: %w", f.Path, err)
		}
		if _, err := tw.Write(f.Data); err != nil {
			return nil, fmt.Errorf("packing %s: %w", f.Path, err)
		}
	}
	if err := tw.Close(); err != nil {
		return nil, fmt.Errorf("packing %s: %w", name, err)
	}
	if err := zw.Close(); err != nil {
		return nil, fmt.Errorf("packing %s: %w", name, err)
	}
	return b.Bytes(), nil
}

// packaged gives the files that packaging would take: those that the chart's .helmignore does not name, with helm's
// own rules. Helm applies the file when it packages or loads a directory, never to a subchart inside of one, so a
// chart that becomes a dependency has to be packaged and not copied.
func packaged(files []render.File) ([]render.File, error) {
	rules := ignore.Empty()
	for _, f := range files {
		if f.Path != ignore.HelmIgnore {
			continue
		}
		parsed, err := ignore.Parse(bytes.NewReader(f.Data))
		if err != nil {
			return nil, fmt.Errorf("reading %s: %w", ignore.HelmIgnore, err)
		}
		rules = parsed
	}
	rules.AddDefaults() // hidden files of templates/
	var kept []render.File
	for _, f := range files {
		if !ignored(rules, f.Path) {
			kept = append(kept, f)
		}
	}
	return kept, nil
}

// ignored asks about every directory on the way first, as a walk would: an ignored directory takes all of its files.
func ignored(rules *ignore.Rules, name string) bool {
	for i, r := range name {
		if r == '/' && rules.Ignore(name[:i], entryInfo{dir: true}) {
			return true
		}
	}
	return rules.Ignore(name, entryInfo{})
}

// entryInfo is as much of an fs.FileInfo as the rules ask for.
type entryInfo struct {
	fs.FileInfo
	dir bool
}

func (e entryInfo) IsDir() bool { return e.dir }
