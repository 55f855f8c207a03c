package secrets

import (
	"path"
	"regexp"
	"slices"
	"strings"

	"sluice/render"
)

// Where connection strings give the password, and what else stands in one: without any of it, what looks like one is not.
// Sources: https://learn.microsoft.com/en-us/dotnet/framework/data/adonet/connection-string-syntax,
// https://www.postgresql.org/docs/current/libpq-connect.html#LIBPQ-PARAMKEYWORDS
var (
	connectionPassword = regexp.MustCompile(`(?i)^(?:[^;]*["'=:])?\s*(?:password|pwd|sharedaccesskey)\s*=\s*(.*)$`)
	connectionPlace    = regexp.MustCompile(`(?i)^(?:[^;]*["'=:])?\s*(?:server|data source|host|addr(?:ess)?|network address|endpoint|user id|uid|user(?:name)?|database|initial catalog|account ?name|sharedaccesskeyname)\s*=\s*[^\s=]`)
	libpqPassword      = regexp.MustCompile(`^(?:ssl)?password=(.+)$`)
	libpqPlace         = regexp.MustCompile(`^(?:host|hostaddr|port|dbname|user|sslmode)=[^,;()]+$`)
)

// connectionWords are what every connection string with a password has one of: nearly no text does, and is let go after a look.
var connectionWords = []string{"assword", "ASSWORD", "pwd", "Pwd", "PWD", "ccessKey", "ccesskey"}

// stands matches what documentation and templates write in place of a password. A default such as "changeme" is none: it is
// what gets deployed, and the first that anybody tries.
var stands = regexp.MustCompile(`^(?i:your|my)[-_ ]?\w*[-_ ]?(?i:password|passwd|pwd|secret|token)|^[A-Z][A-Z0-9]*(_[A-Z0-9]+)*_?(PASSWORD|PASS|PWD|SECRET|TOKEN|KEY)$|^PASSWORD$|^%\w+%?$|^@\w+@$|^[?:]\w*$`)

// plainPassword says whether a text is a password, and nothing that something else replaces before it is used.
func plainPassword(text string) bool {
	text = strings.Trim(strings.TrimSpace(text), `"'`)
	return literal(text) && !stands.MatchString(text) && !strings.HasPrefix(text, "$") && !strings.ContainsAny(text, "${}<>()[]`\\,")
}

// passwordConnection says whether a text has a connection string with a password in it, and how that is written.
func passwordConnection(text string) string {
	if !strings.Contains(text, "=") || !slices.ContainsFunc(connectionWords, func(word string) bool { return strings.Contains(text, word) }) {
		return ""
	}
	for line := range strings.Lines(text) {
		line = strings.TrimSpace(line)
		if strings.HasPrefix(line, "#") || strings.HasPrefix(line, "//") || strings.HasPrefix(line, "--") {
			continue
		}
		if parts := strings.Split(line, ";"); len(parts) > 1 && slices.ContainsFunc(parts, func(part string) bool {
			m := connectionPassword.FindStringSubmatch(part)
			return m != nil && plainPassword(m[1]) && !strings.ContainsAny(strings.TrimSpace(m[1]), " \t")
		}) && slices.ContainsFunc(parts, connectionPlace.MatchString) {
			return "a connection string"
		}
		words := strings.Fields(line)
		for i := range words {
			words[i] = strings.Trim(words[i], `"'`)
		}
		if slices.ContainsFunc(words, func(word string) bool {
			m := libpqPassword.FindStringSubmatch(word)
			return m != nil && plainPassword(m[1]) && !strings.Contains(m[1], ";")
		}) && slices.ContainsFunc(words, libpqPlace.MatchString) {
			return "a connection string of libpq"
		}
	}
	return ""
}

// The words of a line for a shell that give a variable, or a flag, a value. A value in quotes may have blanks in it.
var (
	assignment = regexp.MustCompile(`(?:^|[\s;&|(])([A-Za-z_][A-Za-z0-9_]*)=("[^"]*"|'[^']*'|[^\s;&|"']+)`)
	flagInLine = regexp.MustCompile(`(?:^|\s)--?([A-Za-z][A-Za-z0-9-]+)(?:=|\s+)("[^"]*"|'[^']*'|[^\s;&|"'-][^\s;&|"']*)`)
	clientWord = regexp.MustCompile(`[^\s;&|()"']+|[;&|()]`)
)

type client struct {
	program, flag string
	attached      bool
}

// clients are programs with the flag of one letter that takes their password, and whether it is in the same word.
// Sources: "mysql --help", "redis-cli --help" and "sshpass -h".
var clients = []client{
	{"mysql", "-p", true},
	{"mysqldump", "-p", true},
	{"mysqladmin", "-p", true},
	{"mysqlcheck", "-p", true},
	{"mysqlimport", "-p", true},
	{"mysqlshow", "-p", true},
	{"mariadb", "-p", true},
	{"mariadb-dump", "-p", true},
	{"mariadb-admin", "-p", true},
	{"redis-cli", "-a", false},
	{"sshpass", "-p", true},
	{"sshpass", "-p", false},
}

// clientPassword gives the program that words of a command line give a password with a flag of one letter.
func clientPassword(words []string) string {
	program := ""
	for i, word := range words {
		if strings.ContainsAny(word, ";&|()") && len(word) == 1 {
			program = ""
			continue
		}
		if base := path.Base(word); slices.ContainsFunc(clients, func(c client) bool { return c.program == base }) {
			program = base
			continue
		}
		for _, c := range clients {
			if c.program != program {
				continue
			}
			value, is := strings.CutPrefix(word, c.flag)
			if !c.attached && word == c.flag && i+1 < len(words) {
				value = words[i+1]
			}
			if is && (c.attached || word == c.flag) && value != "" && plainPassword(value) {
				return program
			}
		}
	}
	return ""
}

// line judges an argument that is a line for a shell. The first that is wrong with it is said.
func (j *judge) line(field render.Path, text string) {
	if said(j.found, field) {
		return
	}
	for command := range strings.Lines(text) {
		command = strings.TrimSpace(command)
		if strings.HasPrefix(command, "#") {
			continue
		}
		for _, m := range assignment.FindAllStringSubmatch(command, -1) {
			if plainPassword(m[2]) && j.exposed(field, m[1], strings.Trim(m[2], `"'`)) {
				j.say(envSecret, field, "%s gives the variable %s a plain value, and by its name it is a secret", field, m[1])
				return
			}
		}
		for _, m := range flagInLine.FindAllStringSubmatch(command, -1) {
			if plainPassword(m[2]) && j.exposed(field, m[1], strings.Trim(m[2], `"'`)) {
				j.say(envSecret, field, "%s gives the flag %s a plain value, and by its name it is a secret", field, m[1])
				return
			}
		}
		if program := clientPassword(clientWord.FindAllString(command, -1)); program != "" && j.known(field) {
			j.say(envSecret, field, "%s gives %s a plain password", field, program)
			return
		}
	}
}
