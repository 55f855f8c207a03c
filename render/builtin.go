package render

import (
	"fmt"
	"strconv"
	"strings"

	"sluice/schemas"
)

// BuiltIn gives what the templates of the toolchain's helm see when nobody tells it anything: the group/versions of the
// client library that it is built with, without kinds, and the Kubernetes version of the same minor. This is what a
// release says; a helm 3 made with plain go install takes Kubernetes 1.20 (helm issue 11639), and no Argo CD ships one.
// What helm is told with --api-versions is added to the list. An unknown helm is an error.
func (t Toolchain) BuiltIn() (Capabilities, error) {
	client, err := clientMinor(t.Helm)
	if err != nil {
		return Capabilities{}, err
	}
	return Capabilities{KubeVersion: fmt.Sprintf("1.%d.0", client), APIVersions: schemas.ClientAPIs(client)}, nil
}

// clientMinors are the minors of client-go that the first minor of a helm major known here is built with, and how many
// minors of helm follow with one more each. Source: go.mod of helm.sh/helm/v3 3.12 to 3.22 and v4 4.0 to 4.3.
var clientMinors = []struct{ major, first, last, client int }{
	{3, 12, 22, 27},
	{4, 0, 3, 34},
}

// clientMinor gives the minor of the client-go that a helm is built with, which is also the minor of the Kubernetes that
// helm takes for the cluster's where it is told nothing. A helm that is not in the table is refused: what it has built
// in would be a guess.
func clientMinor(helm string) (int, error) {
	parts := strings.Split(strings.TrimPrefix(helm, "v"), ".")
	if len(parts) >= 2 {
		major, err1 := strconv.Atoi(parts[0])
		minor, err2 := strconv.Atoi(parts[1])
		for _, row := range clientMinors {
			if err1 == nil && err2 == nil && major == row.major && row.first <= minor && minor <= row.last {
				return row.client + minor - row.first, nil
			}
		}
	}
	return 0, &Error{
		Err:  fmt.Errorf("modelling capabilities: what helm %q has built in is not known", helm),
		Hint: "known are helm 3.12 to 3.22 and 4.0 to 4.3",
	}
}
