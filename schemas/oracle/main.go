// Command oracle writes down what the API server says of the defects that the tests know.
//
// Usage: go run . DIRECTORY
//
// Every archive below the directory holds an object with one defect, defect.yaml, and its twin without it, clean.yaml;
// crd.yaml where the object is a custom resource. The command decodes, defaults and validates them with the code that
// the API server itself runs, writes what was said of the defect to server.txt of the archive, and stops where the twin
// is refused or the defect is not. The same archives give the same bytes.
//
// It is a module of its own, made when the answers are, and never a part of the program or its tests: Kubernetes'
// own code is not meant to be imported, and is of one version.
package main

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"log"
	"os"
	"path/filepath"
	"runtime/debug"
	"slices"
	"strings"

	"golang.org/x/tools/txtar"
)

// notice begins every answer: the texts of it are the work of others.
const notice = "# said by k8s.io/kubernetes %s, Copyright The Kubernetes Authors, Apache License 2.0\n"

// remark is one thing that the API server has against an object.
type remark struct {
	field string // as it writes it; "-" where it names none
	kind  string // its word for what is wrong; "StrictDecoding" and "Decoding" for what ends before validation
	text  string
}

// String gives the line of server.txt: field, kind and text between tabs. The server has three spellings of no field.
func (r remark) String() string {
	if r.field == "" || r.field == "<nil>" || r.field == "[]" {
		r.field = "-"
	}
	return r.field + "\t" + r.kind + "\t" + strings.Join(strings.Fields(r.text), " ")
}

func main() {
	log.SetFlags(0)
	log.SetPrefix("oracle: ")
	if len(os.Args) != 2 {
		log.Fatal("usage: oracle DIRECTORY")
	}
	count, err := answer(os.Args[1])
	if err != nil {
		log.Fatal(err)
	}
	log.Printf("%s: %d defects refused, their twins accepted", os.Args[1], count)
}

// answer rewrites every archive of a directory and says how many there are. One that is wrong does not keep the others
// from being written.
func answer(dir string) (int, error) {
	server, err := newServer()
	if err != nil {
		return 0, err
	}
	release, err := linked("k8s.io/kubernetes")
	if err != nil {
		return 0, err
	}
	count := 0
	var wrong []error
	err = filepath.WalkDir(dir, func(file string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || filepath.Ext(file) != ".txtar" {
			return err
		}
		count++
		if err := rewrite(server, file, fmt.Sprintf(notice, release)); err != nil {
			wrong = append(wrong, fmt.Errorf("%s: %w", file, err))
		}
		return nil
	})
	return count, errors.Join(append(wrong, err)...)
}

// linked is the version of a module that this binary is built with.
func linked(module string) (string, error) {
	build, ok := debug.ReadBuildInfo()
	if !ok {
		return "", errors.New("the binary does not say what it is built with")
	}
	for _, m := range build.Deps {
		if m.Path == module {
			return m.Version, nil
		}
	}
	return "", fmt.Errorf("the binary is not built with %s", module)
}

// rewrite asks about the objects of one archive and puts the answer in.
func rewrite(server *server, file, head string) error {
	archive, err := txtar.ParseFile(file)
	if err != nil {
		return err
	}
	files := map[string][]byte{}
	for _, f := range archive.Files {
		files[f.Name] = f.Data
	}
	if len(bytes.TrimSpace(archive.Comment)) == 0 || files["defect.yaml"] == nil || files["clean.yaml"] == nil {
		return errors.New("want a comment, defect.yaml and clean.yaml")
	}
	twin, err := server.ask(files["clean.yaml"], files["crd.yaml"])
	if err != nil {
		return fmt.Errorf("asking about clean.yaml: %w", err)
	}
	if len(twin) > 0 {
		return fmt.Errorf("clean.yaml is refused:\n\t%s", strings.Join(lines(twin), "\n\t"))
	}
	said, err := server.ask(files["defect.yaml"], files["crd.yaml"])
	if err != nil {
		return fmt.Errorf("asking about defect.yaml: %w", err)
	}
	if len(said) == 0 {
		return errors.New("defect.yaml is accepted")
	}
	text := []byte(head + strings.Join(lines(said), "\n") + "\n")
	archive.Files = slices.DeleteFunc(archive.Files, func(f txtar.File) bool { return f.Name == "server.txt" })
	archive.Files = append(archive.Files, txtar.File{Name: "server.txt", Data: text})
	return os.WriteFile(file, txtar.Format(archive), 0o644)
}

// lines are the remarks, sorted: several checks of the server walk maps.
func lines(said []remark) []string {
	var list []string
	for _, r := range said {
		list = append(list, r.String())
	}
	slices.Sort(list)
	return slices.Compact(list)
}
