//go:build !linux

package main

// smallDisk is known where the fault tests run.
func smallDisk() { panic("only on Linux") }
