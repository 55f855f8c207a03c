package source

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"os/exec"
	"sync"

	"oras.land/oras-go/v2/registry/remote/auth"
	"oras.land/oras-go/v2/registry/remote/credentials"
	"oras.land/oras-go/v2/registry/remote/credentials/trace"
)

// registryLogin looks a registry up in what the stack names, and then in configuration files of Docker's form (auths,
// credHelpers, credsStore; identity tokens), the first that knows it wins. A path may be empty, and a file need not
// exist. Each is read once, when the first registry asks for credentials.
//
// A helper that a file names, docker-credential-NAME on the PATH, is started and asked as docker does; no other
// process is ever started for a registry. Its stderr goes to this process's, because helpers may ask for a pin there.
func registryLogin(stack identities, files ...string) func(context.Context, *url.URL) (auth.Credential, error) {
	stores := make([]func() (credentials.Store, error), len(files))
	for i, file := range files {
		stores[i] = sync.OnceValues(func() (credentials.Store, error) {
			return credentials.NewStore(file, credentials.StoreOptions{})
		})
	}
	return func(ctx context.Context, repo *url.URL) (auth.Credential, error) {
		if cred, err := namedLogin(stack, repo); err != nil || cred != auth.EmptyCredential {
			return cred, err
		}
		for i, file := range files {
			if file == "" {
				continue
			}
			s, err := stores[i]()
			if err != nil {
				return auth.EmptyCredential, &accessError{hinted("it is JSON, as docker login writes it",
					fmt.Errorf("the Docker configuration %s does not read", file))}
			}
			if cred, err := dockerLogin(ctx, s, repo.Host, file); err != nil || cred != auth.EmptyCredential {
				return cred, err
			}
		}
		return auth.EmptyCredential, nil
	}
}

// namedLogin is what the stack names for a registry.
func namedLogin(stack identities, repo *url.URL) (auth.Credential, error) {
	if stack == nil {
		return auth.EmptyCredential, nil
	}
	l, err := stack.login(repo)
	switch {
	case err != nil:
		return auth.EmptyCredential, &accessError{fmt.Errorf("credentials of registry %s: %w", repo.Host, err)}
	case l.token != "":
		return auth.Credential{AccessToken: l.token}, nil
	}
	return auth.Credential{Username: l.user, Password: l.password}, nil
}

// dockerLogin asks the store of a Docker configuration. The cause of a failure is not passed on: oras prints a malformed
// auth field decoded, and a helper says what it likes.
func dockerLogin(ctx context.Context, s credentials.Store, host, file string) (auth.Credential, error) {
	helper := ""
	traced := trace.WithExecutableTrace(ctx, &trace.ExecutableTrace{
		ExecuteStart: func(name, _ string) { helper = name },
	})
	cred, err := s.Get(traced, credentials.ServerAddressFromRegistry(host))
	var absent *exec.Error
	switch {
	case err == nil:
		return cred, nil
	case ctx.Err() != nil:
		return auth.EmptyCredential, ctx.Err()
	case errors.As(err, &absent):
		err = hinted("install it, or take it out of "+file, fmt.Errorf("credential helper %s is not on the PATH", helper))
	case helper != "":
		err = hinted("see what it says: echo "+host+" | "+helper+" get",
			fmt.Errorf("credential helper %s gives no login for registry %s", helper, host))
	default:
		err = hinted("docker login "+host+" writes it anew",
			fmt.Errorf("the login for registry %s in %s does not read", host, file))
	}
	return auth.EmptyCredential, &accessError{err}
}

// registryNames gives a registry what the stack names for it. Netrc and helm's repositories.yaml are not of registries.
type registryNames struct{ access *Access }

func (n registryNames) login(u *url.URL) (credential, error) {
	l, err := n.access.named(u)
	if err == nil && l.from == "" { // the registry's own protocol is https
		web := *u
		web.Scheme = "https"
		l, err = n.access.named(&web)
	}
	return l, err
}
