package stack

import (
	"errors"
	"fmt"
	"os"
	"path"
	"slices"
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
// a policy that is wrong stops no render. One that CUE cannot compile, for a name that is not defined or a package that there
// is not, is left out, with what refers to it, and is in [render.Plan.Faults]. That is done only where all that is wrong is of
// policies alone, and nothing else of the stack refers to what is left out: if not, the error is that of the whole stack.
// So it is with a file that does not parse: what in it is policies and what is apps is then a guess.
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

	l := &loading{files: files, pkg: pkg, tags: tags, headers: headers}
	user, err := l.load()
	if err != nil {
		return render.Plan{}, err
	}
	plan, err := l.evaluate(root, user)
	if err != nil {
		return render.Plan{}, err
	}
	plan.Dir, plan.Tags = dir, l.tags
	plan.Written, err = files.written()
	plan.Faults, plan.Broken = l.faults()
	plan.Sound = files.sound(plan.Written)
	return plan, err
}

// loading is a stack on the way to its plan.
type loading struct {
	files   *files
	pkg     string
	headers []*ast.File
	tags    []string // those that count
	ctx     *cue.Context
	index   *index
	broken  []broken
}

// load gives the stack as CUE compiles it, without the policies that it cannot compile. Its error is what is wrong with all of
// the stack.
func (l *loading) load() (cue.Value, error) {
	// CUE_DEBUG of the caller's environment can turn closedness off; the empty setting overrides it.
	l.ctx = cuecontext.New(cuecontext.EvaluatorVersion(cuecontext.EvalV3), cuecontext.CUE_DEBUG(""))
	var first error
	for {
		inst := instance(l.files, l.pkg, l.tags)
		found := &problems{files: l.files}
		found.loading(inst.Err, func(p *problems) bool { return checkTags(l.tags, append(l.headers, inst.Files...), p) })
		l.index = newIndex(inst.Files, l.files)
		l.index.lint(found)
		if len(found.list) == 0 {
			user := l.ctx.BuildInstance(inst)
			if user.Err() == nil || readable(user) {
				return user, nil
			}
			found.cue(user.Err())
		}
		if err := found.err(); first == nil {
			first = err
		}
		outline := newOutline(inst.Files, l.files)
		broken := outline.broken(inst.Files, found.list)
		if broken == nil {
			return cue.Value{}, first
		}
		l.tags = outline.tags(l.tags, inst.Files, l.headers)
		l.broken = append(l.broken, broken...)
	}
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

// faults gives what is wrong with policies, and the names of those.
func (l *loading) faults() (faults []*render.Error, names []string) {
	for _, b := range l.broken {
		faults = append(faults, b.err)
		names = append(names, b.names...)
		if len(b.names) == 0 {
			names = append(names, "")
		}
	}
	slices.Sort(names)
	return faults, slices.Compact(names)
}

// evaluate gives the plan of a stack. Where there is none, what is wrong with its policies is told too.
func (l *loading) evaluate(root *os.Root, user cue.Value) (render.Plan, error) {
	found := &problems{files: l.files}
	schema, err := definition(l.ctx)
	if err != nil {
		return render.Plan{}, err
	}
	r := &reader{index: l.index, found: found}
	tree := r.read(user, newShape(schema), place{})
	c := &checker{problems: found, root: root}
	plan := c.plan(tree)
	if len(found.list) == 0 {
		found.cue(l.besidesPolicies(schema.Unify(user).Validate(cue.Concrete(true))))
	}
	if len(found.list) == 0 {
		return plan, nil
	}
	for _, b := range l.broken {
		found.list = append(found.list, problem{err: b.err})
	}
	return render.Plan{}, found.err()
}

// policies is the field of a stack that is judged elsewhere.
const policies = "policies"

// besidesPolicies gives an error of CUE without what is wrong in policies; nil where that is all. An error that is written as
// such, "_|_", has no path.
func (l *loading) besidesPolicies(err error) error {
	var rest cueerrors.Error
	for _, e := range cueerrors.Errors(err) {
		at := userPath(e.Path())
		if at == "" {
			found := &problems{files: l.files}
			found.cue(e)
			outline := newOutline(l.index.files, l.files)
			if part, ok := outline.place(found.list[0]); ok && outline.parts[part].policy {
				continue
			}
		}
		if at != policies && !strings.HasPrefix(at, policies+".") {
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
