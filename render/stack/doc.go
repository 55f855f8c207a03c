// Package stack reads a directory of CUE files into a plan.
//
// The files are unified with the closed definition #Stack of package schemas; their author imports nothing and needs
// no CUE module. The definition is the authority, but its own messages come in waves and name the schema's lines, so
// the values are also walked field by field against it: that walk gives every error at once, at the line the author
// wrote, with the nearest name that would have been right. What spans fields or touches the disk is checked in Go.
package stack
