// Package helm renders charts without a network: with the Helm 3 or the Helm 4 library in this process ([Engine]), or with
// a helm binary of another version ([External]), whose render the library of its major prepares and judges.
//
// The output equals what `helm template` of the same version prints, object for object and in the same order:
// resources of crds/ first, then the manifests in install order, then the hooks. Four things differ on purpose.
// The Kubernetes version and API list are the caller's alone (the library's own default is added nowhere), a values
// schema that refers to a remote document is reported and not fetched, subcharts load in a fixed order where helm
// takes them from a map, and the template function keys gives sorted keys where helm gives another order each time.
//
// Only the loader, value, engine and sorting packages of each major are linked. The action package gives the same
// objects and was refused for its weight: it brings kubectl, registry and database clients along.
//
// Both libraries write warnings to the standard logger (Helm 4 by way of log/slog, whose default handler ends there) and
// offer no other way to read them. A render points the standard logger at nothing; what such a warning hides, an object
// left out, is found by comparison and returned in Output.Unchecked.
package helm

import (
	"context"
	"fmt"
	"strings"

	"sluice/render"
)

// The versions of the linked libraries, as go.mod names them.
const (
	Version3 = "3.22.0"
	Version4 = "4.3.1"
)

// Template3 renders r as `helm template` of [Version3] does. The error is a *render.Error wherever a file, a line or
// a next step is known.
func Template3(ctx context.Context, r render.Release) (render.Output, error) {
	return template(ctx, library3(), r)
}

// Template4 renders r as `helm template` of [Version4] does. Its errors are those of [Template3].
func Template4(ctx context.Context, r render.Release) (render.Output, error) {
	return template(ctx, library4(), r)
}

// Engine gives the engine of a helm version: "3.22.0", "4.3.1", or "helm3" and "helm4" for the linked version of a
// major. Any other version is an error that names the nearest one.
func Engine(version string) (func(context.Context, render.Release) (render.Output, error), error) {
	switch strings.TrimPrefix(version, "v") {
	case Version3, "helm3":
		return Template3, nil
	case Version4, "helm4":
		return Template4, nil
	}
	hint := fmt.Sprintf("linked are %s (helm3) and %s (helm4)", Version3, Version4)
	switch major := strings.TrimPrefix(strings.TrimPrefix(version, "helm"), "v"); {
	case strings.HasPrefix(major, "3"):
		hint = fmt.Sprintf("did you mean %q (helm3)? %s", Version3, hint)
	case strings.HasPrefix(major, "4"):
		hint = fmt.Sprintf("did you mean %q (helm4)? %s", Version4, hint)
	}
	return nil, &render.Error{Err: fmt.Errorf("choosing the helm engine: %q is not a linked version", version), Hint: hint}
}
