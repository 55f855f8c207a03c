package main

import (
	"fmt"
	"slices"
	"strings"
)

// values decides which values of a field are the only ones: those of the enum of its Go type, where the server's validation
// holds to it, and the empty one where that is what leaving the field out means. Every enum was compared with
// pkg/apis/*/validation/validation.go and zz_generated.validations.go of k8s.io/kubernetes 1.28 to 1.37. Of what only a
// status has nothing is said: the server drops it from what is applied, unread.
func (s *shapes) values(of owner, field, expr string, m mark) ([]string, error) {
	id := of.id + " " + field
	if !s.judged[of.name] {
		return nil, nil
	}
	elements := strings.HasPrefix(expr, "[]")
	values := m.enum
	if m.inner != nil {
		if !elements || m.enum != nil {
			return nil, fmt.Errorf("an enum of the values of a map")
		}
		values = m.inner
	}
	if values == nil && s.minor < 30 {
		values = unsaid[of.id+" "+field]
	}
	if values == nil {
		return nil, nil
	}
	if expr != "string" && expr != "[]string" {
		return nil, fmt.Errorf("an enum of %s", expr)
	}
	values = slices.Compact(slices.Sorted(slices.Values(values)))
	if held, ok := narrower[typeOnly(of.id)+" "+field]; ok {
		for _, v := range held {
			if v != "" && !slices.Contains(values, v) {
				return nil, fmt.Errorf("the enum has no %q any more", v)
			}
		}
		return held, nil
	}
	if elements {
		return slices.DeleteFunc(values, func(v string) bool { return v == "" }), nil // IPFamilyUnknown
	}
	pointer, known := elsewhere[id]
	if !known {
		pointer, known = s.types.pointer(of.id, field)
	}
	if !known {
		return nil, fmt.Errorf("k8s.io/api does not have it, so nothing says whether it is a pointer")
	}
	if !pointer && !slices.Contains(of.Required, field) && !slices.Contains(values, "") {
		values = append(values, "")
	}
	return values, nil
}

// typeOnly cuts the version out of the name of a definition: what the tables say of a type is true of all its versions.
func typeOnly(id string) string {
	parts := strings.Split(id, ".")
	return parts[0] + "." + parts[2]
}

// unsaid are enums of the elements of lists, of which the source tells nothing before 1.30 and which the server held to all
// the same: pkg/apis/core/validation, networking/validation and admissionregistration/validation of 1.28 and 1.29.
var unsaid = map[string][]string{
	"admissionregistration.v1.RuleWithOperations operations": {"*", "CONNECT", "CREATE", "DELETE", "UPDATE"},
	"core.v1.PersistentVolumeClaimSpec accessModes":          {"ReadOnlyMany", "ReadWriteMany", "ReadWriteOnce", "ReadWriteOncePod"},
	"core.v1.PersistentVolumeSpec accessModes":               {"ReadOnlyMany", "ReadWriteMany", "ReadWriteOnce", "ReadWriteOncePod"},
	"core.v1.ServiceSpec ipFamilies":                         {"IPv4", "IPv6"},
	"networking.v1.NetworkPolicySpec policyTypes":            {"Egress", "Ingress"},
}

// elsewhere are the fields with enums whose types do not lie in k8s.io/api, and whether they are pointers.
var elsewhere = map[string]bool{
	"apiextensions.v1.ValidationRule reason": true, // pkg/apis/apiextensions/v1/types_jsonschema.go of apiextensions-apiserver
}

// narrower are the fields of which the server takes fewer values than their Go type has.
var narrower = map[string][]string{
	// noSideEffectClasses, in pkg/apis/admissionregistration/validation: others were for v1beta1.
	"admissionregistration.MutatingWebhook sideEffects":   {"None", "NoneOnDryRun"},
	"admissionregistration.ValidatingWebhook sideEffects": {"None", "NoneOnDryRun"},
	// supportedReclaimPolicy, in pkg/apis/storage/validation; the empty one is not looked at.
	"storage.StorageClass reclaimPolicy": {"Delete", "Retain", ""},
}

// waived are the fields that the document requires and the server does not: their zero value, which is what a decoder of Go
// gives a field that is not there, is valid, or is defaulted. Source: pkg/apis/*/validation/validation.go and defaults.go.
var waived = map[string]bool{
	"apiextensions.CustomResourceDefinitionVersion served":  true,
	"apiextensions.CustomResourceDefinitionVersion storage": true,
	"apps.ControllerRevision revision":                      true,
	"apps.StatefulSetSpec serviceName":                      true,
	"batch.PodFailurePolicy rules":                          true,
	"batch.PodFailurePolicyOnPodConditionsPattern status":   true, // SetDefaults_PodFailurePolicyOnPodConditionsPattern
	"core.Event involvedObject":                             true,
	"core.Event metadata":                                   true,
	"core.HTTPHeader value":                                 true,
	"core.ISCSIPersistentVolumeSource lun":                  true,
	"core.ISCSIVolumeSource lun":                            true,
	"core.LimitRangeSpec limits":                            true,
	"core.PreferredSchedulingTerm preference":               true,
	"core.ScaleIOPersistentVolumeSource secretRef":          true,
	"core.ScaleIOVolumeSource secretRef":                    true,
	"core.SleepAction seconds":                              true, // from 1.33, PodLifecycleSleepActionAllowZero
	"core.Sysctl value":                                     true,
	"discovery.EndpointSlice endpoints":                     true,
	"networking.NetworkPolicySpec podSelector":              true,
	"rbac.RoleRef apiGroup":                                 true, // SetDefaults_RoleBinding
	"resource.Counter value":                                true,
	"resource.DeviceCapacity value":                         true,
	"resource.DeviceClass spec":                             true,
	"resource.ResourceClaim spec":                           true,
	"resource.ResourceClaimTemplate spec":                   true,
	"resource.ResourceClaimTemplateSpec spec":               true,
	"resource.ResourcePool generation":                      true,
	"scheduling.PriorityClass value":                        true,
	"storage.CSIDriver spec":                                true,
	"storage.CSINode spec":                                  true,
	"storage.CSINodeSpec drivers":                           true,
	"storage.TokenRequest audience":                         true,
}
