package kustomize

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"path"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"sigs.k8s.io/kustomize/api/resource"

	"sluice/render"
)

// remote is one thing that was fetched: a repository, or a file.
type remote struct {
	dir  string // of a repository: the directory asked for, in the view
	name string // for messages
	file string // of a file: the base name that it has in the view
	text []byte // of a file
	url  string // of a file, as written
}

// isFile reports whether an http(s) entry is a file, by its spelling: see the package's comment.
func isFile(entry string) bool {
	u, err := url.Parse(entry)
	if err != nil || !isURL(entry) {
		return false
	}
	ext := strings.ToLower(path.Ext(u.Path))
	return slices.Contains([]string{".yaml", ".yml", ".json"}, ext) &&
		!strings.Contains(u.Path, "//") && !strings.Contains(u.Path, ".git") && !strings.Contains(u.Path, "_git/")
}

// plain gives an address for messages: without credentials, and without the query, which may hold some.
func plain(entry string) string {
	address, _, _ := strings.Cut(entry, "?")
	return masked(address)
}

// masked takes the user and password off an address of http or https; a token may stand for either. The user of ssh is
// no secret.
func masked(address string) string {
	return secrets.ReplaceAllString(address, "${1}")
}

var secrets = regexp.MustCompile(`(?i)(https?://)[^/?#]*@`)

// around adds the position to an error, unless it has one in this file.
func (p position) around(err error) error {
	if e, ok := errors.AsType[*render.Error](err); ok && e.Pos.File == p.file {
		return err
	}
	return p.wrap(err)
}

// entry is one address in a kustomization.
type entry struct {
	at    position
	field string
	text  string
}

// maxRemotes bounds what one build fetches besides charts: a server can make up one more base each time.
const maxRemotes = 256

// ask fetches what an entry names.
func (b *build) ask(ctx context.Context, e entry, kind string) (render.Tree, error) {
	if len(b.remotes) >= maxRemotes {
		return render.Tree{}, e.at.fail(fmt.Errorf("%s: the build asks for more than %d repositories and files", e.field, maxRemotes), "")
	}
	if b.engine.Fetch == nil {
		return render.Tree{}, e.at.remote(e.field, e.text)
	}
	tree, err := b.engine.Fetch(ctx, render.Source{
		Kind: kind, Repo: e.text, Pos: render.Position{File: e.at.file, Line: e.at.line},
	})
	if err != nil {
		return render.Tree{}, e.at.around(fmt.Errorf("%s: %w", e.field, err))
	}
	return tree, nil
}

// repository fetches a remote base or component and shows it in the view, each once.
func (b *build) repository(ctx context.Context, e entry) (*remote, error) {
	key := render.KindKustomize + " " + e.text
	if r := b.remotes[key]; r != nil {
		return r, nil
	}
	tree, err := b.ask(ctx, e, render.KindKustomize)
	if err != nil {
		return nil, err
	}
	where := cmp.Or(tree.Path, ".")
	if !fs.ValidPath(where) {
		return nil, e.at.fail(fmt.Errorf("%s: path %s leaves the repository", e.field, where), "name a directory of the repository")
	}
	address := e.text
	// kustomize takes the prefix off as well, and logs that it does.
	if len(address) > 5 && strings.EqualFold(address[:5], "git::") {
		address = address[5:]
	}
	origin := (&resource.Origin{}).Append(address)
	m := &mount{name: cmp.Or(tree.Origin, plain(e.text)), repo: origin.Repo, ref: origin.Ref}
	if err := b.view.add(m, tree); err != nil {
		return nil, e.at.fail(fmt.Errorf("%s: %s: %w", e.field, plain(e.text), err), "")
	}
	dir, file, err := b.view.CleanedAbs(path.Join(m.at, where))
	if err != nil || file != "" {
		return nil, e.at.fail(fmt.Errorf("%s: repository %s has no directory %s", e.field, m.name, where),
			"the path in the repository stands behind // in the address")
	}
	b.out.Inputs = append(b.out.Inputs, tree.Inputs...)
	b.remotes[key] = &remote{dir: dir.String(), name: m.name}
	return b.remotes[key], nil
}

// extension is what a remote file keeps of its name.
var extension = regexp.MustCompile(`^\.[A-Za-z0-9]+$`)

// file fetches a file, once.
func (b *build) file(ctx context.Context, e entry) (*remote, error) {
	if r := b.remoteFile(e.text); r != nil {
		return r, nil
	}
	tree, err := b.ask(ctx, e, render.KindFile)
	if err != nil {
		return nil, err
	}
	name := cmp.Or(tree.Origin, plain(e.text))
	if len(tree.Files) != 1 {
		return nil, e.at.fail(fmt.Errorf("%s: reading %s gave %d files, not one", e.field, name, len(tree.Files)), "")
	}
	text := tree.Files[0].Data
	if start := bytes.ToLower(bytes.TrimSpace(text)); bytes.HasPrefix(start, []byte("<!doctype html")) || bytes.HasPrefix(start, []byte("<html")) {
		return nil, e.at.fail(fmt.Errorf("%s: %s is a web page", e.field, name), "name the address of the file itself")
	}
	r := &remote{name: name, text: text, file: fileRoot + strconv.Itoa(len(b.remotes)), url: e.text}
	if ext := path.Ext(plain(e.text)); extension.MatchString(ext) {
		r.file += ext
	}
	b.out.Inputs = append(b.out.Inputs, tree.Inputs...)
	b.remotes[render.KindFile+" "+e.text] = r
	return r, nil
}

// fileRoot begins the name of a remote file in the directory of the kustomization that names it.
const fileRoot = ".sluice.file-"

// remoteFile gives a file that was fetched, or nil.
func (b *build) remoteFile(address string) *remote { return b.remotes[render.KindFile+" "+address] }

// put lays a remote file into the directory of a kustomization and gives its name there. It has to lie there: kustomize
// reads no file from elsewhere.
func (b *build) put(k *kustomization, r *remote) string {
	b.view.fetched[path.Join(b.view.actual(k.dir), r.file)] = r.text
	k.changed = true
	return r.file
}

// fetchLoads fetches the remote files of the fields that are no references, and puts local ones in their place.
func (b *build) fetchLoads(ctx context.Context, k *kustomization) error {
	for _, load := range k.loads() {
		if !isURL(load.file) {
			continue
		}
		r, err := b.file(ctx, entry{at: k.at(load.field, load.entry), field: load.field, text: load.file})
		if err != nil {
			return err
		}
		k.swap(load.field, load.entry, load.put(b.put(k, r)), load.keys...)
	}
	return nil
}

// found is what an entry of a list leads to.
type found struct {
	dir   string // the directory in the view; empty for a file
	entry string // of a remote file: what stands for the address
	moved bool   // the directory is not where the entry says
}

// locateRemote fetches what an address in a list of references names. A component is always a directory, so its address
// is a repository's whatever it looks like.
func (b *build) locateRemote(ctx context.Context, k *kustomization, list reference, text string) (found, error) {
	e := entry{at: k.at(list.field, text), field: list.field, text: text}
	if list.isDir || !isFile(text) {
		r, err := b.repository(ctx, e)
		if err != nil {
			return found{}, err
		}
		return found{dir: r.dir, moved: true}, nil
	}
	r, err := b.file(ctx, e)
	if err != nil {
		return found{}, err
	}
	if err := b.holds(list, position{file: r.name}, e.at, r.text); err != nil {
		return found{}, err
	}
	return found{entry: b.put(k, r)}, nil
}

// Traces of what this program adds to the view.
var (
	addedName = regexp.MustCompile(regexp.QuoteMeta(aliasPrefix) + `\d+-`)
	mounted   = regexp.MustCompile(`(?:/|(?:\.\./)+)(sluice\.(?:root|remote-\d+))(/?)`)
	fileName  = regexp.MustCompile(`(?:[^\s'"]*/)?(` + regexp.QuoteMeta(fileRoot) + `\d+(?:\.[A-Za-z0-9]+)?)`)
)

// rename gives every path of the view in a text the name that the user knows.
func (b *build) rename(text string) string {
	text = fileName.ReplaceAllStringFunc(text, func(s string) string {
		for _, r := range b.remotes {
			if r.file != "" && path.Base(s) == r.file {
				return r.name
			}
		}
		return s
	})
	text = addedName.ReplaceAllString(text, "")
	return mounted.ReplaceAllStringFunc(text, func(s string) string {
		part := mounted.FindStringSubmatch(s)
		for _, m := range b.view.mounts {
			if m.at != "/"+part[1] {
				continue
			}
			if part[2] == "" {
				return m.show("")
			}
			return strings.TrimSuffix(m.show("x"), "x")
		}
		return s
	})
}
