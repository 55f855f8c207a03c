package argocd

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"sluice/render"
	"sluice/validate"
)

// option is a sync option: its values, and where it counts.
type option struct {
	values []string
	app    bool // among the syncOptions of an Application
	object bool // in the annotation of an object
}

// options are the sync options that Argo CD knows. Those with a value that does nothing ("Validate=true") are no mistake.
// Source: argo-cd gitops-engine/pkg/sync/common/types.go, controller/sync.go, controller/state.go and docs sync-options.
func options() map[string]option {
	flag := []string{"true", "false"}
	ask := []string{"true", "false", "confirm"}
	return map[string]option{
		"Prune": {ask, true, true}, "Delete": {ask, true, true},
		"Validate": {flag, true, true}, "PruneLast": {flag, true, true}, "Replace": {flag, true, true}, "ServerSideApply": {flag, true, true},
		"SkipDryRunOnMissingResource": {flag, true, true}, "ApplyOutOfSyncOnly": {flag, true, true}, "ClientSideApplyMigration": {flag, true, true},
		"Force":           {flag, false, true},
		"CreateNamespace": {flag, true, false}, "RespectIgnoreDifferences": {flag, true, false}, "FailOnSharedResource": {flag, true, false},
		"PrunePropagationPolicy": {[]string{"foreground", "background", "orphan"}, true, false},
	}
}

// wrongOption says what is wrong with a sync option of an Application or of an object, or "". Options are compared as whole texts
// upstream, so case and white space around "=" count, and a word that is nearly one does nothing at all.
func wrongOption(text string, ofApp bool) string {
	all := options()
	name, value, _ := strings.Cut(text, "=")
	known, ok := all[name]
	switch {
	case !ok:
		var names []string
		for _, k := range slices.Sorted(maps.Keys(all)) {
			if all[k].app && ofApp || all[k].object && !ofApp {
				names = append(names, k)
			}
		}
		return "which Argo CD does not know" + hint(name, names)
	case !slices.Contains(known.values, value):
		return "want " + name + "=" + strings.Join(known.values, " or ")
	case ofApp && !known.app:
		return "which counts in the annotation " + syncAnnotation + " of an object alone"
	case !ofApp && !known.object:
		return "which counts among the syncOptions of the Application alone"
	}
	return ""
}

// objectOptions judges the options that an object carries in annotations.
func (j *judge) objectOptions(a *app, o *render.Object) {
	at := annotationPath(syncAnnotation)
	if text, ok := a.annotation(o, syncAnnotation); ok {
		for _, one := range words(text) {
			if wrong := wrongOption(one, false); wrong != "" {
				j.say(verdict{syncOption, validate.Warning}, o, at, fmt.Sprintf("%s has %q, %s", at, one, wrong))
			}
		}
	}
	text, ok := a.annotation(o, diffAnnotation)
	if !ok {
		return
	}
	at = annotationPath(diffAnnotation)
	known := []string{"IgnoreExtraneous", "ServerSideDiff=true", "ServerSideDiff=false", "IncludeMutationWebhook=true", "IncludeMutationWebhook=false"}
	for _, one := range words(text) {
		switch {
		case !slices.Contains(known, one):
			j.say(verdict{compareOption, validate.Warning}, o, at, fmt.Sprintf("%s has %q, which Argo CD does not know%s", at, one, hint(one, known)))
		case one != "IgnoreExtraneous" && o.Key.Kind != "Application":
			j.say(verdict{compareOption, validate.Warning}, o, at, fmt.Sprintf("%s has %q, which counts on the Application alone", at, one))
		}
	}
}

// stackOptions judges the sync options that the stack gives an app. The loader has seen to their form.
func (j *judge) stackOptions() {
	if !j.stack {
		return
	}
	for _, a := range j.apps {
		for _, one := range a.Sync.Options {
			if wrong := wrongOption(one, true); wrong != "" {
				j.found = append(j.found, validate.Finding{
					Rule: syncOption, Severity: validate.Warning, App: a.Name, Pos: a.Pos,
					Message: fmt.Sprintf("sync.options of app %s has %q, %s", a.Name, one, wrong),
				})
			}
		}
	}
}
