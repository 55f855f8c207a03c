// Command generate makes what package schemas embeds, from the Go modules that the Kubernetes project publishes.
//
// Usage: go run . FILE.json.gz
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
		log.Fatal("usage: generate FILE.json.gz")
	}
	made, err := read()
	if err != nil {
		log.Fatal(err)
	}
	text, err := pack(made)
	if err != nil {
		log.Fatal(err)
	}
	if err := os.WriteFile(os.Args[1], text, 0o644); err != nil {
		log.Fatal(err)
	}
	log.Printf("%s: %d bytes from %d modules", os.Args[1], len(text), len(made.Modules))
}

// read reads every release of the tables.
func read() (tables, error) {
	made := tables{Notice: notice}
	get := func(path, version string) (module, error) {
		m, err := download(path, version)
		if err == nil {
			made.Modules = append(made.Modules, m)
		}
		return m, err
	}
	names := map[string]string{} // of the API groups, by directory of k8s.io/api
	for _, release := range clients {
		api, err := get("k8s.io/api", "v"+release)
		if err != nil {
			return made, err
		}
		library, err := get("k8s.io/client-go", "v"+release)
		if err != nil {
			return made, err
		}
		if err := groups(api.Dir, names); err != nil {
			return made, err
		}
		c, err := readClient(library, names)
		if err != nil {
			return made, fmt.Errorf("reading %s %s: %w", library.Path, library.Version, err)
		}
		made.Clients = append(made.Clients, c)
	}
	for _, release := range releases {
		m, err := get("k8s.io/kubernetes", "v"+release)
		if err != nil {
			return made, err
		}
		k, err := readKubernetes(m, names)
		if err != nil {
			return made, fmt.Errorf("reading %s %s: %w", m.Path, m.Version, err)
		}
		made.Kubernetes = append(made.Kubernetes, k)
	}
	return made, nil
}

// download fetches a module through the Go command. The checksum database is asked whatever the machine's settings
// say, and no go.sum has to be kept for modules of which no package is built.
func download(path, version string) (module, error) {
	cmd := exec.Command("go", "mod", "download", "-json", path+"@"+version)
	cmd.Env = append(cmd.Environ(), "GOSUMDB=sum.golang.org", "GONOSUMDB=", "GOPRIVATE=", "GOINSECURE=", "GOFLAGS=")
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

// pack gives JSON, compressed; the header names no file and no time.
func pack(made tables) ([]byte, error) {
	text, err := json.Marshal(made)
	if err != nil {
		return nil, err
	}
	var b bytes.Buffer
	w, err := gzip.NewWriterLevel(&b, gzip.BestCompression)
	if err != nil {
		return nil, err
	}
	if _, err := w.Write(text); err != nil {
		return nil, err
	}
	if err := w.Close(); err != nil {
		return nil, err
	}
	return b.Bytes(), nil
}
