package cause

import (
	"reflect"
	"slices"
	"strings"

	"sluice/render"
)

// factor is one thing that differs, in parts that can be taken from the full side one by one.
type factor struct {
	name        string
	full, short string
	atoms       []string // what Detail says of each part; one part without words where it cannot be split
	detail      []string // of a factor that cannot be split
	// take gives a state the parts numbered.
	take func(st *state, atoms []int)
	// named gives the parts that gates ask for.
	named func([]gate) []int
}

// whole is a factor of one part.
func whole(name, full, short string, take func(*state)) factor {
	return factor{
		name: name, full: full, short: short, atoms: []string{""},
		take:  func(st *state, _ []int) { take(st) },
		named: func([]gate) []int { return nil },
	}
}

// factorsOf lists what differs between the sides, the most telling first: where two of them bring an object back, the
// first is named.
func factorsOf(full, short Side, left, right *library) []factor {
	var list []factor
	add := func(differ bool, f factor) {
		if differ {
			list = append(list, f)
		}
	}
	a, b := full.told(), short.told()
	apis := apisFactor(a.APIVersions, b.APIVersions)
	add(len(apis.atoms) > 0, apis)
	add(a.KubeVersion != b.KubeVersion, whole("kubernetes", a.KubeVersion, b.KubeVersion, func(st *state) {
		st.chain.Capabilities.KubeVersion = a.KubeVersion
		st.chain.Cluster.Kubernetes = full.Toolchain.Cluster.Kubernetes
	}))
	x, y := full.Toolchain, short.Toolchain
	add(x.Helm != y.Helm, whole("helm", x.Helm, y.Helm, func(st *state) { st.chain.Helm = x.Helm }))
	add(x.Kustomize != y.Kustomize, whole("kustomize", x.Kustomize, y.Kustomize, func(st *state) { st.chain.Kustomize = x.Kustomize }))
	add(full.App.Namespace != short.App.Namespace, whole("namespace", full.App.Namespace, short.App.Namespace,
		func(st *state) { st.app.Namespace = full.App.Namespace }))
	list = append(list, sourceFactors(full, short, left, right)...)
	files := changedInputs(full.Result.Inputs, short.Result.Inputs)
	add(len(files) > 0, filesFactor(full, files))
	return list
}

// apisFactor is the difference of two API lists: what only the full side offers, and what only the short side does, of
// which a template may ask that it is not there.
func apisFactor(full, short []string) factor {
	f := factor{name: "apis"}
	for _, api := range full {
		if !slices.Contains(short, api) {
			f.atoms = append(f.atoms, "+"+api)
		}
	}
	for _, api := range short {
		if !slices.Contains(full, api) {
			f.atoms = append(f.atoms, "-"+api)
		}
	}
	slices.Sort(f.atoms)
	f.atoms = slices.Compact(f.atoms)
	f.take = func(st *state, atoms []int) {
		list := slices.Clone(st.chain.Capabilities.APIVersions)
		for _, i := range atoms {
			sign, api := f.atoms[i][0], f.atoms[i][1:]
			if sign == '+' {
				list = append(list, api)
				continue
			}
			list = slices.DeleteFunc(list, func(have string) bool { return have == api })
		}
		slices.Sort(list)
		st.chain.Capabilities.APIVersions = slices.Compact(list)
	}
	f.named = func(gates []gate) []int {
		var list []int
		for i, atom := range f.atoms {
			if slices.ContainsFunc(gates, func(g gate) bool { return g.asksFor("api", atom[1:]) }) {
				list = append(list, i)
			}
		}
		return list
	}
	return f
}

// sourceFactors compares the sources of the app one by one. Where they do not pair off they are one factor.
func sourceFactors(full, short Side, left, right *library) []factor {
	a, b := full.App.Sources, short.App.Sources
	pairs := len(a) == len(b)
	for i := range min(len(a), len(b)) {
		pairs = pairs && a[i].Kind == b[i].Kind
	}
	if !pairs {
		return []factor{whole("sources", count(len(a), "source"), count(len(b), "source"), func(st *state) {
			st.app.Sources = slices.Clone(a)
		})}
	}
	var list []factor
	for i := range a {
		if f := valuesFactor(i, full, short, [2]*library{left, right}); len(f.atoms) > 0 {
			list = append(list, f)
		}
		list = append(list, fieldFactors(i, a[i], b[i])...)
	}
	return list
}

// fieldFactors compares the fields of two sources of one kind.
func fieldFactors(i int, a, b render.Source) []factor {
	var list []factor
	add := func(differ bool, name string, words [2]string, take func(*render.Source)) {
		if differ {
			list = append(list, whole(name, words[0], words[1], func(st *state) { take(&st.app.Sources[i]) }))
		}
	}
	none := [2]string{}
	if f := setFactor(i, a.Values, b.Values); len(f.atoms) > 0 {
		list = append(list, f)
	}
	add(a.SkipCRDs != b.SkipCRDs, "skipCRDs", none, func(s *render.Source) { s.SkipCRDs = a.SkipCRDs })
	add(a.SkipTests != b.SkipTests, "skipTests", none, func(s *render.Source) { s.SkipTests = a.SkipTests })
	add(a.SkipSchema != b.SkipSchema, "skipSchema", none, func(s *render.Source) { s.SkipSchema = a.SkipSchema })
	add(a.Release != b.Release, "release", [2]string{a.Release, b.Release}, func(s *render.Source) { s.Release = a.Release })
	add(a.Version != b.Version, "version", [2]string{a.Version, b.Version}, func(s *render.Source) { s.Version = a.Version })
	elsewhere := a.Repo != b.Repo || a.Chart != b.Chart || a.Path != b.Path
	add(elsewhere, "source", [2]string{a.String(), b.String()}, func(s *render.Source) {
		s.Repo, s.Chart, s.Path = a.Repo, a.Chart, a.Path
	})
	add(!slices.Equal(a.Values.Files, b.Values.Files), "values files",
		[2]string{strings.Join(a.Values.Files, ", "), strings.Join(b.Values.Files, ", ")},
		func(s *render.Source) { s.Values.Files = a.Values.Files })
	return list
}

// setFactor compares the --set expressions by their keys. A part is all expressions of a key, of whatever flag: their
// order among themselves stays, as the full side has it.
func setFactor(at int, a, b render.Values) factor {
	f := factor{name: "set"}
	left, right := setsOf(a), setsOf(b)
	for _, key := range slices.Concat(left.keys, right.keys) {
		if !slices.Contains(f.atoms, key) && !reflect.DeepEqual(left.of(key), right.of(key)) {
			f.atoms = append(f.atoms, key)
		}
	}
	slices.Sort(f.atoms)
	f.take = func(st *state, atoms []int) {
		v := &st.app.Sources[at].Values
		for n, list := range []*[]string{&v.SetJSON, &v.Set, &v.SetString, &v.SetFile} {
			var out []string
			for _, expr := range *list {
				if !slices.ContainsFunc(atoms, func(i int) bool { return f.atoms[i] == keyOf(expr) }) {
					out = append(out, expr)
				}
			}
			for _, i := range atoms {
				out = append(out, left.of(f.atoms[i])[n]...)
			}
			*list = out
		}
	}
	f.named = func(gates []gate) []int { return namedValues(f.atoms, gates) }
	return f
}

// sets are the --set expressions of a source by key.
type sets struct {
	keys  []string
	lists [4][]string
}

func setsOf(v render.Values) sets {
	s := sets{lists: [4][]string{v.SetJSON, v.Set, v.SetString, v.SetFile}}
	for _, list := range s.lists {
		for _, expr := range list {
			s.keys = append(s.keys, keyOf(expr))
		}
	}
	return s
}

// of gives the expressions of a key by flag.
func (s sets) of(key string) [4][]string {
	var out [4][]string
	for n, list := range s.lists {
		for _, expr := range list {
			if keyOf(expr) == key {
				out[n] = append(out[n], expr)
			}
		}
	}
	return out
}

// keyOf gives what stands before the value of an expression; what comes after may be a secret.
func keyOf(expr string) string {
	key, _, found := strings.Cut(expr, "=")
	if !found || strings.HasPrefix(strings.TrimSpace(expr), "{") {
		return "an expression without a key"
	}
	return key
}

// filesFactor is the files themselves: all of them are read on one side or on the other.
func filesFactor(full Side, changed []string) factor {
	f := whole("files", "", "", func(st *state) { st.render = full.Render })
	f.detail = changed
	return f
}

// changedInputs names what one side read and the other did not, or with other bytes.
func changedInputs(a, b []render.Input) []string {
	var names []string
	for _, lists := range [][2][]render.Input{{a, b}, {b, a}} {
		for _, in := range lists[0] {
			if !slices.Contains(lists[1], in) && !slices.Contains(names, in.Name) {
				names = append(names, in.Name)
			}
		}
	}
	slices.Sort(names)
	return names
}
