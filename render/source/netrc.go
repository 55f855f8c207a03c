package source

import (
	"errors"
	"fmt"
	"os"
	"strings"
)

// machine is one entry of a netrc file.
type machine struct {
	name, user, password string
	only                 string // the port or scheme that it is for, or empty
	fallback             bool   // the entry named default
}

// readNetrc reads a netrc file: words between white space, where one in double quotes has the escapes \n, \r, \t and \x
// for x (curl lib/netrc.c). A comment goes from # where a keyword could stand to the end of the line, a macdef to an
// empty line. An entry with a port or protocol, which mail readers and git-credential-netrc know, is for nothing else.
// Its errors name the line.
//
// It is not left to github.com/jdx/go-netrc: that one takes every file for sound, panics at a last word "machine", cuts
// an entry at a password "machine", loses the password behind two lines of comments, and runs gpg for a name in .gpg.
func readNetrc(file string) ([]machine, error) {
	content, err := readStandard(file)
	if err != nil {
		return nil, fmt.Errorf("reading netrc: %w", err)
	}
	all, line, err := parseNetrc(string(content))
	if err != nil {
		return nil, fmt.Errorf("reading netrc: %s:%d: %w", file, line, err)
	}
	return all, nil
}

// readStandard reads a file of a standard place, which may be missing. So is one below a directory that this user may
// not enter, which a container's home often is; one that is there and may not be read is an error.
func readStandard(file string) ([]byte, error) {
	if file == "" {
		return nil, nil
	}
	content, err := os.ReadFile(file)
	if err != nil {
		if _, missing := os.Stat(file); missing != nil {
			return nil, nil
		}
	}
	return content, err
}

// parseNetrc gives the entries, or the line of the first mistake. No word of the file is in an error: one that stands
// where it should not is often a part of a password.
func parseNetrc(content string) ([]machine, int, error) {
	var all []machine
	s := scanner{rest: content, line: 1}
	for {
		keyword, ok, err := s.word()
		line := s.line
		if err != nil || !ok {
			return all, line, err
		}
		value := ""
		switch {
		case strings.HasPrefix(keyword, "#"):
			s.skip("\n")
			continue
		case keyword == "default":
			all = append(all, machine{fallback: true})
			continue
		case !isNetrcKeyword(keyword):
			return nil, line, errors.New("there is a word where machine, default, login, password or another keyword belongs")
		}
		if value, ok, err = s.word(); err != nil || !ok {
			return nil, line, fmt.Errorf("%s has no value", keyword)
		}
		switch {
		case keyword == "machine":
			all = append(all, machine{name: value})
			continue
		case keyword == "macdef":
			s.skip("\n\n")
			continue
		case len(all) == 0:
			return nil, line, fmt.Errorf("%s stands before the first machine", keyword)
		case keyword == "login":
			all[len(all)-1].user = value
		case keyword == "password":
			all[len(all)-1].password = value
		case keyword == "port" || keyword == "protocol":
			all[len(all)-1].only = value
		}
	}
}

func isNetrcKeyword(word string) bool {
	switch word {
	case "machine", "login", "password", "account", "macdef", "port", "protocol":
		return true
	}
	return false
}

// scanner takes a netrc file apart into words.
type scanner struct {
	rest string
	line int // of the last word
}

// word gives the next word, or false at the end. A comment gives a word that begins with #.
func (s *scanner) word() (string, bool, error) {
	text := strings.TrimLeft(s.rest, " \t\r\n")
	s.line += strings.Count(s.rest[:len(s.rest)-len(text)], "\n")
	if s.rest = text; text == "" {
		return "", false, nil
	}
	if text[0] == '"' {
		return s.quoted()
	}
	end := strings.IndexAny(text, " \t\r\n")
	if end < 0 {
		end = len(text)
	}
	s.rest = text[end:]
	return text[:end], true, nil
}

// quoted gives a word in double quotes, which ends on its line.
func (s *scanner) quoted() (string, bool, error) {
	var word strings.Builder
	for i := 1; i < len(s.rest) && s.rest[i] != '\n'; i++ {
		c := s.rest[i]
		switch {
		case c == '"':
			s.rest = s.rest[i+1:]
			return word.String(), true, nil
		case c == '\\' && i+1 < len(s.rest):
			i++
			c = s.rest[i]
			if at := strings.IndexByte("nrt", c); at >= 0 {
				c = "\n\r\t"[at]
			}
		}
		word.WriteByte(c)
	}
	return "", false, errors.New("a word in quotes has no end")
}

// skip leaves out everything up to mark, which stays, or to the end.
func (s *scanner) skip(mark string) {
	s.rest = strings.ReplaceAll(s.rest, "\r\n", "\n")
	end := strings.Index(s.rest, mark)
	if end < 0 {
		end = len(s.rest)
	}
	s.line += strings.Count(s.rest[:end], "\n")
	s.rest = s.rest[end:]
}
