# The words of the house. CI runs these and nothing else.

GO      ?= go
FUZZ    ?= 20s
OUT     ?= out/three-layer
BIN     := build/sluice
PARITY  := build/parity/bin

# The binaries that ours is compared with: name, module, version.
helm-3.22.0     := helm.sh/helm/v3/cmd/helm@v3.22.0
helm-3.16.3     := helm.sh/helm/v3/cmd/helm@v3.16.3
helm-4.3.1      := helm.sh/helm/v4/cmd/helm@v4.3.1
kustomize-5.8.1 := sigs.k8s.io/kustomize/kustomize/v5@v5.8.1
ORACLES         := helm-3.22.0 helm-3.16.3 helm-4.3.1 kustomize-5.8.1

.PHONY: build test race fuzz bench lint fmt tidy golden parity hydrate ci clean

build:
	CGO_ENABLED=0 $(GO) build -trimpath -ldflags "-s -w" -o $(BIN) ./cmd/sluice

test:
	$(GO) test ./...

race:
	$(GO) test -race ./render ./render/avp ./render/kustomize ./render/source ./render/store ./render/hydrate

# Every fuzz target of the tree, one after the other.
fuzz:
	@set -e; grep -rlE '^func Fuzz' --include='*_test.go' . | while read -r file; do \
		for target in $$(sed -nE 's/^func (Fuzz[A-Za-z0-9]*)\(.*/\1/p' "$$file"); do \
			echo "$$(dirname "$$file") $$target"; \
			$(GO) test "./$$(dirname "$$file")" -run '^$$' -fuzz "^$$target$$" -fuzztime $(FUZZ); \
		done; \
	done

bench: build $(PARITY)/helm-3.22.0
	SLUICE_BENCH_BIN=$(abspath $(BIN)) SLUICE_PARITY_BIN=$(abspath $(PARITY)) $(GO) test -run '^$$' -bench . ./...

lint:
	@unformatted=$$($(GO) tool gofumpt -l cmd render schemas); \
		if [ -n "$$unformatted" ]; then echo "run make fmt:"; echo "$$unformatted"; exit 1; fi
	$(GO) mod tidy -diff
	$(GO) vet ./...
	$(GO) vet -tags parity ./render/...
	$(GO) tool staticcheck -tags parity ./...

fmt:
	$(GO) tool gofumpt -w cmd render schemas

tidy:
	$(GO) mod tidy

# Rewrites what the tests compare with: transcripts, error texts, the chart mirror.
golden:
	$(GO) test ./render/source ./render/stack -update
	$(GO) test ./cmd/sluice -update

# Compares our output with the real binaries', object for object, over every chart and kustomization of testdata.
parity: $(ORACLES:%=$(PARITY)/%)
	SLUICE_PARITY_BIN=$(abspath $(PARITY)) $(GO) test -tags parity -run Parity -v ./render/helm ./render/kustomize

# Helm's own Makefile stamps the full version into its releases; charts can read it.
STAMP = -X $(firstword $(subst /cmd/, ,$($*)))/internal/version.version=$(lastword $(subst @, ,$($*)))

$(PARITY)/%:
	@mkdir -p $(PARITY)
	GOBIN=$(abspath $@.tmp) $(GO) install $(if $(filter helm-%,$*),-ldflags "$(STAMP)") $($*)
	mv $@.tmp/* $@
	rmdir $@.tmp

hydrate: build
	$(BIN) hydrate --stack stacks/three-layer --mirror testdata/mirror --out $(OUT)

ci: lint test parity

clean:
	rm -rf build out
