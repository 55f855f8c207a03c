package secrets

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"regexp"
	"strings"

	"go.yaml.in/yaml/v3"

	"sluice/render"
	"sluice/validate"
)

// What is read of a stack's directory at most: a repository given as a stack may hold anything.
const (
	maxFile  = 4 << 20
	maxFiles = 4000
)

// skippedDirs hold what other programs keep.
var skippedDirs = map[string]bool{"node_modules": true, "cue.mod": true, "vendor": true, "out": true, "build": true}

// texts calls f for the files of a stack's directory that people edit, in the order of their paths. A directory that
// cannot be read is an error, as is a file, and takes nothing from the rest; a file that is too large or no text is left out.
func texts(ctx context.Context, files fs.FS, f func(name string, text []byte)) (left int, err error) {
	if files == nil {
		return 0, nil
	}
	read := 0
	var lost []error
	err = fs.WalkDir(files, ".", func(name string, d fs.DirEntry, err error) error {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if err != nil {
			lost = append(lost, fmt.Errorf("reading the files of the stack: %w", err))
			return nil
		}
		if d.IsDir() {
			if name != "." && (strings.HasPrefix(d.Name(), ".") || skippedDirs[d.Name()]) {
				return fs.SkipDir
			}
			return nil
		}
		switch path.Ext(name) {
		case ".yaml", ".yml", ".cue", ".json":
		default:
			return nil
		}
		entry, err := d.Info()
		if err != nil || !entry.Mode().IsRegular() {
			return nil // a link leads to what is read elsewhere, or out
		}
		if read++; read > maxFiles || entry.Size() > maxFile {
			left++
			return nil
		}
		text, err := fs.ReadFile(files, name)
		if errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		if err != nil {
			lost = append(lost, fmt.Errorf("reading the files of the stack: %w", err))
			return nil
		}
		if bytes.IndexByte(text, 0) < 0 {
			f(name, text)
		}
		return nil
	})
	return left, errors.Join(append(lost, err)...)
}

// judgeFiles looks for credentials and private keys in the files of a stack. What was found in an object comes from one
// of them and is not said again; a file also holds what reaches no object: values that a chart has no use for.
func judgeFiles(ctx context.Context, files fs.FS, said map[string]bool) ([]validate.Finding, []validate.Unchecked, error) {
	var found []validate.Finding
	left, err := texts(ctx, files, func(name string, raw []byte) {
		text := string(raw)
		add := func(rule string, t token) {
			severity, why := validate.Error, ""
			if rule == credential {
				t.open(text, "")
				severity, why = t.weight()
			}
			line := 1 + strings.Count(text[:t.start], "\n")
			column := t.start - strings.LastIndexByte(text[:t.start], '\n')
			found = append(found, validate.Finding{
				Rule: rule, Pos: render.Position{File: name, Line: line, Column: column},
				Message: fmt.Sprintf("the file holds %s", t.what), Source: t.source, Severity: severity, Why: why,
			})
		}
		for _, t := range tokensIn(text) {
			if !said[text[t.start:t.end]] {
				add(credential, t)
			}
		}
		if t, key, ok := keyIn(text); ok && !said[key] {
			add(privateKey, t)
		}
	})
	if left == 0 {
		return found, nil, err
	}
	return found, []validate.Unchecked{{
		What: fmt.Sprintf("%d files of the stack for credentials", left), Why: "files over 4 MiB, and those behind the first 4000, are not read",
	}}, err
}

// sopsName matches the names that say of a file that SOPS has encrypted it.
var sopsName = regexp.MustCompile(`(^|[./_-])(sops|enc)\.(yaml|yml|json)$`)

// plainSopsFiles finds files that SOPS should have encrypted, by their names or the rules of .sops.yaml, and that have no
// metadata of it. Only a rule that names paths counts: one for everything is for what people hand to SOPS.
func plainSopsFiles(ctx context.Context, files fs.FS) ([]validate.Finding, error) {
	if files == nil {
		return nil, nil
	}
	rules := sopsRules(files)
	var found []validate.Finding
	_, err := texts(ctx, files, func(name string, text []byte) {
		ruled := sopsName.MatchString(name)
		for _, r := range rules {
			ruled = ruled || r.MatchString(name)
		}
		if !ruled || path.Base(name) == ".sops.yaml" || strings.Contains(name, "example") || path.Ext(name) == ".cue" {
			return
		}
		var file struct {
			Sops struct {
				MAC string `yaml:"mac"`
			} `yaml:"sops"`
		}
		dec := yaml.NewDecoder(bytes.NewReader(text))
		for dec.Decode(&file) == nil {
			if file.Sops.MAC != "" {
				return
			}
		}
		if len(bytes.TrimSpace(text)) > 0 {
			found = append(found, validate.Finding{
				Pos: render.Position{File: name, Line: 1}, Severity: validate.Warning,
				Message: "the file is to be encrypted with SOPS, and has no metadata of it",
			})
		}
	})
	return found, err
}

// sopsRules reads the path_regex entries of .sops.yaml in the stack's directory.
func sopsRules(files fs.FS) []*regexp.Regexp {
	text, err := fs.ReadFile(files, ".sops.yaml")
	if err != nil {
		return nil
	}
	var settings struct {
		Rules []struct {
			Path string `yaml:"path_regex"`
		} `yaml:"creation_rules"`
	}
	if yaml.Unmarshal(text, &settings) != nil {
		return nil
	}
	var rules []*regexp.Regexp
	for _, r := range settings.Rules {
		compiled, err := regexp.Compile(r.Path)
		if err != nil || compiled.MatchString("") || compiled.MatchString("kustomization.yaml") || compiled.MatchString("any/values.yaml") {
			continue
		}
		rules = append(rules, compiled)
	}
	return rules
}
