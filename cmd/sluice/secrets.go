package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"os"
	"strings"

	"github.com/spf13/pflag"

	"sluice/render"
	"sluice/render/avp"
	"sluice/render/canary"
	"sluice/render/vault"
	"sluice/validate"
	"sluice/validate/secrets"
)

// vaultAddr is what --vault without an address stands for: the variable that has it.
const vaultAddr = "VAULT_ADDR"

// vaultFlag is that of the verbs that may ask a Vault.
func vaultFlag(f *pflag.FlagSet, at *string) {
	f.StringVar(at, "vault", "", "ask the Vault at this `address` whether it has what the placeholders ask for; alone, the one of "+vaultAddr+"; the token is that of VAULT_TOKEN or vault login")
	f.Lookup("vault").NoOptDefVal = vaultAddr
}

// outside finds out for the rules about secrets what they cannot find out themselves. The Vault is that of --vault, empty
// for none, and the renderer nil where nothing was rendered.
func (v *invocation) outside(r *renderer, chain render.Toolchain, vaultAt string) secrets.Outside {
	o := secrets.Outside{Ledger: avp.Decode}
	if r != nil {
		o.Consumed = func(ctx context.Context, in validate.Input) ([]secrets.Consumed, []validate.Unchecked, error) {
			return r.consumed(ctx, in, chain)
		}
	}
	if vaultAt != "" {
		o.Missing = func(ctx context.Context, in validate.Input) ([]secrets.Missing, []validate.Unchecked, error) {
			return v.missing(ctx, in, vaultAt)
		}
	}
	return o
}

// consumed renders every app with placeholders once more, with others in their places, as many apps at a time as --jobs
// allows.
func (r *renderer) consumed(ctx context.Context, in validate.Input, chain render.Toolchain) ([]secrets.Consumed, []validate.Unchecked, error) {
	type outcome struct {
		found     []canary.Consumed
		unchecked []string
		err       error
	}
	// Once for all: looking for a binary writes down what was found.
	tools, err := r.tools(ctx, chain)
	if err != nil {
		return nil, nil, err
	}
	outcomes := make([]outcome, len(in.Results))
	r.v.each(len(outcomes), func(i int) {
		result, o, own := in.Results[i], &outcomes[i], again{renderer: r, chain: chain, tools: tools}
		own.chain.Capabilities = result.Capabilities
		o.found, o.unchecked, o.err = canary.Check(ctx, canary.App{Result: result, Ledger: avp.Decode, Render: own.replaced})
	})
	var found []secrets.Consumed
	var unchecked []validate.Unchecked
	for i, o := range outcomes {
		if o.err != nil {
			return nil, nil, fmt.Errorf("app %s: %w", in.Results[i].App.Name, o.err)
		}
		for _, c := range o.found {
			found = append(found, secrets.Consumed(c))
		}
		for _, what := range o.unchecked {
			unchecked = append(unchecked, validate.Unchecked{App: in.Results[i].App.Name, What: what, Why: "the chart itself has to be read for it"})
		}
	}
	return found, unchecked, nil
}

// again renders apps of a plan that were rendered before, told of the cluster what they were told then.
type again struct {
	*renderer
	chain render.Toolchain
	tools render.Tools
}

// replaced is [renderer.one] with the files of values and kustomizations passed through a replacement.
func (a again) replaced(ctx context.Context, app render.App, replace canary.Replace) (render.Result, error) {
	tools := a.tools
	tools.Dir, tools.Stack = canary.Through(a.files, replace), canary.Through(a.stack, replace)
	tools.Fetch = func(ctx context.Context, s render.Source) (render.Tree, error) {
		tree, err := a.tools.Fetch(ctx, s)
		_, _, elsewhere := a.plan.Ref(s.Path)
		own := s.Repo == "" && !elsewhere && (s.Kind == render.KindHelm || s.Kind == render.KindUmbrella)
		if err == nil && own {
			tree = canary.Chart(tree, s.Path, replace)
		}
		return tree, err
	}
	return a.with(ctx, app, a.chain, tools)
}

// missing asks a Vault for the placeholders of all apps. Who may not be asked, and what cannot be told, is not judged.
func (v *invocation) missing(ctx context.Context, in validate.Input, at string) ([]secrets.Missing, []validate.Unchecked, error) {
	server, err := v.vaultServer(ctx, at)
	if err != nil {
		return nil, nil, err
	}
	var asks []vault.Ask
	var of []secrets.Missing
	for _, result := range in.Results {
		for _, p := range result.Ledger {
			if !p.InKey {
				asks = append(asks, vault.Ask{Path: p.Path, Key: p.Key, Version: p.Version})
				of = append(of, secrets.Missing{App: result.App.Name, Placeholder: p})
			}
		}
	}
	answers, err := server.Check(ctx, asks)
	if err != nil {
		return nil, nil, err
	}
	var found []secrets.Missing
	var unchecked []validate.Unchecked
	said := map[validate.Unchecked]bool{}
	for i, a := range answers {
		switch a.State {
		case vault.There:
		case vault.PathMissing, vault.KeyMissing:
			of[i].Reason = a.Reason
			found = append(found, of[i])
		default:
			u := validate.Unchecked{App: of[i].App, What: "whether Vault has the secret at " + a.Ask.Path, Why: a.Reason}
			if !said[u] {
				unchecked = append(unchecked, u)
			}
			said[u] = true
		}
	}
	return found, unchecked, nil
}

// vaultServer names the server and who asks it as Vault's own program finds them (its command's documentation): the
// variables, and the token that vault login keeps.
func (v *invocation) vaultServer(ctx context.Context, at string) (vault.Server, error) {
	server := vault.Server{
		Address: at, Namespace: os.Getenv("VAULT_NAMESPACE"), Proxy: http.ProxyFromEnvironment, Offline: v.offline, Timeout: v.timeout,
		Jobs: v.jobs, Token: vaultToken,
	}
	if at == vaultAddr {
		server.Address = os.Getenv(vaultAddr)
	}
	file := cmp.Or(os.Getenv("VAULT_CACERT"), v.caFile)
	if file == "" || v.offline {
		return server, nil
	}
	var err error
	if server.CA, err = given(ctx, file); err != nil {
		return server, fmt.Errorf("reading the certificate authorities for Vault: %w", err)
	}
	return server, nil
}

// vaultToken is the token of the environment, or that of the last login.
func vaultToken() (string, error) {
	if token := os.Getenv("VAULT_TOKEN"); token != "" {
		return strings.TrimSpace(token), nil
	}
	text, err := os.ReadFile(inHome(".vault-token"))
	if errors.Is(err, fs.ErrNotExist) {
		return "", nil
	}
	return strings.TrimSpace(string(text)), err
}
