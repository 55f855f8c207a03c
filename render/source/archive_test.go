package source

import (
	"archive/tar"
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"sluice/render"
)

func TestBadArchivesGiveAnErrorAndNoTree(t *testing.T) {
	chart := part{name: "x/Chart.yaml", body: chartYAML("x", "1.0.0")}
	sound := tarOf(t, chart, part{name: "x/templates/a.yaml", body: "a: 1"})
	packed := gzipOf(t, sound)
	many := make([]part, 0, maxFiles+2)
	many = append(many, chart)
	for i := range maxFiles + 1 {
		many = append(many, part{name: fmt.Sprintf("x/f%d", i)})
	}
	zeros := strings.Repeat("\x00", 4<<20)
	for _, c := range []struct {
		name   string
		packed []byte
		want   string
	}{
		{"empty file", nil, "empty"},
		{"not gzip", []byte("apiVersion: v2\nname: x\n"), "gzip"},
		{"gzip of nothing", gzipOf(t, nil), "truncated"},
		{"gzip of text", gzipOf(t, []byte(strings.Repeat("text ", 500))), "tar stream"},
		{"no entries", tgzOf(t), "no Chart.yaml"},
		{"slip out by name", tgzOf(t, chart, part{name: "x/../../evil", body: "e"}), "leaves"},
		{"slip out and back", tgzOf(t, chart, part{name: "x/../x/a", body: "e"}), "leaves"},
		{"slip by a directory", tgzOf(t, chart, part{name: "../out/", kind: tar.TypeDir}), "leaves"},
		{"absolute path", tgzOf(t, chart, part{name: "/etc/passwd", body: "e"}), "absolute"},
		{"backslashes", tgzOf(t, chart, part{name: `x\..\evil`, body: "e"}), "backslash"},
		{"drive", tgzOf(t, chart, part{name: "x/c:/evil", body: "e"}), "drive"},
		{"symlink out", tgzOf(t, chart, part{name: "x/l", kind: tar.TypeSymlink, link: "../../etc/passwd"}), "symbolic link"},
		{"symlink inside", tgzOf(t, chart, part{name: "x/l", kind: tar.TypeSymlink, link: "Chart.yaml"}), "symbolic link"},
		{"hard link out", tgzOf(t, chart, part{name: "x/l", kind: tar.TypeLink, link: "/etc/passwd"}), "hard link"},
		{"named pipe", tgzOf(t, chart, part{name: "x/p", kind: tar.TypeFifo}), "named pipe"},
		{"device", tgzOf(t, chart, part{name: "x/d", kind: tar.TypeChar}), "device"},
		{"block device", tgzOf(t, chart, part{name: "x/d", kind: tar.TypeBlock}), "device"},
		{"bomb by ratio", tgzOf(t, chart, part{name: "x/a", body: zeros}, part{name: "x/b", body: zeros}), "unpacks to more"},
		{"bomb by count", tgzOf(t, many...), "more than 20000 files"},
		{"bomb by holes", sparse(t, 30, 4<<20), "files have more than"},
		{"one huge file", tgzOf(t, chart, part{name: "x/a", body: noise(maxFile + 1)}), "helm loads at most"},
		{"long path", tgzOf(t, chart, part{name: "x/" + strings.Repeat("d/", 300) + "a"}), "path of more than"},
		{"duplicate entry", tgzOf(t, chart, part{name: "x/a", body: "1"}, part{name: "x/./a", body: "2"}), "twice"},
		{"file and directory", tgzOf(t, chart, part{name: "x/a", body: "1"}, part{name: "x/a/b", body: "2"}), "both a file and a directory"},
		{"two top directories", tgzOf(t, chart, part{name: "y/Chart.yaml", body: chartYAML("y", "1.0.0")}), "outside the chart's directory"},
		{"no top directory", tgzOf(t, part{name: "Chart.yaml", body: chartYAML("x", "1.0.0")}), "outside the chart's directory"},
		{"no Chart.yaml", tgzOf(t, part{name: "x/values.yaml", body: "a: 1"}), "no Chart.yaml"},
		{"deeper Chart.yaml only", tgzOf(t, part{name: "x/y/Chart.yaml", body: chartYAML("x", "1.0.0")}), "no Chart.yaml"},
		{"Chart.yaml broken", tgzOf(t, part{name: "x/Chart.yaml", body: "name: ["}), "parsing x.tgz/Chart.yaml"},
		{"Chart.yaml nameless", tgzOf(t, part{name: "x/Chart.yaml", body: "version: 1.0.0"}), "lacks a name"},
		{"dependency absent", tgzOf(t, part{name: "x/Chart.yaml", body: chartYAML("x", "1.0.0") +
			"dependencies: [{name: redis, version: 1.0.0, repository: 'https://charts.example.com'}]\n"}), "lacks its dependency redis"},
		{"garbage after gzip", append(bytes.Clone(packed), "garbage, more than a header"...), "trailing garbage"},
		{"short garbage after gzip", append(bytes.Clone(packed), "xy"...), "gzip stream"},
		{"garbage after tar", gzipOf(t, append(bytes.Clone(sound), "garbage"...)), "trailing garbage"},
		{"a second tar behind", gzipOf(t, append(bytes.Clone(sound), sound...)), "trailing garbage"},
		{"tar cut between entries", gzipOf(t, sound[:1024]), "end mark"},
		{"tar cut in an entry", gzipOf(t, sound[:1024+512+2]), "unexpected EOF"},
		{"tar without its end", gzipOf(t, sound[:len(sound)-1024]), "end mark"},
		{"tar with half its end", gzipOf(t, sound[:len(sound)-512]), "end mark"},
		{"tar checksum wrong", gzipOf(t, append([]byte("z"), sound[1:]...)), "tar stream"},
	} {
		t.Run(c.name, func(t *testing.T) {
			dir := folder(t, map[string]string{"x.tgz": string(c.packed)})
			refuse(t, reader(dir), render.Source{Kind: render.KindHelm, Path: "x.tgz"}, "reading chart x.tgz: ", c.want)
		})
	}
}

// sparse is a chart with files that are nothing but a hole of the given size, which the stream does not hold.
// The tar package reads such files and refuses to write them, so the keys are spelled right afterwards.
func sparse(t *testing.T, count, size int) []byte {
	t.Helper()
	var b bytes.Buffer
	tw := tar.NewWriter(&b)
	for i := range count {
		must(t, tw.WriteHeader(&tar.Header{
			Name: fmt.Sprintf("x/f%d", i), Typeflag: tar.TypeReg, Mode: 0o644,
			PAXRecords: map[string]string{
				"GNU_sparse.numblocks": "1", "GNU_sparse.map": "0,0", "GNU_sparse.size": strconv.Itoa(size),
			},
		}))
	}
	must(t, tw.Close())
	return gzipOf(t, bytes.ReplaceAll(b.Bytes(), []byte("GNU_sparse"), []byte("GNU.sparse")))
}

// noise gives n bytes that do not compress, from a fixed sequence.
func noise(n int) string {
	b := make([]byte, n)
	x := uint32(1)
	for i := range b {
		x = x*1664525 + 1013904223
		b[i] = byte(x >> 24)
	}
	return string(b)
}

func TestEveryCutOfAnArchiveIsAnError(t *testing.T) {
	packed := chartTgz(t, "x", "1.0.0")
	for n := range len(packed) {
		if files, err := unpack(packed[:n]); err == nil {
			t.Fatalf("the first %d of %d bytes unpack to %d files", n, len(packed), len(files))
		}
	}
	stream := tarOf(t, part{name: "x/Chart.yaml", body: chartYAML("x", "1.0.0")}, part{name: "x/zeros", body: strings.Repeat("\x00", 3000)})
	for n := 0; n < len(stream); n += 64 {
		if files, err := unpack(gzipOf(t, stream[:n])); err == nil {
			t.Fatalf("the first %d of %d bytes of the tar stream unpack to %d files", n, len(stream), len(files))
		}
	}
}

func TestSoundArchivesOfOtherToolsAreRead(t *testing.T) {
	sound := []part{{name: "./x/", kind: tar.TypeDir}, {name: "./x/Chart.yaml", body: chartYAML("x", "1.0.0")}, {name: "./x/a/b", body: "b"}}
	padded := append(tarOf(t, sound...), make([]byte, 8192)...)
	half := gzipOf(t, padded[:700])
	for name, packed := range map[string][]byte{
		"padded to a record":   gzipOf(t, padded),
		"several gzip members": append(half, gzipOf(t, padded[700:])...),
		"global header":        tgzOf(t, append([]part{{name: "pax_global_header", kind: tar.TypeXGlobalHeader, body: ""}}, sound...)...),
	} {
		t.Run(name, func(t *testing.T) {
			dir := folder(t, map[string]string{"x.tgz": string(packed)})
			tree := fetch(t, reader(dir), render.Source{Kind: render.KindHelm, Path: "x.tgz"})
			if got := paths(tree); got != "Chart.yaml a/b" {
				t.Errorf("files %s", got)
			}
			if tree.Inputs[0] != (render.Input{Name: "x.tgz", Digest: digest(packed)}) {
				t.Errorf("input %v", tree.Inputs)
			}
		})
	}
}

func TestPackGivesTheSameBytesAndComesBack(t *testing.T) {
	files := []render.File{{Path: "templates/a.yaml", Data: []byte("a: 1")}, {Path: "Chart.yaml", Data: []byte(chartYAML("x", "1.0.0"))}}
	one, err := pack("x", files)
	must(t, err)
	two, err := pack("x", []render.File{files[1], files[0]})
	must(t, err)
	if !bytes.Equal(one, two) {
		t.Error("the order of the files changes the bytes")
	}
	back, err := unpack(one)
	must(t, err)
	if len(back) != 2 || back[0].Path != "Chart.yaml" || string(back[1].Data) != "a: 1" {
		t.Errorf("unpacked %v", back)
	}
	if files[0].Path != "templates/a.yaml" {
		t.Error("pack sorted its caller's files")
	}
}

func FuzzUnpack(f *testing.F) {
	t := &testing.T{}
	f.Add(tarOf(t, part{name: "x/Chart.yaml", body: chartYAML("x", "1.0.0")}, part{name: "x/a/b", body: "b"}))
	f.Add(tarOf(t, part{name: "x/Chart.yaml", body: "name: x"}, part{name: "../b", body: "b"}))
	f.Fuzz(func(t *testing.T, stream []byte) {
		files, err := unpack(gzipOf(t, stream))
		if err != nil {
			if files != nil {
				t.Fatalf("%d files beside the error %v", len(files), err)
			}
			return
		}
		root := t.TempDir()
		for _, file := range files {
			if !filepath.IsLocal(file.Path) || filepath.Clean(file.Path) != file.Path {
				t.Fatalf("path %q", file.Path)
			}
			must(t, os.MkdirAll(filepath.Dir(filepath.Join(root, file.Path)), 0o755))
		}
	})
}
