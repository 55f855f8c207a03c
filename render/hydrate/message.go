package hydrate

import (
	"encoding/json"
	"fmt"
	"net/mail"
	"net/url"
	"strings"
	"time"
)

// subject and body of the dry commit, cut as git cuts them: the first paragraph on one line, and the rest.
func (dry dryRevision) subject() string {
	first, _, _ := strings.Cut(strings.TrimLeft(dry.commit.Message, "\n"), "\n\n")
	return strings.Join(strings.Fields(first), " ")
}

func (dry dryRevision) body() string {
	_, rest, _ := strings.Cut(strings.TrimLeft(dry.commit.Message, "\n"), "\n\n")
	return strings.TrimSpace(rest)
}

// message gives the commit message: the dry subject after the first seven digits of its revision, which Argo CD shows
// as the message of the synced revision, and the trailers that its RevisionMetadata call reads since 3.1. The dry body is in a
// trailer only: a line "---" in it would end the message for `git interpret-trailers`.
func (dry dryRevision) message(stackURL string) string {
	sha := dry.commit.Hash.String()
	if len(dry.dirty) > 0 {
		return "uncommitted changes on top of " + sha[:7] + ": " + dry.subject() + "\n"
	}
	var b strings.Builder
	b.WriteString(sha[:7] + ": " + dry.subject() + "\n\n")
	trailer := func(name, value string) {
		if value != "" {
			fmt.Fprintf(&b, "Argocd-reference-commit-%s: %s\n", name, value)
		}
	}
	author := dry.commit.Author
	if address := (&mail.Address{Name: author.Name, Address: author.Email}).String(); parses(address) {
		trailer("author", address)
	}
	trailer("sha", sha)
	trailer("subject", dry.subject())
	if body, err := json.Marshal(dry.body()); err == nil && dry.body() != "" {
		trailer("body", string(body))
	}
	trailer("repourl", publicURL(stackURL))
	trailer("date", author.When.Format(time.RFC3339))
	return b.String()
}

func parses(address string) bool {
	_, err := mail.ParseAddress(address)
	return err == nil
}

// publicURL gives the URL without credentials, "" if it is none (git's scp-like form has no scheme).
func publicURL(s string) string {
	u, err := url.Parse(s)
	if err != nil || u.Scheme == "" {
		return ""
	}
	if u.Scheme == "http" || u.Scheme == "https" {
		u.User = nil
	} else if u.User != nil {
		u.User = url.User(u.User.Username())
	}
	return u.String()
}

// metadata gives hydrator.metadata in the form that Argo CD's commit server writes and GitOps Promoter reads.
func (dry dryRevision) metadata(stackURL string) ([]byte, error) {
	author := dry.commit.Author
	return indentedJSON(struct {
		RepoURL string `json:"repoURL,omitempty"`
		DrySHA  string `json:"drySha"`
		Author  string `json:"author,omitempty"`
		Date    string `json:"date,omitempty"`
		Subject string `json:"subject,omitempty"`
		Body    string `json:"body,omitempty"`
	}{
		RepoURL: publicURL(stackURL), DrySHA: dry.commit.Hash.String(),
		Author: fmt.Sprintf("%s <%s>", author.Name, author.Email), Date: author.When.Format(time.RFC3339),
		Subject: dry.subject(), Body: dry.body(),
	}, metadataPath)
}
