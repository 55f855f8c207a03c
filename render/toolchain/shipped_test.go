package toolchain_test

import (
	"errors"
	"testing"

	"sluice/render"
	"sluice/render/toolchain"
)

func TestShipped(t *testing.T) {
	for _, c := range []struct{ argocd, helm, kustomize string }{
		{"2.8.0", "3.12.1", "5.1.0"},
		{"2.8.21", "3.12.1", "5.1.0"},
		{"2.9.1", "3.12.1", "5.2.1"},
		{"2.9.2", "3.13.2", "5.2.1"},
		{"2.10.1", "3.14.0", "5.2.1"},
		{"2.10.3", "3.14.2", "5.2.1"},
		{"2.10.9", "3.14.3", "5.2.1"},
		{"2.10.10", "3.14.4", "5.2.1"},
		{"2.11.0", "3.14.3", "5.2.1"},
		{"2.11.13", "3.14.4", "5.2.1"},
		{"2.12.6", "3.15.2", "5.4.2"},
		{"2.13.9", "3.15.4", "5.4.3"},
		{"2.14.21", "3.16.3", "5.4.3"},
		{"3.0.23", "3.17.1", "5.6.0"},
		{"3.1.16", "3.18.4", "5.7.0"},
		{"v3.2.5", "3.18.4", "5.7.0"},
		{"3.3.0", "3.19.4", "5.8.0"},
		{"3.3.1", "3.19.4", "5.8.1"},
		{"3.3.19", "3.19.4", "5.8.1"},
		{"3.4.9", "3.19.4", "5.8.1"},
		{"3.4.99", "3.19.4", "5.8.1"},
		{"3.5.0-rc1", "4.2.1", "5.8.1"},
		{"3.5.7", "4.2.1", "5.8.1"},
		{"3.6.1", "4.3.1", "5.8.3"},
	} {
		helm, kustomize, err := toolchain.Shipped(c.argocd)
		if err != nil || helm != c.helm || kustomize != c.kustomize {
			t.Errorf("Argo CD %s: helm %s, kustomize %s, %v; want %s and %s", c.argocd, helm, kustomize, err, c.helm, c.kustomize)
		}
	}
}

func TestShippedByAnUnknownArgoCD(t *testing.T) {
	for _, c := range []struct {
		argocd, helm string
		assumed      bool
		want         string
	}{
		{"3.7.0", "4.3.1", true, "looking up the tools of Argo CD 3.7.0: the newest known is 3.6"},
		{"4.0.0", "4.3.1", true, "looking up the tools of Argo CD 4.0.0: the newest known is 3.6"},
		{"2.7.18", "", false, "looking up the tools of Argo CD 2.7.18: the oldest known is 2.8"},
		{"1.8.0", "", false, "looking up the tools of Argo CD 1.8.0: the oldest known is 2.8"},
		{"2.15.0", "", false, "looking up the tools of Argo CD 2.15.0: there was no such release"},
		{"3.4", "", false, `looking up the tools of Argo CD "3.4": invalid semantic version`},
		{"stable", "", false, `looking up the tools of Argo CD "stable": invalid semantic version`},
	} {
		helm, _, err := toolchain.Shipped(c.argocd)
		if err == nil || err.Error() != c.want || helm != c.helm || errors.Is(err, errors.ErrUnsupported) != c.assumed {
			t.Errorf("Argo CD %s: helm %q, %v; want %q, %s", c.argocd, helm, err, c.helm, c.want)
			continue
		}
		var placed *render.Error
		if !errors.As(err, &placed) || placed.Hint == "" {
			t.Errorf("Argo CD %s: no hint in %v", c.argocd, err)
		}
	}
}

func TestNearest(t *testing.T) {
	for _, c := range []struct {
		want string
		have []string
		near string
	}{
		{"3.14.4", []string{"3.22.0", "4.3.1"}, "3.22.0"},
		{"3.14.4", []string{"3.14.0", "3.15.0", "3.14.9"}, "3.14.0"},
		{"3.14.4", []string{"3.14.2", "3.14.6"}, "3.14.6"},
		{"3.14.4", []string{"3.14.6", "3.14.2"}, "3.14.6"},
		{"3.14.4", []string{"3.13.4", "3.15.1"}, "3.15.1"},
		{"3.14.4", []string{"3.15.1", "3.15.4"}, "3.15.4"},
		{"3.14.4", []string{"3.12.4", "3.15.1"}, "3.15.1"},
		{"4.0.0", []string{"3.22.0", "4.9.1"}, "4.9.1"},
		{"4.2.1", []string{"3.19.4", "3.22.0"}, "3.22.0"},
		{"3.14.4", []string{"4.3.1"}, "4.3.1"},
		{"5.8.3", []string{"5.8.1"}, "5.8.1"},
		{"3.14.4", []string{"devel", "3.16.0"}, "3.16.0"},
		{"3.14.4", nil, ""},
		{"devel", []string{"3.14.4"}, ""},
	} {
		if got := toolchain.Nearest(c.want, c.have); got != c.near {
			t.Errorf("nearest to %s of %v: %q, want %q", c.want, c.have, got, c.near)
		}
	}
}
