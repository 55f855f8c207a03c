// Package schemas holds what the program knows without asking anybody: the definitions that it checks its inputs against,
// as text, and the APIs of each Kubernetes minor.
package schemas

import _ "embed"

// Stack is the CUE text of the closed definition #Stack: every field of a stack, what it means and its default.
// It imports only the standard library of CUE, so it compiles on its own.
//
//go:embed stack.cue
var Stack string
