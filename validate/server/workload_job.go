package server

import (
	"slices"
	"strconv"
	"strings"

	"k8s.io/apimachinery/pkg/util/validation"
	"k8s.io/apimachinery/pkg/util/validation/field"
)

// Labels that the server gives the Pods of a Job. Source: kubernetes pkg/apis/batch/types.go.
var (
	jobNameLabels = []string{"batch.kubernetes.io/job-name", "job-name"}
	jobUIDLabels  = []string{"batch.kubernetes.io/controller-uid", "controller-uid"}
)

// judgeJob judges Jobs. Source: kubernetes pkg/apis/batch/validation/validation.go, ValidateJob and
// validateGeneratedSelector; pkg/registry/batch/job/strategy.go, generateSelector.
func judgeJob(j *judge) {
	spec, name := j.at("spec"), j.at("metadata", "name")
	if spec.lacks(invalidPod, "want a template of Pods") {
		return
	}
	text, ok := name.text()
	judgeJobSpec(j, spec)
	judgeSelector(spec.at("selector"))
	if spec.at("manualSelector").is(true) {
		sel, known := spec.at("selector").selector()
		if !spec.at("selector").there() {
			spec.at("selector").say(mismatchingSelector, "is missing, and manualSelector is true")
		} else {
			judgeSelected(spec, sel, known)
		}
	} else if ok && text != "" && !spec.at("manualSelector").blank() {
		judgeGenerated(spec, text)
		if len(text) > 63 {
			name.say(invalidJob, "has %d characters, want 63 at most: it becomes a label of the Pods", len(text))
		}
	}
	n, counted := spec.at("completions").integer()
	if spec.at("completionMode").word() != "Indexed" || !ok || text == "" || !counted || n < 1 {
		return
	}
	if host := text + "-" + strconv.FormatInt(n-1, 10); !dnsLabel.ok(host) {
		name.say(invalidJob, "is %s, and the last Pod would be named %s: want %s", quote(text), quote(host), dnsLabel.want)
	}
}

// judgeGenerated judges the selector and the labels of a Job that the server makes itself.
func judgeGenerated(spec *spot, name string) {
	made := map[string]string{}
	for _, key := range jobNameLabels {
		made[key] = name
	}
	labels := spec.at("template", "metadata", "labels")
	for _, key := range jobUIDLabels {
		if labels.at(key).there() {
			labels.at(key).say(invalidJob, "is stated, and the server sets this label to what nobody knows before")
		}
	}
	for _, key := range jobNameLabels {
		if label := labels.at(key); label.there() && !label.blank() && label.value != name {
			label.say(invalidJob, "is %s, want the Job's name %s, which the server sets it to", quote(label.word()), quote(name))
		}
	}
	if sel, ok := spec.at("selector").selector(); ok && len(sel.unmet(made)) > 0 {
		spec.at("selector").say(invalidJob, "is stated without manualSelector: true, and the server makes a selector of its own")
	}
}

// judgeJobSpec judges the spec of a Job, or of the Jobs of a CronJob. Source: validateJobSpec.
func judgeJobSpec(j *judge, spec *spot) {
	p := newPod(j, spec.at("template"), false)
	judgePod(p)
	for _, key := range strings.Fields("parallelism completions activeDeadlineSeconds backoffLimit ttlSecondsAfterFinished backoffLimitPerIndex maxFailedIndexes") {
		spec.at(key).within(invalidJob, 0, noLimit)
	}
	policy := p.spec.at("restartPolicy")
	switch text, ok := policy.text(); {
	case !ok || !p.spec.isMap():
	case text == "Always":
		policy.say(invalidJob, "is Always, want OnFailure or Never: the Pods of a Job end")
	case text == "":
		policy.say(invalidJob, "is Always unless it is stated, want OnFailure or Never: the Pods of a Job end")
	case spec.at("podFailurePolicy").there() && text != "Never":
		policy.say(invalidJob, "is %s, want Never beside podFailurePolicy", quote(text))
	}
	// Source: kubernetes pkg/features/kube_features.go, JobManagedBy: before, the server drops it.
	if by := spec.at("managedBy"); by.there() && j.since(32) {
		text, ok := by.text()
		if errs := validation.IsDomainPrefixedPath(field.NewPath("managedBy"), text); ok && (len(errs) > 0 || len(text) > 63) {
			by.say(invalidJob, "is %s, want a domain, \"/\" and a path, of at most 63 characters", quote(text))
		}
	}
	judgeIndexes(spec)
	judgeFailurePolicy(p, spec)
	if replacement := spec.at("podReplacementPolicy"); spec.at("podFailurePolicy").there() {
		replacement.oneOf(invalidJob, "Failed")
	}
}

// judgeIndexes judges what Jobs with indexes have. Source: validateJobSpec, validateSuccessPolicy.
func judgeIndexes(spec *spot) {
	mode, ok := spec.at("completionMode").text()
	perIndex, failed, success := spec.at("backoffLimitPerIndex"), spec.at("maxFailedIndexes"), spec.at("successPolicy")
	judged := success.j.since(31) // before, the server drops it: kubernetes pkg/features/kube_features.go, JobSuccessPolicy
	if failed.there() && !perIndex.there() {
		perIndex.say(invalidJob, "is missing, and maxFailedIndexes wants it")
	}
	if !ok {
		return
	}
	switch mode {
	case "Indexed":
	case "", "NonIndexed":
		for _, s := range []*spot{perIndex, failed, success} {
			if s.there() && (s != success || judged) {
				s.say(invalidJob, "is stated, and wants completionMode: Indexed")
			}
		}
		return
	default: // of no completionMode that there is
		return
	}
	completions := spec.at("completions")
	// Where neither is stated, both are 1.
	if !completions.there() && spec.at("parallelism").there() {
		completions.say(invalidJob, "is missing, and completionMode is Indexed")
		return
	}
	spec.at("parallelism").atMost(invalidJob, 100_000, "with indexes")
	failed.atMost(invalidJob, 100_000, "with indexes")
	n, counted := completions.integer()
	if m, ok := failed.integer(); ok && counted && m > n {
		failed.say(invalidJob, "is %d, want %d at most, which completions is", m, n)
	}
	if n > 100_000 && perIndex.there() {
		failed.need(invalidJob, "and more than 100000 completions want it")
		spec.at("parallelism").atMost(invalidJob, 10_000, "with more than 100000 completions and backoffLimitPerIndex")
		failed.atMost(invalidJob, 10_000, "with more than 100000 completions")
	}
	if judged {
		judgeSuccessPolicy(success, completions)
	}
}

// atMost reports a known number that is higher.
func (s *spot) atMost(rule string, high int64, why string) {
	if n, ok := s.integer(); ok && fits(n) && n > high {
		s.say(rule, "is %d, want %d at most %s", n, high, why)
	}
}

// judgeSuccessPolicy judges when a Job with indexes has succeeded. Source: validateSuccessPolicy, validateIndexesFormat.
func judgeSuccessPolicy(policy, completions *spot) {
	rules := policy.at("rules")
	if list, ok := rules.value.([]any); ok && (len(list) == 0 || len(list) > 20) {
		rules.say(invalidJob, "has %d rules, want 1 to 20", len(list))
	}
	n, counted := completions.number(1)
	for _, r := range rules.each() {
		indexes, count := r.at("succeededIndexes"), r.at("succeededCount")
		if !indexes.there() && !count.there() {
			r.say(invalidJob, "says nothing, want succeededIndexes or succeededCount")
		}
		count.within(invalidJob, 0, noLimit)
		text, ok := indexes.text()
		if !counted || !ok {
			continue
		}
		count.atMost(invalidJob, n, "which completions is")
		total, valid := indexCount(text, n)
		if !valid {
			indexes.say(invalidJob, "is %s, want rising indexes below %d, like 0,2-4", quote(text), n)
		} else if indexes.there() {
			count.atMost(invalidJob, total, "which is the number of succeededIndexes")
		}
	}
}

// indexCount counts indexes like "0,2-4", which have to rise and stay below a limit.
func indexCount(text string, limit int64) (int64, bool) {
	total, last := int64(0), int64(-1)
	if text == "" {
		return 0, true
	}
	for part := range strings.SplitSeq(text, ",") {
		from, to, interval := strings.Cut(part, "-")
		x, err := parseInt(from, 32)
		y := x
		if interval && err == nil {
			y, err = parseInt(to, 32)
		}
		if err != nil || x <= last || y >= limit || interval && x >= y {
			return 0, false
		}
		total, last = total+y-x+1, y
	}
	return total, true
}

// judgeFailurePolicy judges what a failed Pod means for its Job. Source: validatePodFailurePolicy.
func judgeFailurePolicy(p *pod, spec *spot) {
	rules := spec.at("podFailurePolicy", "rules")
	if n := rules.length(); n > 20 {
		rules.say(invalidJob, "has %d rules, want 20 at most", n)
	}
	for _, r := range rules.each() {
		if !r.isMap() {
			continue
		}
		action := r.at("action")
		if action.word() == "FailIndex" && !spec.at("backoffLimitPerIndex").there() {
			action.say(invalidJob, "is FailIndex, which wants backoffLimitPerIndex")
		}
		codes, conditions := r.at("onExitCodes"), r.at("onPodConditions")
		if codes.there() == conditions.full() {
			r.say(invalidJob, "has onExitCodes and onPodConditions or neither, want one of them")
		}
		if n := conditions.length(); n > 20 {
			conditions.say(invalidJob, "has %d patterns, want 20 at most", n)
		}
		for _, c := range conditions.each() {
			if c.at("type").nonEmpty(invalidJob, "") {
				c.at("type").must(invalidJob, qualifiedName)
			}
			c.at("status").oneOf(invalidJob, "False", "True", "Unknown")
		}
		judgeExitCodes(p, codes)
	}
}

// judgeExitCodes judges a rule about exit codes. Source: validatePodFailurePolicyRuleOnExitCodes.
func judgeExitCodes(p *pod, codes *spot) {
	container := codes.at("containerName")
	if name, ok := container.text(); ok && container.there() {
		var names []string
		blank := false
		for _, c := range p.containers() {
			names = append(names, c.at("name").word())
			blank = blank || c.at("name").blank()
		}
		if !blank && !slices.Contains(names, name) {
			container.say(invalidJob, "is %s, and the Pod has no such container", quote(name))
		}
	}
	values := codes.at("values")
	if list, ok := values.value.([]any); ok && (len(list) == 0 || len(list) > 255) {
		values.say(invalidJob, "has %d exit codes, want 1 to 255", len(list))
	}
	last, rising := int64(-1<<40), true
	seen := map[int64]bool{}
	for _, v := range values.each() {
		n, ok := v.number(0)
		if !ok {
			return
		}
		switch {
		case n == 0 && codes.at("operator").word() == "In":
			v.say(invalidJob, "is 0, which is no failure")
		case seen[n]:
			v.say(invalidJob, "is %d once more", n)
		}
		seen[n] = true
		rising, last = rising && last <= n, n
	}
	if !rising {
		values.say(invalidJob, "is in no order, want the exit codes to rise")
	}
}
