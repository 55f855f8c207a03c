package argocd

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"sluice/render"
	"sluice/validate"
)

var roleName = regexp.MustCompile(`^[a-zA-Z0-9]([-_a-zA-Z0-9]*[a-zA-Z0-9])?$`)

// roles judges the roles of a project and their policies (validateRoleName and validatePolicy in types.go).
func (j *judge) roles(o *render.Object) {
	seen := map[string]bool{}
	for i, role := range validate.ListAt(o.Tree, "spec", "roles") {
		name, at := validate.TextAt(role, "name"), render.Path{"spec", "roles", i}
		switch {
		case !roleName.MatchString(name):
			j.say(verdict{invalidProject, validate.Warning}, o, append(at, "name"), fmt.Sprintf("spec.roles[%d].name is %q, want letters, digits, - and _", i, name))
		case seen[name]:
			j.say(verdict{invalidProject, validate.Warning}, o, append(at, "name"), fmt.Sprintf("spec.roles[%d].name is %q, as another role has it", i, name))
		}
		seen[name] = true
		policies, groups := map[string]bool{}, map[string]bool{}
		for k, policy := range validate.ListAt(role, "policies") {
			text, _ := policy.(string)
			if policies[text] {
				j.twice(o, render.Path{"spec", "roles", i, "policies", k}, text)
				continue
			}
			policies[text] = true
			if wrong := wrongPolicy(o.Key.Name, name, text); wrong != "" {
				field := render.Path{"spec", "roles", i, "policies", k}
				j.say(verdict{invalidProject, validate.Warning}, o, field, fmt.Sprintf("%s is %q, %s", field, text, wrong))
			}
		}
		for k, group := range validate.ListAt(role, "groups") {
			text, ok := group.(string)
			field := render.Path{"spec", "roles", i, "groups", k}
			switch wrong := wrongGroup(text); {
			case !ok:
				continue // which the schema refuses
			case groups[text]:
				j.twice(o, field, text)
			case wrong != "":
				j.say(verdict{invalidProject, validate.Warning}, o, field, fmt.Sprintf("%s is %q, %s", field, text, wrong))
			}
			groups[text] = true
		}
	}
}

// twice says that an entry of a list is one before it.
func (j *judge) twice(o *render.Object, at render.Path, text string) {
	j.say(verdict{invalidProject, validate.Warning}, o, at, fmt.Sprintf("%s is %q, as one before it", at, text))
}

// wrongGroup says what is wrong with the name of a group, or "" (validateGroupName in types.go). Groups end up in a line with
// commas, hence the quotes.
func wrongGroup(name string) string {
	bare := strings.TrimSpace(name)
	if len(bare) > 1 && strings.HasPrefix(bare, `"`) && strings.HasSuffix(bare, `"`) {
		bare = bare[1 : len(bare)-1]
	} else if strings.Contains(bare, ",") {
		return "which has a comma, and no quotes around it"
	}
	switch {
	case bare == "":
		return "want a name"
	case strings.ContainsAny(bare, "\"\n\r\t"):
		return "want no quotes, tabs and line breaks in it"
	case name != strings.TrimSpace(name):
		return "want no white space around it"
	}
	return ""
}

// What a policy of a project may be about. Repositories and clusters are named as objects of the project too: their addresses
// are what the policies of argocd-rbac-cm have. Sources: argo-cd util/rbac/rbac.go, ProjectScoped; pkg/apis/application/v1alpha1
// types.go, validActions, validActionPatterns and isValidObject.
var (
	projectScoped  = []string{"applications", "applicationsets", "clusters", "exec", "logs", "repositories"}
	policyActions  = []string{"get", "create", "update", "delete", "sync", "override", "rollback", "*"}
	detailedAction = regexp.MustCompile(`(action|update|delete)/`)
	policyObject   = regexp.MustCompile(`^([*\w.-]+/)?[*\w.-]+$`) // with the namespace of the Application where it has one of its own
)

// wrongPolicy says what is wrong with a policy of a role of a project, or "".
func wrongPolicy(project, role, policy string) string {
	parts := strings.Split(policy, ",")
	for i := range parts {
		parts[i] = strings.TrimSpace(parts[i])
	}
	if len(parts) != 6 || parts[0] != "p" {
		return `want "p, SUBJECT, RESOURCE, ACTION, OBJECT, EFFECT"`
	}
	subject := "proj:" + project + ":" + role
	of, inside := strings.CutPrefix(parts[4], project+"/")
	switch {
	case parts[1] != subject:
		return fmt.Sprintf("want the subject %q", subject)
	case !slices.Contains(projectScoped, parts[2]):
		return "want one of the resources " + strings.Join(projectScoped, ", ")
	case !slices.Contains(policyActions, parts[3]) && !detailedAction.MatchString(parts[3]):
		return "want one of the actions " + strings.Join(policyActions, ", ") + " and action/..."
	case !inside || !policyObject.MatchString(of):
		return fmt.Sprintf("want an object of the project, %q or one application of it", project+"/*")
	case parts[5] != "allow" && parts[5] != "deny":
		return "want the effect allow or deny"
	}
	return ""
}

// windows judges the sync windows (SyncWindow.Validate, and ValidateProject for what they are of). Schedules and durations are not
// judged: that needs the parser of the very version. Two windows are one that have all in common but description and manualSync;
// before Argo CD 3.2, kind, schedule and duration (SyncWindow.HashIdentity).
func (j *judge) windows(o *render.Object) {
	seen := map[string]int{}
	for i, w := range validate.ListAt(o.Tree, "spec", "syncWindows") {
		at := render.Path{"spec", "syncWindows", i}
		key := validate.TextAt(w, "kind") + "\x00" + validate.TextAt(w, "schedule") + "\x00" + validate.TextAt(w, "duration")
		if !j.before(3, 2) {
			both, _ := validate.ValueAt(w, "andOperator").(bool)
			key += fmt.Sprintf("\x00%q%q%q%q%t", validate.TextsAt(w, "applications"), validate.TextsAt(w, "namespaces"), validate.TextsAt(w, "clusters"), validate.TextAt(w, "timeZone"), both)
		}
		if first, taken := seen[key]; taken {
			j.say(verdict{invalidProject, validate.Warning}, o, at, fmt.Sprintf("%s is the same window as spec.syncWindows[%d]", at, first))
		} else {
			seen[key] = i
		}
		if kind := validate.TextAt(w, "kind"); kind != "allow" && kind != "deny" {
			j.say(verdict{invalidProject, validate.Warning}, o, append(at, "kind"), fmt.Sprintf("spec.syncWindows[%d].kind is %q, want allow or deny", i, kind))
		}
		if len(validate.ListAt(w, "applications"))+len(validate.ListAt(w, "namespaces"))+len(validate.ListAt(w, "clusters")) == 0 {
			j.say(verdict{invalidProject, validate.Warning}, o, at, fmt.Sprintf("spec.syncWindows[%d] has none of applications, namespaces and clusters, so it is of no Application", i))
		}
	}
}
