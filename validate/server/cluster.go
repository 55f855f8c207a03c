package server

import (
	"cmp"
	"math"
	"slices"
	"strings"
)

// judgeAPIService judges an APIService. Source: kube-aggregator pkg/apis/apiregistration/validation/validation.go,
// ValidateAPIService.
func judgeAPIService(j *judge) {
	spec := j.at("spec")
	if spec.lacks(invalidExtension, "") {
		return
	}
	group, ok1 := spec.at("group").text()
	version, ok2 := spec.at("version").text()
	if want := version + "." + group; ok1 && ok2 && j.object.Key.Name != want && !j.at("metadata", "name").blank() {
		j.at("metadata", "name").say(invalidExtension, "is %s, want version and group, %s", quote(j.object.Key.Name), quote(want))
	}
	if ok1 && group == "" && version != "v1" {
		spec.at("group").say(invalidExtension, "is missing or empty, and only v1 of the core has no group")
	}
	spec.at("group").must(invalidExtension, subdomain)
	if spec.at("version").wants(invalidExtension, "want a version such as v1") {
		spec.at("version").must(invalidExtension, dnsLabel1035)
	}
	spec.at("groupPriorityMinimum").within(invalidExtension, 1, 20000)
	spec.at("versionPriority").within(invalidExtension, 1, 1000)
	service, bundle, insecure := spec.at("service"), spec.at("caBundle"), spec.at("insecureSkipTLSVerify")
	if !service.there() {
		if bundle.full() {
			bundle.say(invalidExtension, "is set, and the API server itself serves what has no service")
		}
		if insecure.is(true) {
			insecure.say(invalidExtension, "is true, and the API server itself serves what has no service")
		}
		return
	}
	if service.isMap() {
		service.at("namespace").wants(invalidExtension, "want the namespace of a Service")
		service.at("name").wants(invalidExtension, "want the name of a Service")
		service.at("port").within(invalidExtension, 1, 65535)
	}
	if insecure.is(true) && bundle.full() {
		insecure.say(invalidExtension, "is true, and so there may be no caBundle")
	}
}

// judgeNamespace judges a Namespace. Source: Kubernetes pkg/apis/core/validation/validation.go, validateFinalizerName.
func judgeNamespace(j *judge) {
	for _, f := range j.at("spec", "finalizers").each() {
		text, ok := f.text()
		if ok && (!qualifiedName.ok(text) || !strings.Contains(text, "/") && !slices.Contains([]string{"kubernetes", "orphan", "foregroundDeletion"}, text)) {
			f.say(invalidCluster, `is %s, want "kubernetes" or a name with a domain and "/" before it`, quote(text))
		}
	}
}

// judgePriorityClass judges a PriorityClass. Source: Kubernetes pkg/apis/scheduling/validation/validation.go.
func judgePriorityClass(j *judge) {
	const highest, prefix = 1000000000, "system-"
	name, at := j.object.Key.Name, j.at("value")
	own := map[string]int64{"system-cluster-critical": 2 * highest, "system-node-critical": 2*highest + 1000}
	value, stated := at.integer()
	switch {
	case !strings.HasPrefix(name, prefix):
		if stated && fits(value) && value > highest {
			at.say(invalidCluster, "is %d, want at most %d", value, highest)
		}
	case own[name] == 0:
		j.at("metadata", "name").say(invalidCluster, "is %s, and names that begin with %q are Kubernetes' own", quote(name), prefix)
	case stated && value != own[name]:
		j.at("metadata", "name").say(invalidCluster, "is %s, whose value is %d and nothing else", quote(name), own[name])
	case j.at("globalDefault").is(true):
		j.at("metadata", "name").say(invalidCluster, "is %s, which is not the default of any cluster", quote(name))
	}
}

// judgeRevision judges a ControllerRevision. Source: Kubernetes pkg/apis/apps/validation/validation.go,
// ValidateControllerRevision.
func judgeRevision(j *judge) {
	j.at("data").lacks(invalidCluster, "want what the workload was")
	j.at("revision").within(invalidCluster, 0, noLimit)
}

// signerName is the form of the names of signers of certificates. Source: Kubernetes pkg/apis/core/validation/names.go,
// ValidateSignerName.
var signerName = form{`a domain and a name, like example.com/signer`, func(text string) bool {
	domain, name, _ := strings.Cut(text, "/")
	labels, parts := strings.Split(domain, "."), strings.Split(name, ".")
	bad := func(f form) func(string) bool { return func(part string) bool { return !f.ok(part) } }
	return len(domain) <= 253 && len(text) <= 571 && len(labels) > 1 && !slices.ContainsFunc(labels, bad(dnsLabel)) && !slices.ContainsFunc(parts, bad(subdomain))
}}

// judgeSigningRequest judges a CertificateSigningRequest. What its request is, a PEM block, is not read. Source: Kubernetes
// pkg/apis/certificates/validation/validation.go, validateCertificateSigningRequest.
func judgeSigningRequest(j *judge) {
	spec := j.at("spec")
	signer, usages := spec.at("signerName"), spec.at("usages")
	signer.strictly(invalidCluster, signerName)
	if signer.word() == "kubernetes.io/legacy-unknown" {
		signer.say(invalidCluster, "is %s, which only certificates.k8s.io/v1beta1 had", quote(signer.word()))
	}
	if usages.noList() {
		usages.say(invalidCluster, "is missing or empty, want at least one usage")
	}
	unique(invalidCluster, usages.each(), self)
	spec.at("expirationSeconds").within(invalidCluster, 600, noLimit)
}

// judgeRuntimeClass judges a RuntimeClass. Source: Kubernetes pkg/apis/node/validation/validation.go.
func judgeRuntimeClass(j *judge) {
	j.at("handler").strictly(invalidCluster, dnsLabel)
	judgeLabels(j.at("scheduling", "nodeSelector"))
	for name, amount := range j.at("overhead", "podFixed").entries() {
		if !containerResource.ok(name) {
			amount.say(invalidCluster, "is an amount of %s, want %s", quote(name), containerResource.want)
		}
		judgeAmount(name, amount)
	}
	tolerations := j.at("scheduling", "tolerations")
	for _, toleration := range tolerations.each() {
		if toleration.shapes() {
			judgeToleration(j, toleration)
		}
	}
	unique(invalidCluster, tolerations.each(), func(s *spot) (string, *spot) {
		return strings.Join([]string{s.at("key").word(), s.at("operator").word(), s.at("value").word(), s.at("effect").word()}, " "), s
	})
}

// judgeLease judges a Lease. Source: Kubernetes pkg/apis/coordination/validation/validation.go, ValidateLeaseSpec.
func judgeLease(j *judge) {
	j.at("spec", "leaseDurationSeconds").within(invalidCluster, 1, noLimit)
	j.at("spec", "leaseTransitions").within(invalidCluster, 0, noLimit)
}

// flowVerbs are the verbs that a FlowSchema can name. Source: Kubernetes pkg/apis/flowcontrol/validation/validation.go.
const flowVerbs = "get list create update delete deletecollection patch watch proxy"

// judgeFlowSchema judges a FlowSchema. Source: Kubernetes pkg/apis/flowcontrol/validation/validation.go,
// ValidateFlowSchemaSpec.
func judgeFlowSchema(j *judge) {
	spec := j.at("spec")
	if spec.lacks(invalidCluster, "") {
		return
	}
	precedence := spec.at("matchingPrecedence")
	// The server takes 0 for unstated, and fills in 1000 (pkg/apis/flowcontrol/v1/defaults.go).
	if precedence.within(invalidCluster, 0, 10000) && precedence.value == int64(1) && j.object.Key.Name != "exempt" {
		precedence.say(invalidCluster, `is 1, which only the schema "exempt" may have`)
	}
	level := spec.at("priorityLevelConfiguration", "name")
	// Source: apiserver pkg/apis/flowcontrol/bootstrap/default.go, MandatoryFlowSchemas.
	if own := map[string]int64{"exempt": 1, "catch-all": 10000}[j.object.Key.Name]; own > 0 && !spec.blank() &&
		(precedence.value != own || level.value != j.object.Key.Name) {
		spec.say(invalidCluster, "is another one than API servers make: %q has matchingPrecedence %d and the priority level of its own name", j.object.Key.Name, own)
	}
	method := spec.at("distinguisherMethod", "type")
	method.oneOf(invalidCluster, "ByUser", "ByNamespace")
	method.nonEmpty(invalidCluster, "want ByUser or ByNamespace")
	level.filled(invalidCluster, "the name of a PriorityLevelConfiguration")
	level.must(invalidCluster, subdomain)
	for _, rule := range spec.at("rules").each() {
		if !rule.isMap() {
			continue
		}
		rule.at("subjects").some(invalidCluster, "at least one subject")
		for _, subject := range rule.at("subjects").each() {
			judgeFlowSubject(subject)
		}
		resources, urls := rule.at("resourceRules"), rule.at("nonResourceRules")
		if !resources.full() && !urls.full() {
			rule.say(invalidCluster, "has neither resourceRules nor nonResourceRules")
		}
		for _, r := range resources.each() {
			judgeFlowRule(r, "verbs", "apiGroups", "resources")
			namespaces := r.at("namespaces")
			if scope := r.at("clusterScope"); !scope.is(true) && !scope.blank() && namespaces.noList() {
				namespaces.say(invalidCluster, `is missing or empty, want namespaces, "*" or clusterScope`)
			}
			namespaces.alone(invalidCluster, "namespaces")
			for _, namespace := range namespaces.each() {
				if namespace.value != "*" {
					namespace.strictly(invalidCluster, dnsLabel)
				}
			}
		}
		for _, r := range urls.each() {
			judgeFlowRule(r, "verbs", "nonResourceURLs")
			for _, at := range r.at("nonResourceURLs").each() {
				if text, ok := at.text(); ok && text != "*" && !isURLPath(text) {
					at.say(invalidCluster, `is %s, want a path that begins with "/" and has "*" at most as its last part`, quote(text))
				}
			}
		}
	}
}

// judgeFlowRule judges lists of a rule: none is empty, and "*" stands alone.
func judgeFlowRule(rule *spot, fields ...string) {
	for _, field := range fields {
		rule.at(field).some(invalidCluster, `at least one, or "*" for all`)
		rule.at(field).alone(invalidCluster, field)
	}
	verbs := rule.at("verbs")
	for _, verb := range verbs.words() {
		if verb != "*" && !oneWord(flowVerbs, verb) {
			verbs.say(invalidCluster, "has %s, want %s", quote(verb), strings.Join(strings.Fields(flowVerbs), ", "))
		}
	}
}

// isURLPath says whether a text is a path of the API server, where "*" may be the last part.
func isURLPath(text string) bool {
	if strings.ContainsAny(text, " ") || strings.Contains(text, "//") || !strings.HasPrefix(text, "/") {
		return false
	}
	stars := strings.Count(text, "*")
	return stars == 0 || stars == 1 && strings.HasSuffix(text, "/*")
}

// judgeFlowSubject judges whose requests are meant.
func judgeFlowSubject(subject *spot) {
	fields := []string{"User", "user", "Group", "group", "ServiceAccount", "serviceAccount"}
	kind := subject.at("kind")
	kind.filled(invalidCluster, "User, Group or ServiceAccount")
	kind.oneOf(invalidCluster, "User", "Group", "ServiceAccount")
	for i := 0; i < len(fields); i += 2 {
		at := subject.at(fields[i+1])
		switch {
		case kind.word() == fields[i]:
			at.lacks(invalidCluster, "and kind is "+fields[i])
			at.at("name").filled(invalidCluster, "a name")
			if fields[i] == "ServiceAccount" {
				if at.at("name").value != "*" {
					at.at("name").must(invalidCluster, subdomain)
				}
				at.at("namespace").filled(invalidCluster, "a namespace")
				at.at("namespace").must(invalidCluster, dnsLabel)
			}
		case slices.Contains(fields, kind.word()) && at.there():
			at.say(invalidCluster, "is set, and kind is %s", kind.word())
		}
	}
}

// judgePriorityLevel judges a PriorityLevelConfiguration. Source: Kubernetes
// pkg/apis/flowcontrol/validation/validation.go, ValidatePriorityLevelConfigurationSpec.
func judgePriorityLevel(j *judge) {
	spec := j.at("spec")
	if spec.lacks(invalidCluster, "") {
		return
	}
	at := spec.at("type")
	at.filled(invalidCluster, "Limited")
	at.oneOf(invalidCluster, "Limited", "Exempt")
	kind, limited, exempt := at.word(), spec.at("limited"), spec.at("exempt")
	if kind != "" && (kind == "Exempt") != (j.object.Key.Name == "exempt") {
		at.say(invalidCluster, `is %s, and Exempt is the type of the level "exempt" and no other`, quote(kind))
	}
	switch kind {
	case "Exempt":
		if limited.there() {
			limited.say(invalidCluster, "is set, and the type is Exempt")
		}
	case "Limited":
		if exempt.there() {
			exempt.say(invalidCluster, "is set, and the type is Limited")
		}
		if !limited.lacks(invalidCluster, "and the type is Limited") {
			limited.at("limitResponse").lacks(invalidCluster, "want what becomes of requests that have to wait")
		}
	}
	for _, part := range []*spot{limited, exempt} {
		part.at("nominalConcurrencyShares").within(invalidCluster, 0, noLimit)
		part.at("lendablePercent").within(invalidCluster, 0, 100)
		part.at("borrowingLimitPercent").within(invalidCluster, 0, noLimit)
	}
	judgeQueues(limited.at("limitResponse"))
}

// judgeQueues judges what becomes of requests that have to wait. The bits are those of apiserver
// pkg/util/shufflesharding, RequiredEntropyBits.
func judgeQueues(response *spot) {
	const mostBits, mostQueues = 60, 10000000
	response.at("type").filled(invalidCluster, "Queue or Reject")
	response.at("type").oneOf(invalidCluster, "Queue", "Reject")
	queuing := response.at("queuing")
	switch response.at("type").word() {
	case "Reject":
		if queuing.there() {
			queuing.say(invalidCluster, "is set, and the type is Reject")
		}
	case "Queue":
		queuing.lacks(invalidCluster, "and the type is Queue")
	}
	queues, hand := queuing.at("queues"), queuing.at("handSize")
	// The server takes 0 for unstated, and fills in 50, 64 and 8 (pkg/apis/flowcontrol/v1/defaults.go).
	queuing.at("queueLengthLimit").within(invalidCluster, 0, noLimit)
	q, ok1 := queues.number(0)
	h, ok2 := hand.number(0)
	if !queues.within(invalidCluster, 0, mostQueues) || !hand.within(invalidCluster, 0, noLimit) || !ok1 || !ok2 || !queuing.isMap() {
		return
	}
	q, h = cmp.Or(q, 64), cmp.Or(h, 8)
	if h > q {
		hand.say(invalidCluster, "is %d, more than queues, of which there are %d", h, q)
	} else if bits := math.Ceil(math.Log2(float64(q)) * float64(h)); bits > mostBits {
		hand.say(invalidCluster, "is %d of %d queues, which takes %d bits to choose, want at most %d", h, q, int(bits), mostBits)
	}
}
