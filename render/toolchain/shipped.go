package toolchain

import (
	"errors"
	"fmt"

	"github.com/Masterminds/semver/v3"

	"sluice/render"
)

// shipment is what Argo CD has from one patch of a minor on, until the next line.
type shipment struct {
	major, minor, patch uint64
	helm, kustomize     string
}

// shipments is hack/tool-versions.sh of argoproj/argo-cd, read at every tag from 2.8.0 to 3.5.1 and, after that, in the
// module zips of github.com/argoproj/argo-cd/v3: 3.3.18, 3.4.13, 3.5.7, 3.6.0 and 3.6.1. The images are built with it
// (Dockerfile, hack/install.sh). The upgrade note of 3.5 says Helm 4.2.0, its file 4.2.1. Ascending.
var shipments = []shipment{
	{2, 8, 0, "3.12.1", "5.1.0"},
	{2, 9, 0, "3.12.1", "5.2.1"},
	{2, 9, 2, "3.13.2", "5.2.1"},
	{2, 10, 0, "3.14.0", "5.2.1"},
	{2, 10, 2, "3.14.2", "5.2.1"},
	{2, 10, 4, "3.14.3", "5.2.1"},
	{2, 10, 10, "3.14.4", "5.2.1"},
	{2, 11, 0, "3.14.3", "5.2.1"},
	{2, 11, 1, "3.14.4", "5.2.1"},
	{2, 12, 0, "3.15.2", "5.4.2"},
	{2, 13, 0, "3.15.4", "5.4.3"},
	{2, 14, 0, "3.16.3", "5.4.3"},
	{3, 0, 0, "3.17.1", "5.6.0"},
	{3, 1, 0, "3.18.4", "5.7.0"},
	{3, 2, 0, "3.18.4", "5.7.0"},
	{3, 3, 0, "3.19.4", "5.8.0"},
	{3, 3, 1, "3.19.4", "5.8.1"},
	{3, 4, 0, "3.19.4", "5.8.1"},
	{3, 5, 0, "4.2.1", "5.8.1"},
	{3, 6, 0, "4.3.1", "5.8.3"},
}

// Shipped gives the versions of helm and kustomize, without "v", in the image of an Argo CD version, "3.4.9" or "v3.4.9".
// A patch above those that were read has what the last of its minor has: minors were seen to change tools only in their
// first patches since 2.11. A candidate ("3.5.0-rc1") counts as its release.
//
// A minor that is older than all known is an error. One that is newer gives the versions of the newest known and an
// error that wraps [errors.ErrUnsupported]: they are a guess, and who goes on with it says so. The hint tells how to
// state them instead.
func Shipped(argocd string) (helm, kustomize string, err error) {
	v, err := semver.StrictNewVersion(trimV(argocd))
	if err != nil {
		return "", "", &render.Error{
			Err:  fmt.Errorf("looking up the tools of Argo CD %q: %w", argocd, err),
			Hint: `give the whole version, e.g. "3.4.9": patches change the tools`,
		}
	}
	oldest, newest := shipments[0], shipments[len(shipments)-1]
	var found *shipment
	for i, s := range shipments {
		if s.major == v.Major() && s.minor == v.Minor() && s.patch <= v.Patch() {
			found = &shipments[i]
		}
	}
	const hint = "declare a toolchain with the helm and kustomize that it ships, as `argocd-repo-server` has them"
	switch {
	case found != nil:
		return found.helm, found.kustomize, nil
	case v.Major() < oldest.major || v.Major() == oldest.major && v.Minor() < oldest.minor:
		return "", "", &render.Error{
			Err:  fmt.Errorf("looking up the tools of Argo CD %s: the oldest known is %d.%d", argocd, oldest.major, oldest.minor),
			Hint: hint,
		}
	case v.Major() > newest.major || v.Major() == newest.major && v.Minor() > newest.minor:
		return newest.helm, newest.kustomize, &render.Error{
			Err:  tooNew(fmt.Sprintf("looking up the tools of Argo CD %s: the newest known is %d.%d", argocd, newest.major, newest.minor)),
			Hint: hint,
		}
	}
	return "", "", &render.Error{Err: fmt.Errorf("looking up the tools of Argo CD %s: there was no such release", argocd), Hint: hint}
}

// tooNew says that an Argo CD is newer than those that are known. It is errors.ErrUnsupported, whose text says nothing here.
type tooNew string

func (e tooNew) Error() string { return string(e) }

func (tooNew) Is(target error) bool { return target == errors.ErrUnsupported }
