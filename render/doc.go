// Package render holds the nouns of the program and its order of work.
//
// A [Plan] names the apps of one cluster. Each [Source] of an [App] becomes a verified [Tree]; an engine turns the
// tree into YAML; [Parse] turns the YAML into a [Set] of objects; the placeholder decoder repairs what charts did to
// placeholders; the outcome is one [Result] per app. Two sets compare with [Diff], as rendered or as Argo CD sees them
// ([Set.Effective]).
//
// The package imports no SDK. Each tool (helm, kustomize, git, CUE) lives in a child package that imports this one,
// and cmd/sluice hands them over as the function values of [Tools].
package render
