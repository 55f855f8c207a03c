package prune

import (
	"cmp"
	"context"
	"fmt"
	"regexp"
	"strings"

	"github.com/google/cel-go/cel"
	"github.com/google/cel-go/common/types"
	"github.com/google/cel-go/common/types/ref"
	"github.com/google/cel-go/ext"
)

// maxCost bounds one evaluation, as the API server does (k8s.io/apiserver pkg/apis/cel/config.go, PerCallLimit).
const maxCost = 1_000_000

// evaluator runs expressions. Nothing is made until the first one, and an expression is compiled once. The zero value
// is ready.
//
// Values have no declared types here, so an expression that the API server would refuse at compile time may run; it
// would not be in a cluster. Of what Kubernetes adds of its own quantities and find are here; addresses, URLs, formats and
// semantic versions are not: an expression with them does not compile, and what does not compile counts as not judged.
type evaluator struct {
	env      *cel.Env
	programs map[string]compiled
}

type compiled struct {
	program cel.Program
	err     error
}

// eval says whether an expression holds.
func (e *evaluator) eval(ctx context.Context, text string, values map[string]any) (bool, error) {
	if e.programs == nil {
		env, err := environment()
		if err != nil {
			return false, err
		}
		e.env, e.programs = env, map[string]compiled{}
	}
	c, ok := e.programs[text]
	if !ok {
		c.program, c.err = e.compile(text)
		e.programs[text] = c
	}
	if c.err != nil {
		return false, c.err
	}
	out, _, err := c.program.ContextEval(ctx, values)
	if err != nil {
		return false, fmt.Errorf("evaluating: %w", err)
	}
	holds, ok := out.Value().(bool)
	if !ok {
		return false, fmt.Errorf("evaluating: it gives a %s, not a boolean", out.Type().TypeName())
	}
	return holds, nil
}

// environment has the libraries of the API server that cel-go brings itself.
// Source: Kubernetes apiserver pkg/cel/environment/base.go (v0.37).
func environment() (*cel.Env, error) {
	options := append(quantities(),
		cel.Variable("self", cel.DynType), cel.Variable("oldSelf", cel.DynType),
		cel.CrossTypeNumericComparisons(true), cel.DefaultUTCTimeZone(true), cel.OptionalTypes(),
		ext.Strings(ext.StringsVersion(2)), ext.Sets(), ext.Lists(ext.ListsVersion(3)), ext.TwoVarComprehensions(),
		cel.Function("find", cel.MemberOverload("string_find", []*cel.Type{cel.StringType, cel.StringType}, cel.StringType,
			cel.BinaryBinding(func(text, pattern ref.Val) ref.Val {
				re, err := regexp.Compile(fmt.Sprint(pattern.Value()))
				if err != nil {
					return types.NewErr("pattern: it is none")
				}
				return types.String(re.FindString(fmt.Sprint(text.Value())))
			}))),
	)
	return cel.NewEnv(options...)
}

// quantities are Kubernetes' functions on amounts. An amount is a double here: of the sizes that objects name, all are
// exact up to 8 PiB.
// Source: Kubernetes apiserver pkg/cel/library/quantity.go.
func quantities() []cel.EnvOption {
	read := func(v ref.Val) (float64, bool) {
		q, ok := quantity(v.Value())
		f, _ := q.Float64()
		return f, ok
	}
	two := []*cel.Type{cel.DoubleType, cel.DoubleType}
	binary := func(name string, result *cel.Type, f func(a, b float64) ref.Val) cel.EnvOption {
		return cel.Function(name, cel.MemberOverload("quantity_"+name, two, result, cel.BinaryBinding(func(a, b ref.Val) ref.Val {
			x, ok1 := a.Value().(float64)
			y, ok2 := b.Value().(float64)
			if !ok1 || !ok2 {
				return types.MaybeNoSuchOverloadErr(a)
			}
			return f(x, y)
		})))
	}
	return []cel.EnvOption{
		cel.Function("quantity", cel.Overload("string_to_quantity", []*cel.Type{cel.StringType}, cel.DoubleType, cel.UnaryBinding(func(v ref.Val) ref.Val {
			if f, ok := read(v); ok {
				return types.Double(f)
			}
			return types.NewErr("quantity: it is none")
		}))),
		cel.Function("isQuantity", cel.Overload("is_quantity_string", []*cel.Type{cel.StringType}, cel.BoolType, cel.UnaryBinding(func(v ref.Val) ref.Val {
			_, ok := read(v)
			return types.Bool(ok)
		}))),
		binary("compareTo", cel.IntType, func(a, b float64) ref.Val { return types.Int(cmp.Compare(a, b)) }),
		binary("isGreaterThan", cel.BoolType, func(a, b float64) ref.Val { return types.Bool(a > b) }),
		binary("isLessThan", cel.BoolType, func(a, b float64) ref.Val { return types.Bool(a < b) }),
		binary("add", cel.DoubleType, func(a, b float64) ref.Val { return types.Double(a + b) }),
		binary("sub", cel.DoubleType, func(a, b float64) ref.Val { return types.Double(a - b) }),
	}
}

func (e *evaluator) compile(text string) (cel.Program, error) {
	ast, issues := e.env.Compile(text)
	if err := issues.Err(); err != nil {
		first, _, _ := strings.Cut(err.Error(), "\n")
		return nil, fmt.Errorf("compiling: %s", first)
	}
	program, err := e.env.Program(ast, cel.CostLimit(maxCost), cel.InterruptCheckFrequency(100))
	if err != nil {
		return nil, fmt.Errorf("compiling: %w", err)
	}
	return program, nil
}

// maybe gives the old value to a rule with optionalOldSelf.
func maybe(v any, had bool) any {
	if !had {
		return types.OptionalNone
	}
	return types.OptionalOf(types.DefaultTypeAdapter.NativeToValue(v))
}
