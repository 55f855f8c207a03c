package policy

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"cuelang.org/go/cue"
	cueerrors "cuelang.org/go/cue/errors"
	"cuelang.org/go/cue/load"
	"cuelang.org/go/cue/token"
	"cuelang.org/go/mod/modfile"
	"cuelang.org/go/mod/module"

	"sluice/render"
	"sluice/schemas"
)

// policiesField is the field of a stack that holds policies.
const policiesField = "policies"

// schemaFile is the name of the definition's text in CUE positions.
const schemaFile = "<schema>"

// compile evaluates the files of a stack as package stack does, from memory, and gives the policies in them, which may not
// exist, and the definition of one.
func compile(ctx *cue.Context, plan render.Plan) (policies, def cue.Value, err error) {
	files, dir, err := placed(plan)
	if err != nil {
		return cue.Value{}, cue.Value{}, err
	}
	inst := load.Instances([]string{"."}, &load.Config{
		FS: files, Dir: path.Join("/", dir), ModuleRoot: "/", Tags: plan.Tags, Registry: noRegistry{}, Env: []string{},
		FromFSPath: func(name string) string {
			rel, err := filepath.Rel(path.Join("/", dir), name)
			if err != nil {
				return name
			}
			return filepath.ToSlash(rel)
		},
	})[0]
	if inst.Err != nil {
		return cue.Value{}, cue.Value{}, inst.Err
	}
	stack := ctx.BuildInstance(inst)
	def = ctx.CompileString(schemas.Stack, cue.Filename(schemaFile)).LookupPath(cue.ParsePath("#Policy"))
	policies = stack.LookupPath(cue.MakePath(cue.Str(policiesField)))
	if !policies.Exists() && stack.Err() != nil {
		return cue.Value{}, cue.Value{}, stack.Err()
	}
	return policies, def, def.Err()
}

// placed gives the files, without policies that do not compile, below the root of their module, and the directory of the stack
// there. The names of directories above the stack are not in the plan, and imports of the module's packages have them.
func placed(plan render.Plan) (fs.FS, string, error) {
	files := plan.Written
	if plan.Sound != nil {
		files = plan.Sound
	}
	depth := 0
	for _, f := range files {
		n := 0
		for rest, up := strings.CutPrefix(f.Path, "../"); up; rest, up = strings.CutPrefix(rest, "../") {
			n++
		}
		depth = max(depth, n)
	}
	dir := "."
	if depth > 0 {
		abs, err := filepath.Abs(plan.Dir)
		if err != nil {
			return nil, "", fmt.Errorf("finding the module of stack %s: %w", plan.Dir, err)
		}
		parts := strings.Split(filepath.ToSlash(abs), "/")
		dir = path.Join(parts[max(0, len(parts)-depth):]...)
	}
	tree := render.Tree{}
	for _, f := range files {
		tree.Files = append(tree.Files, render.File{Path: path.Join(dir, f.Path), Data: f.Data})
	}
	return tree.FS(), dir, nil
}

// noRegistry refuses to fetch CUE modules, as package stack does: the environment is not asked for one.
type noRegistry struct{}

var errNoRegistry = errors.New("CUE modules are not downloaded")

func (noRegistry) ModFile(context.Context, module.Version) (*modfile.File, error) {
	return nil, errNoRegistry
}

func (noRegistry) Fetch(context.Context, module.Version) (module.SourceLoc, error) {
	return module.SourceLoc{}, errNoRegistry
}

func (noRegistry) ModuleVersions(context.Context, string) ([]string, error) {
	return nil, errNoRegistry
}

// position gives a place of CUE's; zero for what is no file of the stack.
func position(pos token.Pos) render.Position {
	if !pos.IsValid() || pos.Filename() == "" || pos.Filename() == schemaFile {
		return render.Position{}
	}
	p := pos.Position()
	return render.Position{File: strings.TrimPrefix(p.Filename, "./"), Line: p.Line, Column: p.Column}
}

// positionOf gives the first place of an error that is in a file of the stack.
func positionOf(e cueerrors.Error) render.Position {
	for _, pos := range append([]token.Pos{e.Position()}, e.InputPositions()...) {
		if at := position(pos); at.File != "" {
			return at
		}
	}
	return render.Position{}
}

// text gives the words of an error of CUE without its path and places.
func text(e cueerrors.Error) string {
	format, args := e.Msg()
	said := strings.TrimSuffix(strings.TrimSpace(fmt.Sprintf(format, args...)), ":")
	if cause := errors.Unwrap(e); cause != nil && said == "" {
		return cause.Error()
	}
	return said
}

// join orders faults by place and makes one error of them; nil where there are none.
func join(faults []*render.Error) error {
	slices.SortStableFunc(faults, func(a, b *render.Error) int {
		return cmp.Or(cmp.Compare(a.Pos.File, b.Pos.File), cmp.Compare(a.Pos.Line, b.Pos.Line),
			cmp.Compare(a.Pos.Column, b.Pos.Column), cmp.Compare(a.Error(), b.Error()))
	})
	list := make([]error, 0, len(faults))
	for i, f := range faults {
		if i == 0 || f.Error() != faults[i-1].Error() {
			list = append(list, f)
		}
	}
	return errors.Join(list...)
}
