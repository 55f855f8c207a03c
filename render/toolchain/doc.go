// Package toolchain knows what a render needs besides sources: which helm and kustomize an Argo CD ships, where a binary
// of exactly that version is, and what templates are told of the cluster. It finds binaries, installs them, and proves
// what they are; it never renders.
//
// What templates are told depends on who renders, not on the cluster alone: Argo CD itself sends its whole list, a plugin
// passes on little or nothing. A profile names one of these ways ([Capabilities]), and [Native] the one of a version.
//
// A binary counts for a version only where it proves it: it was built from the tool's own module, and says the version
// itself when it is run. A file's name, its place or its age prove nothing. What is installed here is held to the digest
// that was recorded then, at every use.
package toolchain
