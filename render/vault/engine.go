package vault

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
)

// mounted is the engine that a path is in.
type mounted struct {
	once    sync.Once
	path    string // "kv/"; empty where it is not known
	version string // "1" or "2"; empty where it is no KV engine
	kind    string
	denied  bool
	err     error
}

// look finds out what is at a path.
func (c *client) look(ctx context.Context, at, version string) (content, error) {
	for part := range strings.SplitSeq(at, "/") {
		if part == "" || part == "." || part == ".." {
			return content{state: Unknown, reason: "that is no path of Vault"}, nil
		}
	}
	if _, err := strconv.ParseUint(version, 10, 31); version != "" && (err != nil || strings.Trim(version, "0") == "") {
		return content{state: PathMissing, reason: "versions are numbers from 1"}, nil
	}
	m := c.mount(ctx, at)
	switch {
	case m.err != nil:
		return content{}, m.err
	case m.denied && !strings.Contains(at, "/data/"):
		return content{state: NotAllowed, reason: "nothing is mounted there, or the token may not know it"}, nil
	case m.denied:
		mount, rest, _ := strings.Cut(at, "/data/")
		return c.second(ctx, mount, rest, version)
	case m.path == "" || m.kind != "kv" && m.kind != "generic":
		return content{state: Unknown, reason: "no KV engine is mounted there"}, nil
	case m.version != "2":
		return c.first(ctx, at)
	}
	mount := strings.TrimSuffix(m.path, "/")
	rest, ok := strings.CutPrefix(at, mount+"/data/")
	if !ok {
		return content{state: PathMissing, reason: fmt.Sprintf("of an engine of KV version 2 secrets are below %s/data/", mount)}, nil
	}
	return c.second(ctx, mount, rest, version)
}

// mount finds the engine of a path. It is asked once for each first part of a path; engines mounted deeper are told apart
// by the answer's path.
func (c *client) mount(ctx context.Context, at string) *mounted {
	// A mount ends where "data" begins; without one, any part of the path may be its end.
	head, _, _ := strings.Cut(at, "/data/")
	c.mu.Lock()
	m := c.mounts[head]
	if m == nil {
		m = &mounted{}
		c.mounts[head] = m
	}
	c.mu.Unlock()
	m.once.Do(func() {
		var answer struct {
			Data struct {
				Path    string            `json:"path"`
				Type    string            `json:"type"`
				Options map[string]string `json:"options"`
			} `json:"data"`
		}
		r, err := c.get(ctx, "sys/internal/ui/mounts/"+at, nil)
		switch {
		case err != nil:
			m.err = err
		case r.status == http.StatusForbidden, r.status == http.StatusNotFound, r.status == http.StatusBadRequest:
			m.denied = true
		case r.status != http.StatusOK || json.Unmarshal(r.body, &answer) != nil:
			m.err = c.odd(r, "which engine is mounted")
		default:
			m.path, m.kind, m.version = answer.Data.Path, answer.Data.Type, answer.Data.Options["version"]
		}
	})
	return m
}

// second asks an engine of KV version 2 for the names of the keys.
func (c *client) second(ctx context.Context, mount, rest, version string) (content, error) {
	var query url.Values
	if version != "" {
		query = url.Values{"version": {version}}
	}
	r, err := c.get(ctx, mount+"/subkeys/"+rest, query)
	if err != nil {
		return content{}, err
	}
	var answer struct {
		Data struct {
			Subkeys  map[string]struct{} `json:"subkeys"` // what stands at the keys is not read
			Metadata *state              `json:"metadata"`
		} `json:"data"`
	}
	switch {
	case r.status == http.StatusOK && json.Unmarshal(r.body, &answer) == nil:
		keys := make([]string, 0, len(answer.Data.Subkeys))
		for key := range answer.Data.Subkeys {
			keys = append(keys, key)
		}
		slices.Sort(keys)
		return content{state: There, keys: keys, listed: true}, nil
	case r.status == http.StatusNotFound && json.Unmarshal(r.body, &answer) == nil && answer.Data.Metadata != nil:
		return content{state: PathMissing, reason: answer.Data.Metadata.gone()}, nil
	case r.status == http.StatusNotFound && len(r.errors()) == 0:
		return content{state: PathMissing, reason: missing(version)}, nil
	case r.status == http.StatusNotFound && strings.Contains(strings.Join(r.errors(), " "), "no handler for route"):
		return content{state: PathMissing, reason: "nothing is mounted at " + mount}, nil
	case r.status == http.StatusForbidden, r.status == http.StatusNotFound, r.status == http.StatusMethodNotAllowed:
		return c.described(ctx, mount, rest, version)
	}
	return content{}, c.odd(r, "the keys of "+mount+"/data/"+rest)
}

// state is what KV version 2 says of a version of a secret.
type state struct {
	Deleted   string `json:"deletion_time"`
	Destroyed bool   `json:"destroyed"`
}

func (s state) gone() string {
	if s.Destroyed {
		return "that version is destroyed"
	}
	return "that version is deleted"
}

// past says whether the version is deleted by now, and not only to be deleted some day. The server's clock is known in whole
// seconds that have begun (the Date of its answer), the deletion in parts of them.
func (s state) past(now time.Time) bool {
	at, err := time.Parse(time.RFC3339Nano, s.Deleted)
	return s.Deleted != "" && (err != nil || now.IsZero() || at.Before(now.Add(time.Second)))
}

func missing(version string) string {
	if version != "" {
		return "there is no such path, or no such version of it"
	}
	return "there is no such path"
}

// described asks for the metadata of a secret: a Vault before 1.10 has no subkeys, and a policy may not allow them.
func (c *client) described(ctx context.Context, mount, rest, version string) (content, error) {
	r, err := c.get(ctx, mount+"/metadata/"+rest, nil)
	if err != nil {
		return content{}, err
	}
	var answer struct {
		Data struct {
			Current  json.Number      `json:"current_version"`
			Versions map[string]state `json:"versions"`
		} `json:"data"`
	}
	switch {
	case r.status == http.StatusNotFound && len(r.errors()) == 0:
		return content{state: PathMissing, reason: missing("")}, nil
	case r.status == http.StatusForbidden, r.status == http.StatusNotFound:
		return content{state: NotAllowed, reason: fmt.Sprintf("the token may read neither %[1]s/subkeys/%[2]s nor %[1]s/metadata/%[2]s", mount, rest)}, nil
	case r.status != http.StatusOK || json.Unmarshal(r.body, &answer) != nil:
		return content{}, c.odd(r, "the metadata of "+mount+"/data/"+rest)
	}
	if version == "" {
		version = answer.Data.Current.String()
	}
	one, ok := answer.Data.Versions[version]
	switch {
	case !ok:
		return content{state: PathMissing, reason: "there is no such version of the path"}, nil
	case one.Destroyed || one.past(r.date):
		return content{state: PathMissing, reason: one.gone()}, nil
	}
	return content{state: There, reason: fmt.Sprintf("the path is there; which keys it has, the token may not ask (%s/subkeys/%s)", mount, rest)}, nil
}

// first looks for the name of a path of KV version 1 among its neighbours. The engine shows no keys without their values.
func (c *client) first(ctx context.Context, at string) (content, error) {
	cut := strings.LastIndexByte(at, '/')
	if cut < 0 {
		return content{state: PathMissing, reason: "that is the engine and no path in it"}, nil
	}
	r, err := c.get(ctx, at[:cut]+"/", url.Values{"list": {"true"}})
	if err != nil {
		return content{}, err
	}
	var answer struct {
		Data struct {
			Keys []string `json:"keys"`
		} `json:"data"`
	}
	switch {
	case r.status == http.StatusNotFound:
		return content{state: PathMissing, reason: missing("")}, nil
	case r.status == http.StatusForbidden:
		return content{state: NotAllowed, reason: "the token may not list " + at[:cut]}, nil
	case r.status != http.StatusOK || json.Unmarshal(r.body, &answer) != nil:
		return content{}, c.odd(r, "the names below "+at[:cut])
	case !slices.Contains(answer.Data.Keys, at[cut+1:]):
		return content{state: PathMissing, reason: missing("")}, nil
	}
	return content{state: There, reason: "the path is there; KV version 1 names no keys without their values"}, nil
}
