package server

import (
	"strings"

	"sluice/validate"
)

// The ids of the rules about what runs Pods.
const (
	mismatchingSelector = "mismatching-selector"
	invalidStrategy     = "invalid-strategy"
	invalidJob          = "invalid-job"
	invalidCron         = "invalid-schedule"
)

const (
	appsSource  = "kubernetes pkg/apis/apps/validation/validation.go"
	batchSource = "kubernetes pkg/apis/batch/validation/validation.go"
)

// workloadRules are about what runs Pods.
var workloadRules = []validate.Rule{{
	ID: mismatchingSelector, Severity: validate.Error, Source: appsSource,
	Title: "a selector that does not select the Pods of its own template",
	Why:   "A workload finds its Pods by its selector; the server refuses one that is empty, or that the labels of the template do not meet.",
	Fix:   "give the template every label of the selector; the selector itself cannot be changed later",
	Wrong: strings.Replace(deploymentOf("replicas: 2"), "labels: {app: web}", "labels: {app: example}", 1),
	Right: deploymentOf("replicas: 2"),
}, {
	ID: invalidStrategy, Severity: validate.Error, Source: appsSource,
	Title: "replicas or an update strategy that the API server refuses",
	Why:   "An update needs room: it takes a Pod away first or adds one. Counts and times are not negative.",
	Fix:   "state maxUnavailable or maxSurge as a positive number or percent, and rollingUpdate only for type RollingUpdate",
	Wrong: deploymentOf("strategy: {rollingUpdate: {maxSurge: 0, maxUnavailable: 0}}"),
	Right: deploymentOf("strategy: {rollingUpdate: {maxSurge: 1, maxUnavailable: 0}}"),
}, {
	ID: invalidJob, Severity: validate.Error, Source: batchSource,
	Title: "a Job that the API server refuses",
	Why:   "Pods of a Job end, so they restart on failure or never; its selector is made by the server, and some settings want indexes.",
	Fix:   "state restartPolicy: OnFailure or Never, no selector, and completionMode: Indexed where indexes are meant",
	Wrong: jobOf("restartPolicy: Always"),
	Right: jobOf("restartPolicy: OnFailure"),
}, {
	ID: invalidCron, Severity: validate.Error, Source: batchSource,
	Title: "a schedule that the API server refuses",
	Why:   "A schedule has five fields, or a word such as @hourly, @daily, @weekly, @monthly or @yearly, and the time zone has a field of its own.",
	Fix:   "correct the field; numbers are 0-59, 0-23, 1-31, 1-12 and 0-6",
	Wrong: cronJobOf(`schedule: "0 24 * * *"`),
	Right: cronJobOf(`schedule: "0 23 * * *"`),
}}

// jobOf writes a Job for an example, with a line of its Pod's spec.
func jobOf(line string) string {
	return "apiVersion: batch/v1\nkind: Job\nmetadata: {name: load}\nspec:\n  template:\n    spec:\n      " + line +
		"\n      containers:\n      - {name: load, image: registry.example.com/load:1}\n"
}

// cronJobOf writes a CronJob for an example, with a line of its spec.
func cronJobOf(line string) string {
	return "apiVersion: batch/v1\nkind: CronJob\nmetadata: {name: load}\nspec:\n  " + line +
		"\n  jobTemplate:\n    spec:\n      template:\n        spec:\n          restartPolicy: Never" +
		"\n          containers:\n          - {name: load, image: registry.example.com/load:1}\n"
}

// workloadChecks judge what runs Pods.
var workloadChecks = []check{
	{[]string{"Deployment.apps"}, judgeDeployment},
	{[]string{"ReplicaSet.apps"}, judgeReplicaSet},
	{[]string{"StatefulSet.apps"}, judgeStatefulSet},
	{[]string{"DaemonSet.apps"}, judgeDaemonSet},
	{[]string{"ReplicationController"}, judgeReplicationController},
	{[]string{"Job.batch"}, judgeJob},
	{[]string{"CronJob.batch"}, judgeCronJob},
}

// judgeTemplate judges the template of Pods that always run. Source: kubernetes
// pkg/apis/apps/validation/validation.go, ValidatePodTemplateSpecForReplicaSet and the like.
func judgeTemplate(p *pod) {
	judgePod(p)
	if policy := p.spec.at("restartPolicy"); policy.word() == "OnFailure" || policy.word() == "Never" {
		policy.say(invalidPod, "is %s, want Always", policy.word())
	}
	if deadline := p.spec.at("activeDeadlineSeconds"); deadline.there() {
		deadline.say(invalidPod, "is stated, and the Pods of a %s run without end", p.j.object.Key.Kind)
	}
}

// judgeOwn judges a selector and whether it selects the Pods of the template beside it.
func judgeOwn(spec *spot) {
	s := spec.at("selector")
	if !s.isMap() {
		return
	}
	judgeSelector(s)
	sel, ok := s.selector()
	if ok && sel.empty() {
		s.say(mismatchingSelector, "is empty, want labels of the template")
		return
	}
	judgeSelected(spec, sel, ok)
}

// judgeSelected reports labels of the template that a selector does not select.
func judgeSelected(spec *spot, sel selector, known bool) {
	labels := spec.at("template", "metadata", "labels")
	have, ok := labels.labels()
	if !ok || !known || !spec.at("template").isMap() {
		return
	}
	if unmet := sel.unmet(have); len(unmet) > 0 {
		labels.say(mismatchingSelector, "do not meet %s: want %s", spec.at("selector").path(), strings.Join(unmet, ", "))
	}
}

// judgeDeployment judges Deployments. Source: ValidateDeploymentSpec.
func judgeDeployment(j *judge) {
	spec := j.at("spec")
	if spec.lacks(invalidPod, "want a template of Pods") {
		return
	}
	judgeOwn(spec)
	judgeTemplate(newPod(j, spec.at("template"), false))
	counts(spec, "replicas", "minReadySeconds", "revisionHistoryLimit", "progressDeadlineSeconds")
	ready, ok1 := spec.at("minReadySeconds").number(0)
	deadline, ok2 := spec.at("progressDeadlineSeconds").number(600)
	if ok1 && ok2 && deadline <= ready && deadline >= 0 {
		spec.at("progressDeadlineSeconds").say(invalidStrategy, "is %d, want more than minReadySeconds's %d", deadline, ready)
	}
	strategy := spec.at("strategy")
	rolling := strategy.at("rollingUpdate")
	if strategy.at("type").word() == "Recreate" {
		if rolling.there() {
			rolling.say(invalidStrategy, "is stated, and type is Recreate")
		}
		return
	}
	gone, surge := rolling.at("maxUnavailable"), rolling.at("maxSurge")
	judgeShare100(gone)
	judgeCount(surge)
	n, ok1 := gone.share("25%")
	m, ok2 := surge.share("25%")
	if ok1 && ok2 && n == 0 && m == 0 {
		gone.say(invalidStrategy, "is %v, and maxSurge is %v, which both count as 0: an update could not begin", gone.value, surge.value)
	}
}

// judgeReplicaSet judges ReplicaSets. Source: ValidateReplicaSetSpec.
func judgeReplicaSet(j *judge) {
	spec := j.at("spec")
	if spec.lacks(invalidPod, "want a template of Pods") {
		return
	}
	judgeOwn(spec)
	spec.at("template").lacks(invalidPod, "want what the Pods are")
	judgeTemplate(newPod(j, spec.at("template"), false))
	counts(spec, "replicas", "minReadySeconds")
}

// judgeReplicationController judges ReplicationControllers, of which the selector is one of labels alone.
// Source: kubernetes pkg/apis/core/validation/validation.go, ValidateReplicationControllerSpec.
func judgeReplicationController(j *judge) {
	spec := j.at("spec")
	if spec.lacks(invalidPod, "want a template of Pods") {
		return
	}
	exact, ok := spec.at("selector").labels()
	judgeSelected(spec, selector{exact: exact}, ok)
	spec.at("template").lacks(invalidPod, "want what the Pods are")
	judgeTemplate(newPod(j, spec.at("template"), false))
	counts(spec, "replicas", "minReadySeconds")
}

// judgeDaemonSet judges DaemonSets. Source: ValidateDaemonSetSpec.
func judgeDaemonSet(j *judge) {
	spec := j.at("spec")
	if spec.lacks(invalidPod, "want a template of Pods") {
		return
	}
	judgeOwn(spec)
	judgeTemplate(newPod(j, spec.at("template"), false))
	counts(spec, "minReadySeconds", "revisionHistoryLimit", "templateGeneration")
	strategy := spec.at("updateStrategy")
	if strategy.at("type").word() == "OnDelete" {
		return
	}
	gone, surge := strategy.at("rollingUpdate", "maxUnavailable"), strategy.at("rollingUpdate", "maxSurge")
	judgeShare100(gone)
	judgeShare100(surge)
	n, ok1 := gone.share(int64(1))
	m, ok2 := surge.share(int64(0))
	switch {
	case !ok1 || !ok2:
	case n != 0 && m != 0 && !gone.there():
		surge.say(invalidStrategy, "is %v, and maxUnavailable is 1 unless it is stated: want maxUnavailable: 0 beside it", surge.value)
	case n != 0 && m != 0:
		surge.say(invalidStrategy, "is %v, and maxUnavailable is %v: want 0 for one of them", surge.value, gone.value)
	case n == 0 && m == 0:
		gone.say(invalidStrategy, "is 0, and maxSurge is 0: an update could not begin")
	}
}

// judgeStatefulSet judges StatefulSets. Source: ValidateStatefulSetSpec. That serviceName is a DNS label is asked since
// 1.33, and claims are judged since 1.34; before, the Pods could not
// be made. What maxUnavailable is depends on a feature that is off unless it is turned on (MaxUnavailableStatefulSet).
func judgeStatefulSet(j *judge) {
	spec := j.at("spec")
	if spec.lacks(invalidPod, "want a template of Pods") {
		return
	}
	judgeOwn(spec)
	p := newPod(j, spec.at("template"), false)
	p.stateful = true
	claims := spec.at("volumeClaimTemplates")
	for _, c := range claims.each() {
		name, ok := c.at("metadata", "name").text()
		p.known = p.known && ok
		p.volumes[name] = "persistentVolumeClaim"
		judgeClaimTemplate(c)
		if c.at("metadata", "name").need(invalidVolume, "and Pods know the claim by it") {
			c.at("metadata", "name").must(invalidVolume, dnsLabel)
		}
	}
	judgeTemplate(p)
	counts(spec, "replicas", "minReadySeconds")
	spec.at("ordinals", "start").within(invalidStrategy, 0, noLimit)
	spec.at("serviceName").must(invalidName, dnsLabel)
	for _, key := range []string{"whenDeleted", "whenScaled"} {
		spec.at("persistentVolumeClaimRetentionPolicy", key).oneOf(invalidStrategy, "Delete", "Retain")
	}
	strategy := spec.at("updateStrategy")
	rolling := strategy.at("rollingUpdate")
	if strategy.at("type").word() == "OnDelete" {
		if rolling.there() {
			rolling.say(invalidStrategy, "is stated, and type is OnDelete")
		}
		return
	}
	rolling.at("partition").within(invalidStrategy, 0, noLimit)
}

// counts reports fields that are negative.
func counts(spec *spot, keys ...string) {
	for _, key := range keys {
		spec.at(key).within(invalidStrategy, 0, noLimit)
	}
}

// judgeCount judges a number or a percentage. Source: ValidatePositiveIntOrPercent.
func judgeCount(s *spot) {
	s.must(invalidStrategy, form{"a number without quotes, or " + percent.want, percent.ok})
	s.nonEmpty(invalidStrategy, "want a number or "+percent.want)
	s.within(invalidStrategy, 0, noLimit)
}

// judgeShare100 judges a number or a percentage of at most a hundred. Source: IsNotMoreThan100Percent.
func judgeShare100(s *spot) {
	judgeCount(s)
	if n, ok := s.share(int64(0)); ok && n > 100 && percent.ok(s.word()) {
		s.say(invalidStrategy, "is %s, want 100%% at most", quote(s.word()))
	}
}

// share reads a number or a percentage, as a number; where none is stated the given one. It is not ok of what is neither.
// Source: getIntOrPercentValue.
func (s *spot) share(otherwise any) (int64, bool) {
	value := s.value
	if value == nil {
		value = otherwise
	}
	switch v := value.(type) {
	case int64:
		return v, v >= 0 && fits(v) && !s.blank()
	case string:
		n, _ := parseInt(strings.TrimSuffix(v, "%"), 32)
		return n, percent.ok(v) && !s.blank()
	}
	return 0, false
}
