// Command vault is a Vault for the tests of render/vault: the core, the HTTP API and the KV engine of the published
// module, in memory and unsealed, without the storage, login methods and other engines that make the vault program take
// an hour to build. It prints one line of JSON with its address, version and root token, and runs until its standard
// input ends.
//
// The version of sdk is the newest that this release of Vault builds with; its own is part of its repository.
// HashiCorp Vault is licensed under the Business Source License 1.1 and used here for tests alone: nothing of it is in sluice.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"log"
	"net"
	"net/http"
	"os"
	"time"

	"github.com/hashicorp/go-hclog"
	kv "github.com/hashicorp/vault-plugin-secrets-kv"
	"github.com/hashicorp/vault/audit"
	vaulthttp "github.com/hashicorp/vault/http"
	"github.com/hashicorp/vault/internalshared/configutil"
	"github.com/hashicorp/vault/sdk/helper/consts"
	"github.com/hashicorp/vault/sdk/logical"
	"github.com/hashicorp/vault/sdk/physical/inmem"
	"github.com/hashicorp/vault/vault"
	"github.com/hashicorp/vault/version"
)

func main() {
	log.SetFlags(0)
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		log.Fatal(err)
	}
	if err := serve(context.Background(), listener); err != nil {
		log.Fatal(err)
	}
}

// serve runs a fresh Vault until standard input ends.
func serve(ctx context.Context, listener net.Listener) error {
	address := "http://" + listener.Addr().String()
	logger := hclog.New(&hclog.LoggerOptions{Level: hclog.Error, Output: os.Stderr})
	storage, err := inmem.NewInmem(nil, logger)
	if err != nil {
		return err
	}
	core, err := vault.NewCore(&vault.CoreConfig{
		Physical: storage, DisableMlock: true, Logger: logger, RedirectAddr: address,
		AuditBackends: map[string]audit.Factory{"file": audit.NewFileBackend}, BuiltinRegistry: engines{},
	})
	if err != nil {
		return err
	}
	handler := vaulthttp.Handler.Handler(&vault.HandlerProperties{
		Core: core, ListenerConfig: &configutil.Listener{Type: "tcp", MaxRequestSize: 1 << 20, MaxRequestDuration: time.Minute},
	})
	ended := make(chan error, 2)
	go func() { ended <- http.Serve(listener, handler) }()
	created, err := core.Initialize(ctx, &vault.InitParams{BarrierConfig: &vault.SealConfig{SecretShares: 1, SecretThreshold: 1}, RecoveryConfig: &vault.SealConfig{}})
	if err != nil {
		return err
	}
	unsealed, err := core.Unseal(vault.TestKeyCopy(created.SecretShares[0]))
	if err != nil || !unsealed {
		return errors.Join(errors.New("it stays sealed"), err)
	}
	said := map[string]string{"address": address, "version": version.Version, "token": created.RootToken}
	if err := json.NewEncoder(os.Stdout).Encode(said); err != nil {
		return err
	}
	go func() {
		_, err := io.Copy(io.Discard, os.Stdin)
		ended <- err
	}()
	return <-ended
}

// engines lists the one engine that is built in.
type engines struct{}

func (engines) Contains(name string, kind consts.PluginType) bool {
	return name == "kv" && kind == consts.PluginTypeSecrets
}

func (e engines) Get(name string, kind consts.PluginType) (func() (any, error), bool) {
	if !e.Contains(name, kind) {
		return nil, false
	}
	return func() (any, error) { return logical.Factory(kv.Factory), nil }, true
}

func (engines) Keys(kind consts.PluginType) []string {
	if kind == consts.PluginTypeSecrets {
		return []string{"kv"}
	}
	return nil
}

func (e engines) DeprecationStatus(name string, kind consts.PluginType) (consts.DeprecationStatus, bool) {
	return consts.Supported, e.Contains(name, kind)
}

func (engines) IsBuiltinEntPlugin(string, consts.PluginType) bool { return false }
