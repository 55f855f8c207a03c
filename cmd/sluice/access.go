package main

import (
	"cmp"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"

	"sluice/render"
	"sluice/render/source"
)

// access names the standard places of credentials, as the tools that own them find them, and looks up the variables
// that the stack names. A place that is not there is left to the reader, which finds it empty; a variable that is not
// set is an error only of the server that wants it.
func (v *invocation) access(plan render.Plan) (*source.Access, error) {
	a := &source.Access{
		Netrc:            cmp.Or(os.Getenv("NETRC"), inHome(".netrc")),
		HelmRepositories: cmp.Or(os.Getenv("HELM_REPOSITORY_CONFIG"), within(helmConfig(), "repositories.yaml")),
		HelmRegistry:     cmp.Or(os.Getenv("HELM_REGISTRY_CONFIG"), within(helmConfig(), "registry/config.json")),
		DockerConfig:     within(cmp.Or(os.Getenv("DOCKER_CONFIG"), inHome(".docker")), "config.json"),
		CAFile:           v.caFile,
		SSHAgent:         os.Getenv("SSH_AUTH_SOCK"),
		Named:            map[string]string{},
		Missing:          map[string]string{},
	}
	for prefix, name := range plan.Credentials {
		// A line break is what `export TOKEN="$(cat file)"` leaves out and other ways to set a variable do not.
		if value := strings.TrimRight(os.Getenv(name), "\r\n"); value != "" {
			a.Named[prefix] = value
		} else {
			a.Missing[prefix] = name
		}
	}
	hosts := filepath.SplitList(os.Getenv("SSH_KNOWN_HOSTS"))
	if len(hosts) == 0 {
		hosts = []string{inHome(".ssh/known_hosts"), "/etc/ssh/ssh_known_hosts"}
	}
	a.SSHKeys = existing([]string{inHome(".ssh/id_ed25519"), inHome(".ssh/id_ecdsa"), inHome(".ssh/id_rsa")})
	a.KnownHosts = existing(hosts)
	// Without this a mistyped path would be reported once for each chart.
	if v.caFile != "" {
		stat, err := os.Stat(v.caFile)
		if err != nil {
			return nil, fmt.Errorf("opening the file of --ca-file: %w", err)
		}
		// It is read for every server anew, which a pipe cannot be.
		if !stat.Mode().IsRegular() {
			return nil, &render.Error{Err: fmt.Errorf("opening the file of --ca-file: %s is no regular file", v.caFile), Hint: "name a PEM file with certificates"}
		}
	}
	return a, nil
}

// helmConfig is helm's directory of settings (helm pkg/helmpath, lazypath*.go), which on macOS is not that of
// os.UserConfigDir.
func helmConfig() string {
	if dir := os.Getenv("HELM_CONFIG_HOME"); dir != "" {
		return dir
	}
	if dir := os.Getenv("XDG_CONFIG_HOME"); dir != "" {
		return filepath.Join(dir, "helm")
	}
	if runtime.GOOS == "darwin" {
		return inHome("Library/Preferences/helm")
	}
	dir, err := os.UserConfigDir()
	if err != nil { // no home directory, so no file in it either
		return ""
	}
	return filepath.Join(dir, "helm")
}

// inHome gives a path in the home directory, or empty where there is none, as in many containers.
func inHome(name string) string {
	home, err := os.UserHomeDir()
	if err != nil {
		return ""
	}
	return filepath.Join(home, filepath.FromSlash(name))
}

// within is a file of a directory, or empty where there is no directory.
func within(dir, name string) string {
	if dir == "" {
		return ""
	}
	return filepath.Join(dir, name)
}

// existing leaves out the files that are not there. One that cannot be looked at is not there for ssh either.
func existing(files []string) []string {
	var there []string
	for _, file := range files {
		if _, err := os.Stat(file); err == nil {
			there = append(there, file)
		}
	}
	return there
}
