package report

import (
	"cmp"
	"io"
	"slices"
	"strings"

	"sluice/render"
	"sluice/validate"
)

// kubeconformJSON is what kubeconform -output json -summary prints (pkg/output/json.go of yannh/kubeconform 0.8.0), so
// that what reads that can read this.
type kubeconformJSON struct {
	Resources []kubeconformResource `json:"resources"`
	Summary   struct {
		Valid   int `json:"valid"`
		Invalid int `json:"invalid"`
		Errors  int `json:"errors"`
		Skipped int `json:"skipped"`
	} `json:"summary"`
}

type kubeconformResource struct {
	Filename         string             `json:"filename"`
	Kind             string             `json:"kind"`
	Name             string             `json:"name"`
	Version          string             `json:"version"`
	Status           string             `json:"status"`
	Msg              string             `json:"msg"`
	ValidationErrors []kubeconformFault `json:"validationErrors,omitempty"`
}

type kubeconformFault struct {
	Path string `json:"path"`
	Msg  string `json:"msg"`
}

// subject is what an object is called: in an app, the name that it has in the cluster.
type subject struct {
	app string
	key render.Key
}

// Kubeconform writes the findings that count in the form of kubeconform's JSON with a summary: an object with one is
// invalid, an app that did not render is an error, and an object that could not be judged is skipped, or an error where that
// fails, as there without -ignore-missing-schemas. Findings about files and the stack, and policies that are wrong, which
// kubeconform does not know, have the file and no kind.
func (f Findings) Kubeconform(w io.Writer) error {
	about := map[subject][]validate.Finding{}
	out := kubeconformJSON{Resources: []kubeconformResource{}}
	for _, found := range f.Report.Counting(f.Least) {
		if found.Object == (render.Key{}) {
			if f.unread(found.Pos) {
				continue
			}
			out.Resources = append(out.Resources, kubeconformResource{Filename: found.Pos.File, Status: "statusInvalid", Msg: found.Message})
			out.Summary.Invalid++
			continue
		}
		key := subject{found.App, f.Landed(found.App, found.Object)}
		about[key] = append(about[key], found)
	}
	rendered := map[subject]bool{}
	skipped, every := map[subject]string{}, map[subject]string{}
	for _, u := range f.Report.Unchecked {
		why := strings.TrimSuffix(u.What+": "+u.Why, ": ")
		if u.Every != (render.Key{}) {
			every[subject{u.App, u.Every}] = why
		} else {
			skipped[subject{u.App, f.Landed(u.App, u.Object)}] = why
		}
	}
	files := f.files()
	for _, r := range f.Results {
		for _, o := range r.Set.Objects {
			key := subject{r.App.Name, f.Landed(r.App.Name, o.Key)}
			rendered[key] = true
			why := cmp.Or(skipped[key], every[subject{r.App.Name, render.Key{Group: o.Key.Group, Kind: o.Key.Kind}}])
			switch found := of(o, about[key], files[key]); {
			case len(found) > 0:
				out.Summary.Invalid++
				out.Resources = append(out.Resources, invalid(o, found))
			case why != "" && f.Strict:
				out.Summary.Errors++
				out.Resources = append(out.Resources, kubeconformResource{
					Filename: fileOf(o), Kind: o.Key.Kind, Name: o.Key.Name, Version: o.APIVersion, Status: "statusError", Msg: why,
				})
			case why != "":
				out.Summary.Skipped++
			default:
				out.Summary.Valid++
			}
		}
	}
	for _, found := range f.Report.Counting(f.Least) { // of what is judged and not rendered, such as the definitions of --crds
		key := subject{found.App, f.Landed(found.App, found.Object)}
		if all := about[key]; len(all) > 0 && !rendered[key] {
			rendered[key] = true
			out.Summary.Invalid++
			o := render.Object{Key: found.Object, Provenance: render.Provenance{File: found.Pos.File}}
			out.Resources = append(out.Resources, invalid(o, all))
		}
	}
	for i, name := range f.Failed {
		out.Summary.Errors++
		out.Resources = append(out.Resources, kubeconformResource{Filename: name, Status: "statusError", Msg: f.Reasons[i]})
	}
	for _, u := range f.Unread {
		out.Summary.Errors++
		out.Resources = append(out.Resources, kubeconformResource{Filename: u.File, Status: "statusError", Msg: u.Reason})
	}
	for _, e := range f.Errors {
		out.Summary.Errors++
		out.Resources = append(out.Resources, kubeconformResource{Filename: e.Pos.File, Status: "statusError", Msg: e.Error()})
	}
	for i := range out.Resources {
		if out.Resources[i].Filename == "-" {
			out.Resources[i].Filename = "stdin"
		}
	}
	return JSON(w, out)
}

// files lists those that have an object of a name.
func (f Findings) files() map[subject][]string {
	files := map[subject][]string{}
	for _, r := range f.Results {
		for _, o := range r.Set.Objects {
			key := subject{r.App.Name, f.Landed(r.App.Name, o.Key)}
			files[key] = append(files[key], o.Provenance.File)
		}
	}
	return files
}

// unread says whether what could not be read stands at a place: a finding about that is of the same document.
func (f Findings) unread(pos render.Position) bool {
	return slices.ContainsFunc(f.Unread, func(u Unread) bool { return u.File == pos.File && u.Line == pos.Line })
}

// of gives those of the findings about objects of one name that are about the one, where others of the name are in other files.
func of(o render.Object, found []validate.Finding, files []string) []validate.Finding {
	return slices.DeleteFunc(slices.Clone(found), func(f validate.Finding) bool {
		return f.Pos.File != o.Provenance.File && slices.Contains(files, f.Pos.File)
	})
}

// fileOf is what a person edits: the template, or the file.
func fileOf(o render.Object) string { return cmp.Or(o.Provenance.Template, o.Provenance.File) }

func invalid(o render.Object, found []validate.Finding) kubeconformResource {
	r := kubeconformResource{Filename: fileOf(o), Kind: o.Key.Kind, Name: o.Key.Name, Version: o.APIVersion, Status: "statusInvalid"}
	for i, f := range found {
		if i > 0 {
			r.Msg += "; "
		}
		r.Msg += f.Message
		r.ValidationErrors = append(r.ValidationErrors, kubeconformFault{f.Field.Pointer(), f.Message})
	}
	return r
}
