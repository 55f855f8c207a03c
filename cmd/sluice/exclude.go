package main

import (
	"errors"
	"fmt"
	"path"
	"path/filepath"

	"sluice/render"
)

// exclusion is what --exclude leaves out of the paths that are judged. Nil leaves nothing out.
type exclusion struct {
	globs []string
	hits  []int // of each, the files and directories that it left out
}

// included takes out of the paths of the command line what --exclude names, itself or a directory above it, and keeps for
// walks what else it leaves out.
func (f *validateFlags) included(targets []string) ([]string, error) {
	if len(f.exclude) == 0 {
		return targets, nil
	}
	if len(targets) == 0 {
		return nil, &render.Error{
			Err:  errors.New("--exclude is for paths, not for a stack"),
			Hint: "of a stack --app and --layer say what is judged, and suppress what of it is meant",
		}
	}
	x := &exclusion{hits: make([]int, len(f.exclude))}
	for _, glob := range f.exclude {
		clean := path.Clean(filepath.ToSlash(glob))
		if _, err := path.Match(clean, ""); err != nil || clean == "." {
			return nil, &render.Error{
				Err:  fmt.Errorf("--exclude %q is no glob of a name or path", glob),
				Hint: `write e.g. "hack", "test/*" or "*.tmpl.yaml"; what matches a directory leaves out all below it`,
			}
		}
		x.globs = append(x.globs, clean)
	}
	f.bare.without = x
	var rest []string
	for _, target := range targets {
		covered := false
		for up := filepath.Clean(target); target != "-" && !covered && up != filepath.Dir(up); up = filepath.Dir(up) {
			covered = x.covers(filepath.ToSlash(up), up)
		}
		if !covered {
			rest = append(rest, target)
		}
	}
	if len(rest) == 0 {
		return nil, &render.Error{Err: errors.New("--exclude leaves out every PATH"), Hint: "leave out less"}
	}
	return rest, nil
}

// covers says whether something is left out: by its name, or its path as it is below a PATH or as a person writes it.
func (x *exclusion) covers(inside, name string) bool {
	if x == nil || inside == "." {
		return false
	}
	for i, glob := range x.globs {
		for _, text := range []string{path.Base(inside), inside, filepath.ToSlash(filepath.Clean(name))} {
			if is, _ := path.Match(glob, text); is {
				x.hits[i]++
				return true
			}
		}
	}
	return false
}

// say tells how much each glob left out: it was not judged, and of a glob that matches nothing somebody thinks that it does.
func (x *exclusion) say(v *invocation) {
	if x == nil {
		return
	}
	for i, n := range x.hits {
		v.note("note: --exclude %s: files and directories left out: %d", x.globs[i], n)
	}
}
