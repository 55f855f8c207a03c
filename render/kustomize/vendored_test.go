package kustomize_test

import (
	"context"
	"strings"
	"testing"

	"sluice/render"
)

func TestVendoredCopyMustBeTheChart(t *testing.T) {
	web := charts["web 1.2.3"]
	older := strings.Replace(web, "version: 1.2.3", "version: 1.2.2", 1)
	for _, c := range []struct{ name, entry, files, says string }{
		{"equal", pinned, under("app/charts/web-1.2.3/web", web), ""},
		{"equal without version", pinned, under("app/charts/web", web), ""},
		{"cut", pinned, "-- app/charts/web-1.2.3/web/Chart.yaml --\napiVersion: v2\nname: web\nversion: 1.2.3\n", "app/charts/web-1.2.3/web/values.yaml: the copy of chart web 1.2.3 is not the chart 1.2.3 that https://charts.example.com gives: the file is missing"},
		{"empty", pinned, "-- app/charts/web-1.2.3/web/x --\n", "web/Chart.yaml: the copy of chart web 1.2.3 "},
		{"more", pinned, under("app/charts/web-1.2.3/web", web+"-- templates/z.yaml --\nx\n"), "web/templates/z.yaml: the copy of chart web 1.2.3 is not the chart 1.2.3 that https://charts.example.com gives: the chart has no such file"},
		{"of another version", pinned, under("app/charts/web-1.2.3/web", older), "Chart.yaml: the copy of chart web 1.2.2 is not the chart 1.2.3"},
		{"left over", pinned, under("app/charts/web-1.2.2/web", web), ""},
		{"left over of another version", pinned, under("app/charts/web-1.2.2/web", older), "the copy of chart web 1.2.2 is not the chart 1.2.3"},
		{"of another entry", pinned + "}, {" + strings.Replace(pinned, "1.2.3", "1.2.2", 1), under("app/charts/web-1.2.2/web", older), ""},
		{"local one of that name", pinned + "}, {name: web", "-- app/charts/web/Chart.yaml --\nname: web\nversion: 0.1.0\n", ""},
		{"chart with a longer name", pinned, "-- app/charts/web-ui-1.2.3/web-ui/Chart.yaml --\nname: web-ui\n-- app/charts/web-ui-1.2.3.tgz --\n", ""},
		{"archive", pinned, "-- app/charts/web-1.2.3.tgz --\nhello\n", "app/charts/web-1.2.3.tgz: the copy of chart web 1.2.3 is not the chart 1.2.3 that https://charts.example.com gives: its bytes are others"},
		{"equal archive", pinned, "-- app/charts/web-1.2.3.tgz --\nequal\n", ""},
		{"archive of another version", pinned, "-- app/charts/web-1.2.2.tgz --\nequal\n", "app/charts/web-1.2.2.tgz: the copy of chart web 1.2.2 is not the chart 1.2.3 that"},
		{"archive in the folder", pinned, "-- app/charts/web-1.2.3/web-1.2.3.tgz --\nhello\n" + under("app/charts/web-1.2.3/web", web), "app/charts/web-1.2.3/web-1.2.3.tgz: the copy"},
		{"range", strings.Replace(pinned, "1.2.3", "1.x", 1), "-- app/charts/web-1.x/web/Chart.yaml --\nversion: 1.1.0\n", "the copy of chart web 1.1.0 is not the chart 1.2.3"},
		{"in another home", pinned + "}]\nhelmGlobals: {chartHome: own}\nx: [{", "", "unknown field"},
	} {
		t.Run(c.name, func(t *testing.T) {
			e := engine(nil)
			fetch := e.Fetch
			e.Fetch = func(ctx context.Context, s render.Source) (render.Tree, error) {
				if s.Repo == "" {
					return render.Tree{Files: []render.File{{Path: "Chart.yaml", Data: []byte("apiVersion: v2\nname: web\nversion: 0.1.0\n")}, {Path: "values.yaml"}}}, nil
				}
				if s.Version == "1.2.2" {
					return treeOf(older), nil
				}
				s.Version = "1.2.3"
				tree, err := fetch(ctx, s)
				// sha256 of "equal\n"
				tree.Inputs = append(tree.Inputs, render.Input{Name: "web.tgz", Digest: "sha256:1907d592edca123512edf021ad7230b31ee3b68b2e38b78b07acd5e85256a3d6"})
				return tree, err
			}
			dir := unpack(t, "-- app/kustomization.yaml --\nhelmCharts: [{"+c.entry+"}]\n"+c.files)
			err := e.Walk(t.Context(), render.Build{Dir: rooted(t, dir), Path: "app", Capabilities: cluster})
			switch {
			case c.says == "" && err != nil:
				t.Error(err)
			case c.says == "":
			case err == nil:
				t.Error("no error")
			case !strings.Contains(err.Error(), c.says):
				t.Errorf("error does not say %q:\n%v", c.says, err)
			case c.says != "unknown field" && (!strings.HasSuffix(err.Error(), " [vendored-chart]") || hints(err) == ""):
				t.Errorf("error has no rule or hint: %v", err)
			}
		})
	}
}
