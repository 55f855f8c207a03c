// Command sluice renders and proves Kubernetes manifests before Argo CD sees them.
//
// The order of work is in package render; each verb is one file here, and this is the only place where the tools of
// the other packages are introduced to each other.
package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"
	"time"
)

func main() {
	time.Local = time.UTC // sprig's date and toDate use it; a render is the same in every time zone
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop) // the first signal asks, a second one kills
	code := run(ctx, streams{in: os.Stdin, out: os.Stdout, err: os.Stderr}, os.Args[1:])
	stop()
	os.Exit(code)
}
