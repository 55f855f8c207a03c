// Package hydrate turns the results of a render into the hydrated tree that Argo CD reads, and puts that tree into a
// directory or onto a branch.
//
// The tree:
//
//	<layer>/<app>/<object>.yaml   one object per file, canonical YAML; see objectFile for the names
//	argo/...                      the Argo CD side, at the paths that its objects name
//	.sluice/inventory             every path that sluice owns, with its digest; `sha256sum -c` reads it
//	.sluice/provenance.json       what the tree was made with: versions, capabilities, inputs, templates
//	hydrator.metadata             on branches only: the dry revision, as Argo CD's Source Hydrator writes it
//
// [Tree] is pure: plan and results in, files out, the same bytes every time. [WriteDir], [Check] and [Commit] compare
// those files with what is there. All three keep one rule: a path is changed or removed only if the inventory of the
// last run owns it and its content is what that run wrote. Everything else is foreign and stays (Argo CD's own
// hydrator wiped branches that it shared, argo-cd #24179 and #23944).
//
// The way back is [ReadDir] or [ReadRevision], then [Files.Results]: what a tree holds, whole or not at all.
package hydrate
