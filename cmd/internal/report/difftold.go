package report

import (
	"fmt"
	"strings"

	"sluice/render"
	"sluice/validate"
)

// block is one object of the text: its own edits, the findings about it, and its cause.
type block struct {
	change   render.Change
	own      []told
	findings []validate.Finding
	cause    Cause // without text where it is not known
}

// blocks writes objects. Where many that follow each other share everything that is said below them, it is said once, after
// the last of them: forty objects of a lost chart are forty lines and one reason.
func (t *text) blocks(all []block) {
	for len(all) > 0 {
		n := 1
		for like := all[0].like(); like != "" && n < len(all) && all[n].like() == like; {
			n++
		}
		if n < minGrouped {
			n = 1
		}
		t.alike(all[:n])
		all = all[n:]
	}
}

// like is equal for blocks that say the same but for the object; empty where there is nothing to share.
func (b block) like() string {
	if b.change.Kind() == "modified" || len(b.findings) == 0 && b.cause.Text == "" {
		return ""
	}
	said := []string{b.change.Kind()}
	for _, e := range b.own {
		said = append(said, e.key())
	}
	for _, f := range b.findings {
		if f.Accepted != nil {
			return "" // a person took responsibility for this one object
		}
		said = append(said, f.Rule, f.Severity.String(), b.without(f.Message, "%s"), f.Why, f.Fix, f.Source)
	}
	return strings.Join(append(said, b.without(b.cause.Text, "%s"), b.cause.Source), "\n")
}

// without puts other words in the place of the object that a sentence begins with, or leaves the sentence as it is.
func (b block) without(sentence, words string) string {
	k := b.change.Key
	for _, name := range []string{k.String(), k.Kind + "/" + k.Name} {
		if rest, begins := strings.CutPrefix(sentence, name+" "); begins {
			return words + " " + rest
		}
	}
	return sentence
}

// alike writes blocks that share what is said below them.
func (t *text) alike(all []block) {
	for _, b := range all {
		color, headline := heading(b.change)
		t.colored(1, color, "%s", headline)
	}
	first := all[0]
	of := func(sentence string) string { return sentence }
	if len(all) > 1 {
		of = func(sentence string) string {
			return first.without(sentence, fmt.Sprintf("each of these %d", len(all)))
		}
	}
	for _, one := range first.own {
		t.edited(3, one, "")
	}
	for i, f := range first.findings {
		var also []validate.Finding
		for _, b := range all[1:] {
			also = append(also, b.findings[i])
			if b.findings[i].Pos != f.Pos {
				f.Pos = render.Position{}
			}
		}
		said := f
		said.Message = of(f.Message)
		t.finding(3, said, also...)
	}
	if first.cause.Text != "" {
		t.line(3, "cause: %s", joined(" ", t.mask.text(of(first.cause.Text)), reason(first.cause.Source)))
	}
}
