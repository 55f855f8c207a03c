package source

import (
	"context"
	"fmt"
	"io/fs"
	"path"
	"strings"

	"sluice/render"
)

// maxDocument bounds a file at a URL, in bytes.
const maxDocument = 32 << 20

// gitTree is a repository at a commit.
type gitTree struct {
	files []render.File
	fs    fs.FS
	links []string // links that lead out of it or nowhere
	Entry
}

// input stands for the whole repository in the provenance.
func (t gitTree) input() render.Input {
	return render.Input{Name: shown(t.Repo) + "@" + t.Resolved, Digest: t.Digest}
}

// repositoryTree gives a Git repository at a commit.
func (r *Reader) repositoryTree(ctx context.Context, asked Entry) (gitTree, error) {
	asked.Kind = render.KindGit
	s, err := r.settle(ctx, asked, "")
	if err != nil {
		return gitTree{}, err
	}
	// Two commits may have one tree, and the provenance names the commit: the digest alone is no key.
	key := fmt.Sprintf("%q", []string{s.Repo, s.Resolved, s.Digest})
	return r.trees.load(ctx, key, func() (gitTree, error) {
		files, links, err := unpackTree(s.content)
		if err != nil {
			return gitTree{}, fmt.Errorf("unpacking the repository: %w", err)
		}
		return gitTree{files: files, fs: render.Tree{Files: files}.FS(), links: links, Entry: s.Entry}, nil
	})
}

// gitSource gives a repository whole.
func (r *Reader) gitSource(ctx context.Context, src render.Source) (render.Tree, error) {
	t, err := r.repositoryTree(ctx, Entry{Repo: src.Repo, Requested: src.Version, Submodules: src.Submodules})
	if err != nil {
		return render.Tree{}, err
	}
	return render.Tree{Origin: t.input().Name, Files: t.files, Links: t.links, Inputs: []render.Input{t.input()}}, nil
}

// remoteBase gives the repository of a kustomization's remote entry and the directory in it that the entry names.
func (r *Reader) remoteBase(ctx context.Context, src render.Source) (render.Tree, error) {
	at, ok, err := parseRemote(src.Repo)
	if err == nil && !ok {
		err = fmt.Errorf("it is not the address of a Git repository")
	}
	if err != nil {
		return render.Tree{}, err
	}
	revision := at.revision
	if revision == "" {
		revision = "HEAD"
	}
	t, err := r.repositoryTree(ctx, Entry{Repo: at.repo, Requested: revision, Submodules: at.submodules})
	if err != nil {
		return render.Tree{}, err
	}
	for _, link := range t.links {
		if at.path != "" && (link == at.path || strings.HasPrefix(link, at.path+"/")) {
			return render.Tree{}, fmt.Errorf("%s of the repository is a link out of it or to nothing, or a submodule that is not fetched", link)
		}
	}
	return render.Tree{Origin: t.input().Name, Path: at.path, Files: t.files, Links: t.links, Inputs: []render.Input{t.input()}}, nil
}

// file gives one file at a URL.
func (r *Reader) file(ctx context.Context, src render.Source) (render.Tree, error) {
	s, err := r.settle(ctx, Entry{Kind: render.KindFile, Repo: src.Repo}, "")
	if err != nil {
		return render.Tree{}, err
	}
	name := shown(src.Repo)
	return render.Tree{
		Origin: name, Files: []render.File{{Path: path.Base(name), Data: s.content}},
		Inputs: []render.Input{{Name: name, Digest: s.Digest}},
	}, nil
}

// addDocuments adds the documents outside of a chart that its values schemas refer to, so that no render opens a
// connection. Without a lock they are left out: the engine then says what it could not judge.
func (r *Reader) addDocuments(ctx context.Context, src render.Source, tree *render.Tree) error {
	if src.SkipSchema || src.Kind == render.KindManifests || r.Lock == nil && !r.Resolve {
		return nil
	}
	docs, err := documents(ctx, tree.Files, func(ctx context.Context, address string) ([]byte, error) {
		s, err := r.settle(ctx, Entry{Kind: render.KindFile, Repo: address}, "")
		return s.content, err
	})
	if err != nil && r.Resolve {
		err = hinted("if the address is gone for good, skipSchema: true leaves the values unchecked", err)
	}
	if err != nil {
		return err
	}
	tree.Documents = docs
	for _, d := range docs {
		tree.Inputs = append(tree.Inputs, render.Input{Name: shown(d.Path), Digest: digest(d.Data)})
	}
	return nil
}

// webFile is a file at a URL.
type webFile struct {
	r  *Reader
	at place
}

func (w webFile) versions(context.Context, Entry) ([]string, error) { return nil, nil }

func (w webFile) resolve(_ context.Context, asked Entry) (Entry, error) { return asked, nil }

func (w webFile) fetch(ctx context.Context, e Entry) ([]byte, error) {
	content, err := w.r.get(ctx, download{name: e.String(), url: w.at.web, limit: maxDocument, loose: e.Digest == ""})
	if err == nil && len(content) == 0 && e.Digest == "" {
		return nil, hinted("check the URL", fmt.Errorf("what %s gives is empty", w.at.shown))
	}
	return content, err
}
