package server

import (
	"regexp"
	"slices"
	"strings"
)

// maxID is the highest number of a user or group. Source: apimachinery pkg/util/validation/validation.go, IsValidUserID.
const maxID = 1<<31 - 1

// judgeSecurity judges the securityContext of a container. Source: kubernetes
// pkg/apis/core/validation/validation.go, ValidateSecurityContext.
func judgeSecurity(p *pod, sc *spot) {
	for _, key := range []string{"runAsUser", "runAsGroup"} {
		sc.at(key).within(invalidSecurity, 0, maxID)
	}
	// Source: kubernetes pkg/features/kube_features.go, ProcMountType and UserNamespacesSupport: before, both are dropped.
	if users := p.spec.at("hostUsers"); sc.at("procMount").word() == "Unmasked" && !users.is(false) && !users.blank() && p.j.since(33) {
		sc.at("procMount").say(invalidSecurity, `is "Unmasked", which wants hostUsers: false`)
	}
	if escalation := sc.at("allowPrivilegeEscalation"); escalation.is(false) {
		if sc.at("privileged").is(true) {
			escalation.say(invalidSecurity, "is false, and privileged is true: a privileged container can escalate")
		}
		for _, c := range sc.at("capabilities", "add").each() {
			if c.word() == "CAP_SYS_ADMIN" {
				escalation.say(invalidSecurity, "is false, and CAP_SYS_ADMIN is added: such a container can escalate")
			}
		}
	}
	judgeProfiles(sc)
}

// judgeProfiles judges the profiles of a security context of a container or Pod.
// Source: validateSeccompProfileField, ValidateAppArmorProfileField.
func judgeProfiles(sc *spot) {
	for _, key := range []string{"seccompProfile", "appArmorProfile"} {
		profile := sc.at(key)
		kind, ok := profile.at("type").text()
		local := profile.at("localhostProfile")
		text, known := local.text()
		switch {
		case !ok || kind == "":
		case kind != "Localhost":
			if local.there() {
				local.say(invalidSecurity, "is stated, and type is %s, want Localhost", quote(kind))
			}
		case !local.there():
			local.say(invalidSecurity, "is missing, and type is Localhost")
		case !known:
		case key == "seccompProfile":
			local.must(invalidSecurity, descending)
		case text == "" || trimSpace(text) != text:
			local.say(invalidSecurity, "is %s, want a name without blanks around it", quote(text))
		case len(text) > 4095:
			local.say(invalidSecurity, "has %d bytes, want 4095 at most", len(text))
		}
	}
}

// judgeRelabel judges how volumes get their SELinux label. Source: validateSELinuxChangePolicy; kubernetes
// pkg/features/kube_features.go, SELinuxChangePolicy, before which the field is dropped, and SELinuxMount, which 1.37 turns on.
func judgeRelabel(policy *spot) {
	words := []string{"Recursive"}
	if policy.j.since(37) {
		words = []string{"MountOption", "Recursive"}
	}
	if policy.j.since(33) && policy.nonEmpty(invalidSecurity, "want "+strings.Join(words, " or ")) {
		policy.oneOf(invalidSecurity, words...)
	}
}

// trimSpace takes blanks off both ends.
func trimSpace(text string) string { return strings.TrimSpace(text) }

// judgePodSecurity judges the securityContext of a Pod and what goes with it. Source: validatePodSpecSecurityContext,
// validateHostUsers.
func judgePodSecurity(p *pod) {
	sc := p.spec.at("securityContext")
	for _, key := range []string{"runAsUser", "runAsGroup", "fsGroup"} {
		sc.at(key).within(invalidSecurity, 0, maxID)
	}
	for _, g := range sc.at("supplementalGroups").each() {
		g.within(invalidSecurity, 0, maxID)
	}
	if share := p.spec.at("shareProcessNamespace"); share.is(true) && p.spec.at("hostPID").is(true) {
		share.say(invalidSecurity, "is true, and hostPID is true: want one of them")
	}
	judgeRelabel(sc.at("seLinuxChangePolicy"))
	judgeProfiles(sc)
	judgeSysctls(p, sc.at("sysctls"))
	// Source: kubernetes pkg/features/kube_features.go, UserNamespacesSupport: before, hostUsers is dropped.
	if p.spec.at("hostUsers").is(false) && p.j.since(33) {
		for _, key := range []string{"hostNetwork", "hostPID", "hostIPC"} {
			if p.spec.at(key).is(true) {
				p.spec.at(key).say(invalidSecurity, "is true, and hostUsers is false: a Pod with users of its own shares nothing else with the node")
			}
		}
	}
}

var sysctlName = regexp.MustCompile(`^([a-z0-9]([-_a-z0-9]*[a-z0-9])?[./])*[a-z0-9]([-_a-z0-9]*[a-z0-9])?$`)

// judgeSysctls judges kernel settings. Source: validateSysctls, ValidateHostSysctl; component-helpers
// node/util/sysctl/namespace.go.
func judgeSysctls(p *pod, sysctls *spot) {
	want := form{`the name of a kernel setting: parts of lower case letters, digits, "-" and "_" between dots`, func(text string) bool {
		return len(text) <= 253 && sysctlName.MatchString(text)
	}}
	for _, s := range sysctls.each() {
		name := s.at("name")
		name.nonEmpty(invalidSecurity, "want "+want.want)
		if !name.must(invalidSecurity, want) {
			continue
		}
		text := strings.ReplaceAll(name.word(), "/", ".")
		switch {
		// Not in 1.28: the check is younger.
		case !p.j.since(29):
		case strings.HasPrefix(text, "net.") && p.spec.at("hostNetwork").is(true):
			name.say(invalidSecurity, "is %s, which is the node's: hostNetwork is true", quote(text))
		case isIPC(text) && p.spec.at("hostIPC").is(true):
			name.say(invalidSecurity, "is %s, which is the node's: hostIPC is true", quote(text))
		}
	}
	unique(invalidSecurity, sysctls.each(), byName)
}

// isIPC says whether a kernel setting belongs to the IPC namespace.
func isIPC(name string) bool {
	return slices.ContainsFunc([]string{"kernel.shm", "kernel.msg", "fs.mqueue."}, func(prefix string) bool {
		return strings.HasPrefix(name, prefix)
	}) || name == "kernel.sem"
}

// The fields that a Pod of Windows cannot have, of its spec, its security context and its containers'.
// Source: validateWindows.
var (
	notWindowsSpec    = []string{"hostUsers", "hostPID", "hostIPC", "shareProcessNamespace"}
	notWindowsContext = []string{
		"appArmorProfile", "seLinuxOptions", "seccompProfile", "fsGroup", "fsGroupChangePolicy", "sysctls", "runAsUser",
		"runAsGroup", "supplementalGroups", "supplementalGroupsPolicy", "seLinuxChangePolicy",
	}
	notWindowsContainer = []string{
		"appArmorProfile", "seLinuxOptions", "seccompProfile", "capabilities", "readOnlyRootFilesystem", "privileged",
		"allowPrivilegeEscalation", "procMount", "runAsUser", "runAsGroup",
	}
)

// judgeOS reports settings that the operating system of the Pod does not have. Source: validateOS, validateLinux,
// validateWindows and validateWindowsHostProcessPod.
func judgeOS(p *pod) {
	os := p.spec.at("os", "name")
	os.nonEmpty(invalidPod, "want linux or windows")
	os.oneOf(invalidPod, "linux", "windows")
	contexts := []*spot{p.spec.at("securityContext")}
	for _, c := range p.containers() {
		contexts = append(contexts, c.at("securityContext"))
	}
	switch os.word() {
	case "linux":
		for _, sc := range contexts {
			if sc.at("windowsOptions").there() {
				sc.at("windowsOptions").say(invalidSecurity, "is stated, and os.name is linux")
			}
		}
	case "windows":
		notForWindows(p.spec, notWindowsSpec)
		notForWindows(contexts[0], notWindowsContext)
		for _, sc := range contexts[1:] {
			notForWindows(sc, notWindowsContainer)
		}
	}
	for _, sc := range contexts {
		judgeWindows(sc.at("windowsOptions"))
	}
	network := p.spec.at("hostNetwork")
	for _, sc := range contexts {
		if process := sc.at("windowsOptions", "hostProcess"); process.is(true) && !network.is(true) && !network.blank() {
			network.say(invalidSecurity, "is not true, and %s is", process.path())
			return
		}
	}
}

// judgeWindows judges who a process of Windows runs as. Source: validateWindowsSecurityContextOptions.
func judgeWindows(options *spot) {
	const largest = 64 << 10
	options.at("runAsUserName").strictly(invalidSecurity, windowsUser)
	options.at("gmsaCredentialSpecName").strictly(invalidSecurity, subdomain)
	credentials := options.at("gmsaCredentialSpec")
	credentials.nonEmpty(invalidSecurity, "want a credential spec or none")
	if n := len(credentials.word()); n > largest {
		credentials.say(invalidSecurity, "has %d bytes, want at most %d", n, largest)
	}
}

// windowsUser is the form of users of Windows. Of the domain only the length is judged.
var windowsUser = form{`a user, with its domain and "\\" before it if need be`, func(text string) bool {
	domain, user, ok := strings.Cut(text, "\\")
	if !ok {
		domain, user = "", text
	}
	return len(domain) < 256 && user != "" && len(user) <= 104 && strings.Trim(user, ". ") != "" && !strings.ContainsAny(user, `"/\:;|=,+*?<>@[]`)
}}

func notForWindows(at *spot, keys []string) {
	for _, key := range keys {
		s := at.at(key)
		// These two are no pointers in the server's types, so false counts as not stated.
		if s.full() && (!s.is(false) || key != "hostPID" && key != "hostIPC") {
			s.say(invalidSecurity, "is stated, and os.name is windows")
		}
	}
}
