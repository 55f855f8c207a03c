package stack

import (
	"errors"
	"fmt"
	"os"
	"path"
	"strings"

	"cuelang.org/go/cue"
	"cuelang.org/go/cue/ast"
	"cuelang.org/go/cue/build"
	"cuelang.org/go/cue/cuecontext"
	cueerrors "cuelang.org/go/cue/errors"
	"cuelang.org/go/cue/load"
	"cuelang.org/go/cue/parser"

	"sluice/render"
	"sluice/schemas"
)

// schemaFile is the name of the definition's text in CUE positions. It contains a character that keeps it apart from
// the files of a stack.
const schemaFile = "<schema>"

// Load reads the stack in dir, a directory on disk, and gives its plan with every default filled in.
//
// All .cue files directly in dir belong to it and have one package name; files that end in _tool.cue or _test.cue,
// and those that start with "_" or ".", are left out, as CUE's loader does. A tag is "key=value" for a field with
// @tag(key), or a bare word for a file with @if(word). No network is used; modules that CUE would download are errors.
//
// A file with @extern(embed) above its package clause may embed files of the directory: values: _ @embed(file=v.yaml).
// Where a directory above dir has a CUE module, packages of that module may be imported.
//
// What the policies of the stack say is not looked at: whoever judges by them compiles them from [render.Plan.Written], and
// a policy that is wrong stops no render.
//
// The error joins one *render.Error per fault of the stack, ordered by file, line, column and path. Positions are
// relative to dir.
func Load(dir string, tags []string) (render.Plan, error) {
	root, err := openDir(dir)
	if err != nil {
		return render.Plan{}, &render.Error{
			Err:  fmt.Errorf("opening the stack: %w", err),
			Hint: "name the directory that holds the stack's .cue files, or make one with `sluice init`",
		}
	}
	defer root.Close()
	headers, err := heads(dir, root.FS())
	if err != nil {
		return render.Plan{}, err
	}
	pkg, err := packageName(headers)
	if err != nil {
		return render.Plan{}, err
	}
	files, err := openFiles(dir, root.FS())
	if err != nil {
		return render.Plan{}, err
	}
	defer files.close()

	inst := instance(files, pkg, tags)
	found := &problems{files: files}
	found.loading(inst.Err, func(p *problems) bool { return checkTags(tags, append(headers, inst.Files...), p) })
	index := newIndex(inst.Files, files)
	index.lint(found)
	if err := found.err(); err != nil {
		return render.Plan{}, err
	}
	plan, err := evaluate(root, inst, index, found)
	if err != nil {
		return render.Plan{}, err
	}
	plan.Dir, plan.Tags = dir, tags
	plan.Written, err = files.written()
	return plan, err
}

// instance loads the package with CUE's own rules, from files only.
func instance(files *files, pkg string, tags []string) *build.Instance {
	list := load.Instances([]string{"."}, &load.Config{
		FS:         files,
		ParseFile:  parse,
		FromFSPath: files.relative,
		Dir:        path.Join("/", files.prefix),
		ModuleRoot: "/",
		Package:    pkg,
		Tags:       tags,
		Registry:   noRegistry{},
		Env:        []string{},
	})
	return list[0]
}

// parse reads a file with all its errors; the parser's default is to keep ten of them.
func parse(name string, src any, cfg parser.Config) (*ast.File, error) {
	return parser.ParseFile(name, src, cfg, parser.AllErrors)
}

// evaluate gives the plan of a loaded instance.
func evaluate(root *os.Root, inst *build.Instance, index *index, found *problems) (render.Plan, error) {
	// CUE_DEBUG of the caller's environment can turn closedness off; the empty setting overrides it.
	ctx := cuecontext.New(cuecontext.EvaluatorVersion(cuecontext.EvalV3), cuecontext.CUE_DEBUG(""))
	schema, err := definition(ctx)
	if err != nil {
		return render.Plan{}, err
	}
	user := ctx.BuildInstance(inst)
	if user.Err() != nil && !readable(user) {
		found.cue(user.Err())
		return render.Plan{}, found.err()
	}
	r := &reader{index: index, found: found}
	tree := r.read(user, newShape(schema), place{})
	c := &checker{problems: found, root: root}
	plan := c.plan(tree)
	if len(found.list) == 0 {
		found.cue(besidesPolicies(schema.Unify(user).Validate(cue.Concrete(true))))
	}
	if err := found.err(); err != nil {
		return render.Plan{}, err
	}
	return plan, nil
}

// policies is the field of a stack that is judged elsewhere.
const policies = "policies"

// besidesPolicies gives an error of CUE without what is wrong in policies; nil where that is all.
func besidesPolicies(err error) error {
	var rest cueerrors.Error
	for _, e := range cueerrors.Errors(err) {
		if at := userPath(e.Path()); at != policies && !strings.HasPrefix(at, policies+".") {
			rest = cueerrors.Append(rest, e)
		}
	}
	if rest == nil {
		return nil
	}
	return rest
}

// readable says whether the fields of a value that has an error somewhere can still be walked.
func readable(v cue.Value) bool {
	it, err := v.Fields(cue.ErrorsAsValues(true))
	return err == nil && it.Next()
}

// definition compiles #Stack.
func definition(ctx *cue.Context) (cue.Value, error) {
	v := ctx.CompileString(schemas.Stack, cue.Filename(schemaFile)).LookupPath(cue.ParsePath("#Stack"))
	if err := v.Err(); err != nil {
		return cue.Value{}, fmt.Errorf("compiling the definition of a stack: %w", err)
	}
	return v, nil
}

// errNoStack is the cause where a directory has no file of a stack.
var errNoStack = errors.New("no .cue file")
