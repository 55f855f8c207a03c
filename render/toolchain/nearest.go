package toolchain

import (
	"strings"

	"github.com/Masterminds/semver/v3"
)

// trimV takes the "v" off that tools print before their versions.
func trimV(version string) string { return strings.TrimPrefix(version, "v") }

// Nearest gives the one of have that most likely renders as want does: of its major, where there is one, since Helm 4
// treats nulls, capabilities and hooks in other ways than Helm 3; of those, the minor least away and then the patch least
// away; of two that are as far, the newer one. Across minors a patch is no distance, and the newest counts. It gives ""
// where have is empty or want is no version; what is no version in have is passed over.
func Nearest(want string, have []string) string {
	target, err := semver.NewVersion(want)
	if err != nil {
		return ""
	}
	best, at := "", (*semver.Version)(nil)
	for _, h := range have {
		v, err := semver.NewVersion(h)
		if err == nil && (at == nil || nearer(target, v, at)) {
			best, at = h, v
		}
	}
	return best
}

// nearer says whether a is nearer to the target than b.
func nearer(target, a, b *semver.Version) bool {
	for _, part := range []func(*semver.Version) uint64{
		(*semver.Version).Major, (*semver.Version).Minor, (*semver.Version).Patch,
	} {
		da, db := distance(part(a), part(target)), distance(part(b), part(target))
		if da != db {
			return da < db
		}
		if da != 0 {
			break // lower parts of other majors and minors count from zero again
		}
	}
	return a.GreaterThan(b)
}

func distance(a, b uint64) uint64 { return max(a, b) - min(a, b) }
