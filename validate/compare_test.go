package validate

import (
	"testing"

	"sluice/render"
)

// TestSettle takes out what a chart makes up anew in each render, and nothing else.
func TestSettle(t *testing.T) {
	side := func(password, size, more string) render.Result {
		set, err := render.Parse("in.yaml", []byte("apiVersion: v1\nkind: Secret\nmetadata: {name: made}\nstringData: {password: "+password+"}\n---\n"+
			"apiVersion: v1\nkind: ConfigMap\nmetadata: {name: both}\ndata: {sum: "+password+", size: "+size+"}\n"+more))
		if err != nil {
			t.Fatal(err)
		}
		return render.Result{App: render.App{Namespace: "shop"}, Set: set, Random: []string{"Secret made: stringData.password", "ConfigMap both: data.sum"}}
	}
	c := Comparison{Left: side("a", "one", "---\napiVersion: v1\nkind: Secret\nmetadata: {name: lost}\n"), Right: side("b", "two", "")}
	c.Compare(func(render.Key) bool { return false })
	if c.Settle(); c.Unsteady != 2 || len(c.Effective) != 2 || len(c.Raw) != 2 {
		t.Fatalf("%d unsteady, %+v", c.Unsteady, c.Effective)
	}
	if e := c.Effective[0].Edits; len(e) != 1 || e[0].Field.String() != "data.size" || c.Effective[1].Kind() != "removed" {
		t.Errorf("%+v", c.Effective)
	}
	c.Left.Random, c.Right.Random = nil, nil
	c.Compare(func(render.Key) bool { return false })
	if c.Settle(); c.Unsteady != 0 || len(c.Effective) != 3 {
		t.Errorf("nothing is random, and %d edits are taken out: %+v", c.Unsteady, c.Effective)
	}
}

// TestDestinations gives a side without the app the destination of the other, and leaves a side with objects as it is.
func TestDestinations(t *testing.T) {
	side := func(namespace, text string) render.Result {
		set, err := render.Parse("in.yaml", []byte(text))
		if err != nil {
			t.Fatal(err)
		}
		return render.Result{App: render.App{Namespace: namespace}, Set: set}
	}
	const text = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\n"
	for _, c := range []struct {
		left, right render.Result
		want        string
	}{
		{side("shop", text), side("", ""), "removed ConfigMap shop/a"},
		{side("", ""), side("shop", text), "added ConfigMap shop/a"},
		{side("shop", text), side("shop", text), ""},
		{side("shop", text), side("", text), "moved ConfigMap shop/a"},
	} {
		v := Comparison{Left: c.left, Right: c.right}
		v.Compare(func(render.Key) bool { return false })
		got := ""
		for _, change := range v.Effective {
			got += change.Kind() + " " + change.Key.String()
		}
		if got != c.want {
			t.Errorf("%q, want %q", got, c.want)
		}
	}
}
