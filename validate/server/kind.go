package server

import (
	"slices"

	"k8s.io/apimachinery/pkg/util/validation"

	"sluice/render"
)

// The ids of the rules about all other kinds.
const (
	invalidService    = "invalid-service"
	nodePortRange     = "node-port-range"
	invalidIngress    = "invalid-ingress"
	invalidNetwork    = "invalid-network-policy"
	invalidRBAC       = "invalid-rbac"
	invalidClaim      = "invalid-claim"
	invalidStorage    = "invalid-storage"
	invalidAutoscaler = "invalid-autoscaler"
	invalidDisruption = "invalid-disruption-budget"
	invalidKeys       = "invalid-config-keys"
	doubleKeys        = "secret-key-twice"
	tooLarge          = "object-too-large"
	invalidWebhook    = "invalid-webhook"
	invalidQuota      = "invalid-quota"
	invalidExtension  = "invalid-api-extension"
	invalidCluster    = "invalid-cluster-object"
)

// kindRules are about all other kinds.
var kindRules = slices.Concat(networkRules, accessRules, storageRules, configRules, clusterRules)

// kindChecks judge all other kinds.
var kindChecks = []check{
	{[]string{"Service"}, judgeService},
	{[]string{"Endpoints"}, judgeEndpoints},
	{[]string{"EndpointSlice.discovery.k8s.io"}, judgeEndpointSlice},
	{[]string{"Ingress.networking.k8s.io"}, judgeIngress},
	{[]string{"IngressClass.networking.k8s.io"}, judgeIngressClass},
	{[]string{"NetworkPolicy.networking.k8s.io"}, judgeNetworkPolicy},
	{[]string{"IPAddress.networking.k8s.io"}, judgeIPAddress},
	{[]string{"ServiceCIDR.networking.k8s.io"}, judgeServiceCIDR},
	{[]string{"Role.rbac.authorization.k8s.io", "ClusterRole.rbac.authorization.k8s.io"}, judgeRole},
	{[]string{"RoleBinding.rbac.authorization.k8s.io", "ClusterRoleBinding.rbac.authorization.k8s.io"}, judgeBinding},
	{[]string{"PersistentVolumeClaim"}, func(j *judge) { judgeClaim(j.at("spec")) }},
	{[]string{"PersistentVolume"}, judgeVolume},
	{[]string{"StorageClass.storage.k8s.io"}, judgeStorageClass},
	{[]string{"VolumeAttributesClass.storage.k8s.io"}, judgeAttributesClass},
	{[]string{"VolumeAttachment.storage.k8s.io"}, judgeAttachment},
	{[]string{"CSIDriver.storage.k8s.io"}, judgeDriver},
	{[]string{"CSINode.storage.k8s.io"}, judgeNodeDrivers},
	{[]string{"CSIStorageCapacity.storage.k8s.io"}, judgeCapacity},
	{[]string{"HorizontalPodAutoscaler.autoscaling"}, judgeAutoscaler},
	{[]string{"PodDisruptionBudget.policy"}, judgeDisruptionBudget},
	{[]string{"ConfigMap"}, judgeConfigMap},
	{[]string{"Secret"}, judgeSecret},
	{[]string{"ResourceQuota"}, judgeQuota},
	{[]string{"LimitRange"}, judgeLimitRange},
	{[]string{"ValidatingWebhookConfiguration.admissionregistration.k8s.io", "MutatingWebhookConfiguration.admissionregistration.k8s.io"}, judgeWebhooks},
	{[]string{"ValidatingAdmissionPolicy.admissionregistration.k8s.io", "MutatingAdmissionPolicy.admissionregistration.k8s.io"}, judgeAdmissionPolicy},
	{[]string{"ValidatingAdmissionPolicyBinding.admissionregistration.k8s.io", "MutatingAdmissionPolicyBinding.admissionregistration.k8s.io"}, judgePolicyBinding},
	{[]string{"APIService.apiregistration.k8s.io"}, judgeAPIService},
	{[]string{"Namespace"}, judgeNamespace},
	{[]string{"ControllerRevision.apps"}, judgeRevision},
	{[]string{"CertificateSigningRequest.certificates.k8s.io"}, judgeSigningRequest},
	{[]string{"PriorityClass.scheduling.k8s.io"}, judgePriorityClass},
	{[]string{"RuntimeClass.node.k8s.io"}, judgeRuntimeClass},
	{[]string{"Lease.coordination.k8s.io"}, judgeLease},
	{[]string{"FlowSchema.flowcontrol.apiserver.k8s.io"}, judgeFlowSchema},
	{[]string{"PriorityLevelConfiguration.flowcontrol.apiserver.k8s.io"}, judgePriorityLevel},
}

// askedSince are the fields that the schemas ask for from a minor on, so that they report them where they are missing, by
// kind and path. Before, and in all other kinds, it is only the validation that wants them.
// Source: k8s:required in staging/src/k8s.io/api of kubernetes, as it comes with declarative validation.
var askedSince = map[string]int{
	"CronJob.batch spec":                                                                 36,
	"HorizontalPodAutoscaler.autoscaling spec":                                           36,
	"ValidatingAdmissionPolicyBinding." + admissions + " spec":                           36,
	"ValidatingAdmissionPolicyBinding." + admissions + " spec.policyName":                36,
	"ValidatingAdmissionPolicyBinding." + admissions + " spec.validationActions":         36,
	"IPAddress.networking.k8s.io spec":                                                   36,
	"ControllerRevision.apps data":                                                       37,
	"DaemonSet.apps spec":                                                                37,
	"StatefulSet.apps spec":                                                              37,
	"Deployment.apps spec":                                                               37,
	"ReplicaSet.apps spec":                                                               37,
	"FlowSchema.flowcontrol.apiserver.k8s.io spec":                                       37,
	"PriorityLevelConfiguration.flowcontrol.apiserver.k8s.io spec":                       37,
	"PriorityLevelConfiguration.flowcontrol.apiserver.k8s.io spec.limited.limitResponse": 37,
}

const admissions = "admissionregistration.k8s.io"

// asked says whether the schemas report that a field is missing.
func (j *judge) asked(field render.Path) bool {
	since, ok := askedSince[j.object.Key.GroupKind()+" "+field.String()]
	return ok && since <= j.minor
}

// wildcardName is the form of a host that stands for all hosts one level below a name. Source: apimachinery
// pkg/util/validation/validation.go.
var wildcardName = by(`"*." and a DNS subdomain, where "*" is one whole part`, validation.IsWildcardDNS1123Subdomain)

// filled reports a text that is stated and empty. That nothing is stated where something must be is for the schemas to
// report, as it is where they ask for the field.
func (s *spot) filled(rule, want string) bool {
	if s.value != "" {
		return s.value != nil
	}
	s.say(rule, "is empty, want %s", want)
	return false
}

// some reports a list that is stated and empty.
func (s *spot) some(rule, want string) bool {
	if list, ok := s.value.([]any); !ok || len(list) > 0 {
		return ok
	}
	s.say(rule, "is empty, want %s", want)
	return false
}

// missing says whether nothing is stated where something could be: everything above is a mapping, or not stated either. A
// null among the elements of a list is an empty element.
func (s *spot) missing() bool {
	if s.value != nil {
		return false
	}
	for up := s.up; up != nil; up = up.up {
		if up.value != nil {
			return up.isMap()
		}
		if _, element := up.element(); element {
			return true
		}
	}
	return true
}

// element gives the list that the spot is an element of.
func (s *spot) element() ([]any, bool) {
	if s.up == nil || s.key != "" {
		return nil, false
	}
	list, ok := s.up.value.([]any)
	return list, ok
}

// shapes says whether a spot is what a mapping can be read from: one that is stated, or a null among the elements of a list.
func (s *spot) shapes() bool {
	_, element := s.element()
	return s.isMap() || element && !s.there()
}

// noList and noMap say whether a list, a mapping is missing or empty.
func (s *spot) noList() bool {
	list, ok := s.value.([]any)
	return s.missing() || ok && len(list) == 0
}

func (s *spot) noMap() bool { return s.missing() || s.isMap() && s.length() == 0 }

// count is the number of elements of a list, 0 where it is missing; not ok of anything else.
func (s *spot) count() (int, bool) {
	list, ok := s.value.([]any)
	return len(list), ok || s.missing()
}

// wants reports a text that is missing or empty, where the schemas do not ask for it.
func (s *spot) wants(rule, why string) bool {
	if s.value == "" || s.missing() {
		return s.need(rule, why)
	}
	return s.value != nil
}

// lacks reports a mapping that is missing, and says whether there is none.
func (s *spot) lacks(rule, why string) bool {
	if s.missing() {
		s.need(rule, why)
	}
	return !s.isMap()
}

// stands says whether the server sees a value: one that is stated, or a null among the elements of a list, which it
// decodes to the empty string.
func (s *spot) stands() bool {
	_, element := s.element()
	return s.there() || element
}

// strictly reports a stated string that has not the form, the empty one included.
func (s *spot) strictly(rule string, f form) {
	if text, ok := s.text(); ok && s.stands() && text == "" {
		s.say(rule, "is empty, want %s", f.want)
		return
	}
	s.must(rule, f)
}

// known is a string of which it is known what it is: one that is not stated is the given one.
func (s *spot) known(otherwise string) (string, bool) {
	text, ok := s.text()
	switch {
	case !ok:
		return "", false
	case text == "":
		return otherwise, true
	}
	return text, true
}

// has says whether a mapping has the key, be it with null.
func (s *spot) has(key string) bool {
	fields, _ := s.value.(map[string]any)
	_, ok := fields[key]
	return ok
}

// states says whether a mapping has a value other than null.
func (s *spot) states() bool {
	for _, value := range s.entries() {
		if value.there() {
			return true
		}
	}
	return false
}

// entered says whether the mapping above has the spot's key, be it with null.
func (s *spot) entered() bool { return s.up != nil && s.up.has(s.key) }

// isText says whether a string is stated; it is for fields that may hold a number too.
func (s *spot) isText() bool {
	_, ok := s.value.(string)
	return ok
}

// words reads a list of strings, of which those that are not known are left out.
func (s *spot) words() []string {
	var words []string
	for _, w := range s.each() {
		if text, ok := w.text(); ok {
			words = append(words, text)
		}
	}
	return words
}

// alone reports a list that has "*" beside others.
func (s *spot) alone(rule, what string) {
	if s.length() > 1 && slices.Contains(s.words(), "*") {
		s.say(rule, `has "*" and more, want "*" alone or no "*" among %s`, what)
	}
}

// self is the key of an element of a list that is its own.
func self(s *spot) (string, *spot) { return s.word(), s }
