// Command sluice renders and proves Kubernetes manifests before Argo CD sees them.
//
// The order of work is in package render; each verb is one file here, and this is the only place where the tools of
// the other packages are introduced to each other.
package main

import (
	"context"
	"os"
	"os/signal"
	"runtime"
	"syscall"
	"time"
)

// heapFloor is half the size of the heap below which memory is not collected.
const heapFloor = 64 << 20

func main() {
	time.Local = time.UTC // sprig's date and toDate use it; a render is the same in every time zone
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop) // the first signal asks, a second one kills
	var floor []byte
	if os.Getenv("GOGC") == "" && os.Getenv("GOMEMLIMIT") == "" {
		// The collector runs each time the heap has doubled; a short-lived process would run it a dozen times while it grows to
		// what it needs. This is never touched, so it takes no memory, and counts as heap: nothing is collected below 2 times its
		// size, and a large heap is collected as ever, as it would not be with a higher GOGC.
		floor = make([]byte, heapFloor)
	}
	code := run(ctx, streams{in: os.Stdin, out: os.Stdout, err: os.Stderr}, os.Args[1:])
	stop()
	runtime.KeepAlive(floor)
	os.Exit(code)
}
