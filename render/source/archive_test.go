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

	ocispec "github.com/opencontainers/image-spec/specs-go/v1"

	"sluice/render"
)

// badArchive is what no archive may be. The chart in it is x 1.0.0, below a directory.
type badArchive struct {
	name   string
	packed []byte
	want   string // the error's text
	// chart says that only a chart may not be it: a packed tree of Git has other limits, links, and no Chart.yaml.
	chart bool
}

// badArchives gives all of them, with the directory that everything is in: that of a chart, or of a packed tree.
func badArchives(t *testing.T, top string) []badArchive {
	t.Helper()
	chart := part{name: top + "/Chart.yaml", body: chartYAML("x", "1.0.0")}
	sound := tarOf(t, chart, part{name: top + "/templates/a.yaml", body: "a: 1"})
	packed := gzipOf(t, sound)
	zeros := strings.Repeat("\x00", 4<<20)
	bomb := string(tgzOf(t, part{name: "y/Chart.yaml", body: chartYAML("y", "1.0.0")}, part{name: "y/a", body: zeros}, part{name: "y/b", body: zeros}))
	half := string(chartTgz(t, "y", "1.0.0")[:99])
	needs := part{name: top + "/Chart.yaml", body: chartYAML("x", "1.0.0") + "dependencies: [{name: y, version: 1.0.0, repository: 'https://charts.example.com'}]\n"}
	return []badArchive{
		{"empty file", nil, "empty", true},
		{"not gzip", []byte("apiVersion: v2\nname: x\n"), "gzip", false},
		{"gzip of nothing", gzipOf(t, nil), "truncated", false},
		{"gzip of text", gzipOf(t, []byte(strings.Repeat("text ", 500))), "tar stream", false},
		{"no entries", tgzOf(t), "no Chart.yaml", true},
		{"slip out by name", tgzOf(t, chart, part{name: top + "/../../evil", body: "e"}), "leaves", false},
		{"slip out and back", tgzOf(t, chart, part{name: top + "/../" + top + "/a", body: "e"}), "leaves", false},
		{"slip by a directory", tgzOf(t, chart, part{name: "../out/", kind: tar.TypeDir}), "leaves", false},
		{"absolute path", tgzOf(t, chart, part{name: "/etc/passwd", body: "e"}), "absolute", false},
		{"backslashes", tgzOf(t, chart, part{name: top + `\..\evil`, body: "e"}), "backslash", false},
		{"drive", tgzOf(t, chart, part{name: top + "/c:/evil", body: "e"}), "drive", false},
		{"symlink out", tgzOf(t, chart, part{name: top + "/l", kind: tar.TypeSymlink, link: "../../etc/passwd"}), "symbolic link", true},
		{"symlink inside", tgzOf(t, chart, part{name: top + "/l", kind: tar.TypeSymlink, link: "Chart.yaml"}), "symbolic link", true},
		{"hard link out", tgzOf(t, chart, part{name: top + "/l", kind: tar.TypeLink, link: "/etc/passwd"}), "hard link", false},
		{"named pipe", tgzOf(t, chart, part{name: top + "/p", kind: tar.TypeFifo}), "named pipe", false},
		{"device", tgzOf(t, chart, part{name: top + "/d", kind: tar.TypeChar}), "device", false},
		{"block device", tgzOf(t, chart, part{name: top + "/d", kind: tar.TypeBlock}), "device", false},
		{"bomb by ratio", tgzOf(t, chart, part{name: top + "/a", body: zeros}, part{name: top + "/b", body: zeros}), "unpacks to more", false},
		{"bomb by count", tgzOf(t, append([]part{chart}, manyParts(top)...)...), "more than 20000 files", true},
		{"bomb by holes", sparse(t, top, 30, 4<<20), "files have more than", true},
		{"one huge file", tgzOf(t, chart, part{name: top + "/a", body: noise(maxFile + 1)}), "helm loads at most", true},
		{"long path", tgzOf(t, chart, part{name: top + "/" + strings.Repeat("d/", 300) + "a"}), "path of more than", true},
		{"duplicate entry", tgzOf(t, chart, part{name: top + "/a", body: "1"}, part{name: top + "/./a", body: "2"}), "twice", false},
		{"file and directory", tgzOf(t, chart, part{name: top + "/a", body: "1"}, part{name: top + "/a/b", body: "2"}), "both a file and a directory", false},
		{"two top directories", tgzOf(t, chart, part{name: "y/Chart.yaml", body: chartYAML("y", "1.0.0")}), "outside the ", false},
		{"no top directory", tgzOf(t, part{name: "Chart.yaml", body: chartYAML("x", "1.0.0")}), "outside the chart's directory", true},
		{"no Chart.yaml", tgzOf(t, part{name: top + "/values.yaml", body: "a: 1"}), "no Chart.yaml", true},
		{"deeper Chart.yaml only", tgzOf(t, part{name: top + "/y/Chart.yaml", body: chartYAML("x", "1.0.0")}), "no Chart.yaml", true},
		{"Chart.yaml broken", tgzOf(t, part{name: top + "/Chart.yaml", body: "name: ["}), "Chart.yaml", true},
		{"Chart.yaml nameless", tgzOf(t, part{name: top + "/Chart.yaml", body: "version: 1.0.0"}), "lacks a name", true},
		{"dependency absent", tgzOf(t, part{name: top + "/Chart.yaml", body: chartYAML("x", "1.0.0") +
			"dependencies: [{name: redis, version: 1.0.0, repository: 'https://charts.example.com'}]\n"}), "lacks its dependency redis", true},
		{"garbage after gzip", append(bytes.Clone(packed), "garbage, more than a header"...), "trailing garbage", false},
		{"short garbage after gzip", append(bytes.Clone(packed), "xy"...), "gzip stream", false},
		{"garbage after tar", gzipOf(t, append(bytes.Clone(sound), "garbage"...)), "trailing garbage", false},
		{"a second tar behind", gzipOf(t, append(bytes.Clone(sound), sound...)), "trailing garbage", false},
		{"tar cut between entries", gzipOf(t, sound[:1024]), "end mark", false},
		{"tar cut in an entry", gzipOf(t, sound[:1024+512+2]), "unexpected EOF", false},
		{"tar without its end", gzipOf(t, sound[:len(sound)-1024]), "end mark", false},
		{"tar with half its end", gzipOf(t, sound[:len(sound)-512]), "end mark", false},
		{"tar checksum wrong", gzipOf(t, append([]byte("z"), sound[1:]...)), "tar stream", false},
		{"NUL in a path", nulPath(t, top), "tar stream", false},
		{"bomb inside", tgzOf(t, needs, part{name: top + "/charts/y-1.0.0.tgz", body: bomb}), "unpacks to more", true},
		{"half of one inside", tgzOf(t, needs, part{name: top + "/charts/y-1.0.0.tgz", body: half}), "truncated", true},
	}
}

// manyParts are more files than a chart may have.
func manyParts(top string) []part {
	var many []part
	for i := range maxFiles + 1 {
		many = append(many, part{name: fmt.Sprintf("%s/f%d", top, i)})
	}
	return many
}

// nulPath is an archive with a NUL in a path, which only the records of pax can hold, and which the tar package does not write.
func nulPath(t *testing.T, top string) []byte {
	t.Helper()
	stream := tarOf(t, part{name: top + "/Chart.yaml", body: chartYAML("x", "1.0.0")}, part{name: top + "/" + strings.Repeat("n", 200) + "@evil", body: "e"})
	return gzipOf(t, bytes.ReplaceAll(stream, []byte("n@evil"), []byte("n\x00evil")))
}

// Every door that an archive comes in by: a repository, a registry, a folder of the stack, a chart's charts/, a mirror.
func TestBadArchivesGiveAnErrorAndNoTree(t *testing.T) {
	all := badArchives(t, "x")
	files := map[string]string{}
	mirrored := map[string]string{}
	for i, c := range all {
		repo := fmt.Sprintf("r%d", i)
		line := fmt.Sprintf("entries: {x: [{name: x, version: 1.0.0, digest: %s, urls: [x.tgz]}]}\n", strings.TrimPrefix(digest(c.packed), "sha256:"))
		files[repo+"/index.yaml"], files[repo+"/x.tgz"] = line, string(c.packed)
		mirrored["charts.example.com/"+repo+"/index.yaml"], mirrored["charts.example.com/"+repo+"/x.tgz"] = line, string(c.packed)
	}
	s := serve(t, files, nil)
	mirror := folder(t, mirrored)
	registry := ociServer(t, nil)
	for i, c := range all {
		name := fmt.Sprintf("r%d", i)
		registry.manifest(t, name+"/x", "1.0.0", ocispec.Manifest{
			Config: registry.blob(t, name+"/x", chartConfigType, []byte(`{"name":"x","version":"1.0.0"}`)),
			Layers: []ocispec.Descriptor{registry.blob(t, name+"/x", chartLayerType, c.packed)},
		})
		from := "https://charts.example.com/" + name
		locked := Entry{Kind: render.KindHelm, Repo: from, Chart: "x", Requested: "1.0.0", Resolved: "1.0.0", Digest: digest(c.packed)}
		inCache := &heap{held: map[string][]byte{locked.Digest: c.packed}}
		for door, open := range map[string]func(r *Reader) render.Source{
			"repository": func(*Reader) render.Source { return helmSource(s.URL+"/"+name, "x", "1.0.0") },
			"registry":   func(*Reader) render.Source { return helmSource(registry.url("/"+name), "x", "1.0.0") },
			"stack": func(r *Reader) render.Source {
				write(t, r.Dir, map[string]string{"x.tgz": string(c.packed)})
				return chartAt("x.tgz")
			},
			"dependency": func(r *Reader) render.Source {
				write(t, r.Dir, map[string]string{"u/Chart.yaml": declare("u", "x|1.0.0|"+s.URL+"/"+name)})
				return umbrellaAt("u")
			},
			"charts folder": func(r *Reader) render.Source {
				write(t, r.Dir, map[string]string{"u/Chart.yaml": declare("u", "x|1.0.0|"), "u/charts/x-1.0.0.tgz": string(c.packed)})
				return umbrellaAt("u")
			},
			"charts folder of a chart": func(r *Reader) render.Source {
				write(t, r.Dir, map[string]string{"u/Chart.yaml": declare("u", "x|1.0.0|"+from), "u/charts/x-1.0.0.tgz": string(c.packed)})
				return chartAt("u")
			},
			"mirror": func(r *Reader) render.Source {
				r.Mirror, r.Offline = mirror, true
				return helmSource(from, "x", "1.0.0")
			},
			"cache": func(r *Reader) render.Source {
				r.Store, r.Lock, r.Offline = inCache, newLock(t, locked), true
				return helmSource(from, "x", "1.0.0")
			},
		} {
			t.Run(c.name+", "+door, func(t *testing.T) {
				r := reader(t.TempDir())
				refuse(t, r, open(r), c.want)
			})
		}
		t.Run(c.name+", vendored", func(t *testing.T) {
			dir := t.TempDir()
			r := reader(t.TempDir())
			r.Store, r.Lock = inCache, newLock(t, locked)
			done, err := r.Vendor(t.Context(), dir, 2)
			wantError(t, err, c.want)
			if len(done.Wrote) > 0 {
				t.Errorf("it wrote %v", done.Wrote)
			}
		})
	}
}

// The packed trees of Git repositories, from a mirror and from the cache.
func TestBadTreesGiveAnErrorAndNoTree(t *testing.T) {
	const repo = "https://git.example.com/a.git"
	commit := strings.Repeat("1", 40)
	for _, c := range badArchives(t, treeTop) {
		if c.chart {
			continue
		}
		locked := Entry{Kind: render.KindGit, Repo: repo, Requested: commit, Resolved: commit, Digest: digest(c.packed)}
		for _, door := range []string{"mirror", "cache"} {
			t.Run(c.name+", "+door, func(t *testing.T) {
				r := reader(t.TempDir())
				r.Lock, r.Offline = newLock(t, locked), true
				if door == "mirror" {
					r.Mirror = folder(t, map[string]string{"git.example.com/a.git/" + commit + ".tgz": string(c.packed)})
				} else {
					r.Store = &heap{held: map[string][]byte{locked.Digest: c.packed}}
				}
				refuse(t, r, render.Source{Kind: render.KindGit, Repo: repo, Version: commit}, c.want)
			})
		}
	}
}

// sparse is a chart with files that are nothing but a hole of the given size, which the stream does not hold.
// The tar package reads such files and refuses to write them, so the keys are spelled right afterwards.
func sparse(t *testing.T, top string, count, size int) []byte {
	t.Helper()
	var b bytes.Buffer
	tw := tar.NewWriter(&b)
	for i := range count {
		must(t, tw.WriteHeader(&tar.Header{
			Name: fmt.Sprintf("%s/f%d", top, i), Typeflag: tar.TypeReg, Mode: 0o644,
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
