package yamllint

import (
	"regexp"
	"strings"
)

// patterns are lines of a .gitignore (https://git-scm.com/docs/gitignore): the last that matches decides.
type patterns []pattern

type pattern struct {
	match *regexp.Regexp
	keep  bool // "!": what matches is taken back
}

// newPatterns reads lines. What is no pattern matches nothing, as in git.
func newPatterns(lines []string) patterns {
	var list patterns
	for _, line := range lines {
		line = strings.TrimRight(line, "\r")
		if !strings.HasSuffix(line, `\ `) {
			line = strings.TrimRight(line, " ")
		}
		if line == "" || line[0] == '#' {
			continue
		}
		rest, keep := strings.CutPrefix(line, "!")
		if e, err := regexp.Compile(expression(rest)); err == nil {
			list = append(list, pattern{e, keep})
		}
	}
	return list
}

// expression turns a pattern into a regular expression over slash-separated paths of files.
func expression(glob string) string {
	end := "(?:/.*)?$"
	if rest, ok := strings.CutSuffix(glob, "/"); ok {
		glob, end = rest, "/.*$"
	}
	start := "^(?:.*/)?"
	if strings.Contains(glob, "/") {
		start, glob = "^", strings.TrimPrefix(glob, "/")
	}
	var b strings.Builder
	for i := 0; i < len(glob); i++ {
		rest := glob[i:]
		switch {
		case strings.HasPrefix(rest, "**/") && (i == 0 || glob[i-1] == '/'):
			b.WriteString("(?:.*/)?")
			i += 2
		case rest == "**" && i > 0 && glob[i-1] == '/':
			b.WriteString(".*")
			i++
		case rest[0] == '*':
			b.WriteString("[^/]*")
			i += len(rest) - len(strings.TrimLeft(rest, "*")) - 1
		case rest[0] == '?':
			b.WriteString("[^/]")
		case rest[0] == '[' && strings.IndexByte(rest, ']') > 1:
			n := strings.IndexByte(rest, ']')
			set := strings.ReplaceAll(rest[1:n], `\`, `\\`)
			if set[0] == '!' {
				set = "^" + set[1:]
			}
			b.WriteString("[" + set + "]")
			i += n
		case rest[0] == '\\' && len(rest) > 1:
			b.WriteString(regexp.QuoteMeta(rest[1:2]))
			i++
		default:
			n := 1
			for n < len(rest) && rest[n]&0xc0 == 0x80 {
				n++
			}
			b.WriteString(regexp.QuoteMeta(rest[:n]))
			i += n - 1
		}
	}
	return start + b.String() + end
}

// has says whether a path matches.
func (p patterns) has(name string) bool {
	for i := len(p) - 1; i >= 0; i-- {
		if p[i].match.MatchString(name) {
			return !p[i].keep
		}
	}
	return false
}
