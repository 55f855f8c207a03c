// Command generate makes what package schemas embeds, from the Go modules that the Kubernetes project publishes.
//
// Usage: go run . DIRECTORY
//
// It writes apis.json.gz, kinds.gz and argocd.json.gz there.
//
// It is a module of its own, so that what it reads never becomes a dependency of the program. The modules come through
// the Go command, which holds them to the checksum database. The same table gives the same bytes.
package main

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"fmt"
	"log"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// releases are the Kubernetes releases that are read, one of each minor: the newest that the module proxy has.
var releases = []string{
	"1.28.15", "1.29.15", "1.30.14", "1.31.14", "1.32.13", "1.33.13", "1.34.9", "1.35.6", "1.36.4", "1.37.1",
}

// clients are the releases of client-go that are read, one for each minor that a helm from 3.12 to 4.3 is built with.
// The group/versions of a minor do not change with its patch.
var clients = []string{
	"0.27.3", "0.28.8", "0.29.15", "0.30.14", "0.31.14", "0.32.13", "0.33.13", "0.34.13", "0.35.10", "0.36.6", "0.37.2",
}

// notice is kept with the data, which is a derived work.
const notice = "Derived from the modules listed, Copyright The Kubernetes Authors, licensed under the Apache License, " +
	"Version 2.0 (http://www.apache.org/licenses/LICENSE-2.0). Changed: reduced to names, scopes and verbs."

// shapesNotice is kept with the text of the kinds.
const shapesNotice = "Derived from the modules listed, Copyright The Kubernetes Authors, licensed under the Apache License, " +
	"Version 2.0 (http://www.apache.org/licenses/LICENSE-2.0). Changed: reduced to names, types, enums, defaults and releases."

// past are the releases of k8s.io/api that are read only for when kinds that have left it came and went. The first is the
// first whose types say so.
var past = []string{"0.19.16", "0.20.15", "0.21.14", "0.22.17", "0.23.17", "0.24.17", "0.25.16", "0.26.15"}

// servers are the modules that serve groups from inside the API server, with the group of each.
var servers = []struct{ path, group string }{
	{"k8s.io/apiextensions-apiserver", "apiextensions.k8s.io"}, {"k8s.io/kube-aggregator", "apiregistration.k8s.io"},
}

const serversVersion = "v0.37.1"

// tables is the file. Further facts of a minor have their place in its kubernetes.
type tables struct {
	Notice     string       `json:"notice"`
	Modules    []module     `json:"modules"`
	Kubernetes []kubernetes `json:"kubernetes"`
	Clients    []client     `json:"clients"`
}

// module is a module that was read, with the hash that the checksum database has.
type module struct {
	Path    string `json:"path"`
	Version string `json:"version"`
	Sum     string `json:"sum"`
	Dir     string `json:"-"`
}

func main() {
	log.SetFlags(0)
	log.SetPrefix("generate: ")
	if len(os.Args) != 2 {
		log.Fatal("usage: generate DIRECTORY")
	}
	made, err := read()
	if err != nil {
		log.Fatal(err)
	}
	text, err := json.Marshal(made.tables)
	if err != nil {
		log.Fatal(err)
	}
	crds, err := readArgoCD()
	if err != nil {
		log.Fatal(err)
	}
	kinds := []byte(made.book.text(made.Modules))
	for name, text := range map[string][]byte{"apis.json.gz": text, "kinds.gz": kinds, "argocd.json.gz": crds} {
		if err := write(filepath.Join(os.Args[1], name), text); err != nil {
			log.Fatal(err)
		}
	}
}

// reading is what was read so far.
type reading struct {
	tables
	book  *book
	names map[string]string   // of the API groups, by directory of k8s.io/api
	types map[string]*goTypes // of k8s.io/api, by minor
}

func (r *reading) get(path, version string) (module, error) {
	m, err := download(path, version)
	if err == nil {
		r.Modules = append(r.Modules, m)
	}
	return m, err
}

// read reads every release of the tables, the oldest first.
func read() (*reading, error) {
	r := &reading{tables: tables{Notice: notice}, book: newBook(), names: map[string]string{}, types: map[string]*goTypes{}}
	for _, step := range []func() error{r.readPast, r.readClients, r.readReleases} {
		if err := step(); err != nil {
			return nil, err
		}
	}
	return r, nil
}

func (r *reading) readPast() error {
	for _, release := range past {
		m, err := r.get("k8s.io/api", "v"+release)
		if err != nil {
			return err
		}
		if err := r.readLibrary(m); err != nil {
			return err
		}
	}
	return nil
}

func (r *reading) readLibrary(m module) error {
	if err := groups(m.Dir, r.names); err != nil {
		return err
	}
	if err := lives(m.Dir, inLibrary(r.names), r.book.lives); err != nil {
		return fmt.Errorf("reading %s %s: %w", m.Path, m.Version, err)
	}
	return nil
}

func (r *reading) readClients() error {
	for _, release := range clients {
		library, err := r.get("k8s.io/api", "v"+release)
		if err != nil {
			return err
		}
		if err := r.readLibrary(library); err != nil {
			return err
		}
		minor := strings.Split(release, ".")[1]
		if r.types[minor], err = readTypes(library.Dir); err != nil {
			return err
		}
		m, err := r.get("k8s.io/client-go", "v"+release)
		if err != nil {
			return err
		}
		c, err := readClient(m, r.names)
		if err != nil {
			return fmt.Errorf("reading %s %s: %w", m.Path, m.Version, err)
		}
		r.Clients = append(r.Clients, c)
	}
	for _, s := range servers {
		m, err := r.get(s.path, serversVersion)
		if err != nil {
			return err
		}
		if err := lives(m.Dir, func(string) (string, error) { return s.group, nil }, r.book.lives); err != nil {
			return fmt.Errorf("reading %s %s: %w", m.Path, m.Version, err)
		}
	}
	return nil
}

func (r *reading) readReleases() error {
	for _, release := range releases {
		m, err := r.get("k8s.io/kubernetes", "v"+release)
		if err != nil {
			return err
		}
		k, err := readKubernetes(m, r.names)
		if err == nil {
			err = r.book.add(m, k, r.types[strings.Split(release, ".")[1]])
		}
		if err != nil {
			return fmt.Errorf("reading %s %s: %w", m.Path, m.Version, err)
		}
		r.Kubernetes = append(r.Kubernetes, k)
	}
	return nil
}

// download fetches a module through the Go command. The checksum database is asked whatever the machine's settings
// say, and no go.sum has to be kept for modules of which no package is built. A module that asks for a newer Go than the
// machine has gets it, also through the Go command: it refuses the download otherwise.
func download(path, version string) (module, error) {
	cmd := exec.Command("go", "mod", "download", "-json", path+"@"+version)
	cmd.Env = append(cmd.Environ(), "GOSUMDB=sum.golang.org", "GOTOOLCHAIN=auto", "GONOSUMDB=", "GOPRIVATE=", "GOINSECURE=", "GOFLAGS=")
	cmd.Stderr = os.Stderr
	out, failed := cmd.Output()
	var answer struct{ Path, Version, Sum, Dir, Error string }
	if err := json.Unmarshal(out, &answer); err != nil && failed == nil {
		return module{}, fmt.Errorf("downloading %s %s: reading the answer: %w", path, version, err)
	}
	if failed != nil || answer.Error != "" {
		return module{}, fmt.Errorf("downloading %s %s: %v: %s", path, version, failed, answer.Error)
	}
	return module{Path: answer.Path, Version: answer.Version, Sum: answer.Sum, Dir: answer.Dir}, nil
}

// write compresses; the header names no file and no time.
func write(file string, text []byte) error {
	var b bytes.Buffer
	w, err := gzip.NewWriterLevel(&b, gzip.BestCompression)
	if err != nil {
		return err
	}
	if _, err := w.Write(text); err != nil {
		return err
	}
	if err := w.Close(); err != nil {
		return err
	}
	log.Printf("%s: %d bytes, %d unpacked", file, b.Len(), len(text))
	return os.WriteFile(file, b.Bytes(), 0o644)
}
