package server

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"
	_ "time/tzdata" // the same time zones on every machine
)

// judgeCronJob judges CronJobs. Source: kubernetes pkg/apis/batch/validation/validation.go, ValidateCronJobCreate.
func judgeCronJob(j *judge) {
	spec, name := j.at("spec"), j.at("metadata", "name")
	if text, ok := name.text(); ok && len(text) > 52 {
		name.say(invalidName, "has %d characters, want 52 at most: the names of the Jobs are 11 longer", len(text))
	}
	if spec.missing() {
		spec.say(invalidCron, "is missing, want a schedule and a template of Jobs")
	}
	judgeSchedule(j, spec)
	judgeTimeZone(spec.at("timeZone"))
	for _, key := range []string{"startingDeadlineSeconds", "successfulJobsHistoryLimit", "failedJobsHistoryLimit"} {
		spec.at(key).within(invalidCron, 0, noLimit)
	}
	template := spec.at("jobTemplate", "spec")
	if !spec.at("jobTemplate").isMap() || template.lacks(invalidPod, "want a template of Pods") {
		return
	}
	judgeJobSpec(j, template)
	if s := template.at("selector"); s.there() {
		s.say(invalidJob, "is stated, and the server makes the selectors of the Jobs")
	}
	if s := template.at("manualSelector"); s.is(true) {
		s.say(invalidJob, "is true, and the server makes the selectors of the Jobs")
	}
}

// judgeSchedule judges the schedule. Source: validateScheduleFormat, which since 1.29 refuses a time zone in it unless the
// live object has one.
func judgeSchedule(j *judge, spec *spot) {
	schedule := spec.at("schedule")
	text, ok := schedule.text()
	if !schedule.nonEmpty(invalidCron, "want five fields, or @hourly and the like") || !ok {
		return
	}
	if strings.Contains(text, "TZ") && (j.since(29) || spec.at("timeZone").there()) {
		schedule.say(invalidCron, "is %s, want the time zone in timeZone", quote(text))
		return
	}
	bare, err := withoutZone(text)
	if err == nil {
		err = checkSchedule(bare)
	}
	if err != nil {
		schedule.say(invalidCron, "is %s: %v", quote(text), err)
	}
}

// withoutZone takes the time zone off a schedule that has one in front. Source: github.com/robfig/cron/v3 parser.go, Parse.
func withoutZone(schedule string) (string, error) {
	if !strings.HasPrefix(schedule, "TZ=") && !strings.HasPrefix(schedule, "CRON_TZ=") {
		return schedule, nil
	}
	zone, rest, _ := strings.Cut(schedule, " ")
	_, name, _ := strings.Cut(zone, "=")
	if _, err := time.LoadLocation(name); err != nil {
		return "", fmt.Errorf("there is no time zone %s", quote(name))
	}
	return strings.TrimSpace(rest), nil
}

// zonePart is the form of a part of the name of a time zone. Source: validTimeZoneCharacters.
var zonePart = regexp.MustCompile(`^[A-Za-z._0-9+][A-Za-z.\-_0-9+]{0,13}$`)

// judgeTimeZone judges the time zone. Source: validateTimeZone.
func judgeTimeZone(zone *spot) {
	text, ok := zone.text()
	if !ok || !zone.there() {
		return
	}
	for part := range strings.SplitSeq(text, "/") {
		ok = ok && part != "." && part != ".." && zonePart.MatchString(part)
	}
	if ok {
		_, err := time.LoadLocation(text)
		ok = err == nil && !strings.EqualFold(text, "Local")
	}
	if !ok {
		zone.say(invalidCron, "is %s, want a time zone like Europe/Berlin or Etc/UTC", quote(text))
	}
}

// cronField is one of the five.
type cronField struct {
	name      string
	low, high int64
	words     string // that stand for numbers, from low
}

var cronFields = []cronField{
	{"minute", 0, 59, ""},
	{"hour", 0, 23, ""},
	{"day of the month", 1, 31, ""},
	{"month", 1, 12, "jan feb mar apr may jun jul aug sep oct nov dec"},
	{"day of the week", 0, 6, "sun mon tue wed thu fri sat"},
}

// checkSchedule says what is wrong with a schedule. The grammar is that of github.com/robfig/cron/v3, ParseStandard, which
// the server and the controller use.
func checkSchedule(text string) error {
	if every, ok := strings.CutPrefix(text, "@every "); ok {
		if _, err := time.ParseDuration(every); err != nil {
			return errors.New("want a duration like 1h30m after @every")
		}
		return nil
	}
	if strings.HasPrefix(text, "@") {
		named := []string{"@yearly", "@annually", "@monthly", "@weekly", "@daily", "@midnight", "@hourly"}
		if !slices.Contains(named, text) {
			return fmt.Errorf("want one of %s and @every <duration>", strings.Join(named, ", "))
		}
		return nil
	}
	parts := strings.Fields(text)
	if len(parts) != len(cronFields) {
		return fmt.Errorf("it has %d fields, want 5: minute, hour, day of the month, month and day of the week", len(parts))
	}
	for i, f := range cronFields {
		// Commas without anything between them are passed over.
		for _, expr := range strings.FieldsFunc(parts[i], func(r rune) bool { return r == ',' }) {
			if err := f.check(expr); err != nil {
				return err
			}
		}
	}
	return nil
}

// check says what is wrong with one range of a field: "*", "5", "1-5", each with a step like "/2".
func (f cronField) check(expr string) error {
	span, step, stepped := strings.Cut(expr, "/")
	if n, err := parseInt(step, 32); stepped && (err != nil || n < 1) {
		return fmt.Errorf("the %s %q has no step of 1 or more after its slash", f.name, expr)
	}
	first, last, ranged := strings.Cut(span, "-")
	if first == "*" || first == "?" {
		return nil
	}
	from, ok := f.number(first)
	to := from
	if ranged && ok {
		to, ok = f.number(last)
	} else if stepped {
		to = f.high
	}
	switch {
	case !ok:
		return fmt.Errorf("the %s %q is no number%s", f.name, expr, map[bool]string{true: " or name"}[f.words != ""])
	case from < f.low || to > f.high || from > f.high:
		return fmt.Errorf("the %s %q is out of range, want %d to %d", f.name, expr, f.low, f.high)
	case from > to:
		return fmt.Errorf("the %s %q ends before it begins", f.name, expr)
	}
	return nil
}

// number reads a number or a name of the field.
func (f cronField) number(text string) (int64, bool) {
	if i := slices.Index(strings.Fields(f.words), strings.ToLower(text)); i >= 0 {
		return f.low + int64(i), true
	}
	n, err := parseInt(text, 32)
	return n, err == nil && n >= 0
}
