# The words of the house. CI runs these and nothing else.

GO      ?= go
FUZZ    ?= 20s
OUT     ?= out/three-layer
BIN     := build/sluice

# What sluice itself installs, from the oldest helm that the tests know to the newest.
TOOLS   ?= build/tools
INSTALL := helm@3.14.4 helm@3.16.3 helm@3.19.4 helm@3.22.0 helm@4.2.1 helm@4.3.1 \
           kustomize@5.4.3 kustomize@5.7.1 kustomize@5.8.1

.PHONY: build test race fuzz bench lint fmt tidy golden parity hazards toolchains schemas defects vault validate hydrate ci clean

build:
	CGO_ENABLED=0 $(GO) build -trimpath -ldflags "-s -w" -o $(BIN) ./cmd/sluice

test:
	$(GO) test ./...

race:
	$(GO) test -race ./render ./render/avp ./render/kustomize ./render/source ./render/store ./render/hydrate ./render/cause \
		./render/origin ./render/canary ./render/vault \
		./render/toolchain ./validate/... ./cmd/internal/report
	$(GO) test -race ./render/helm -run External
	$(GO) test -race ./cmd/sluice -run 'Operand|Side|Capabilities|Outcomes'

# Every fuzz target of the tree, one after the other.
fuzz:
	@set -e; grep -rlE '^func Fuzz' --include='*_test.go' . | while read -r file; do \
		for target in $$(sed -nE 's/^func (Fuzz[A-Za-z0-9]*)\(.*/\1/p' "$$file"); do \
			echo "$$(dirname "$$file") $$target"; \
			$(GO) test "./$$(dirname "$$file")" -run '^$$' -fuzz "^$$target$$" -fuzztime $(FUZZ); \
		done; \
	done

bench: toolchains
	SLUICE_BENCH_BIN=$(abspath $(BIN)) SLUICE_PARITY_BIN=$(abspath $(TOOLS)/bin) $(GO) test -run '^$$' -bench . ./...

lint:
	@unformatted=$$($(GO) tool gofumpt -l cmd render schemas validate); \
		if [ -n "$$unformatted" ]; then echo "run make fmt:"; echo "$$unformatted"; exit 1; fi
	$(GO) mod tidy -diff
	$(GO) vet ./...
	$(GO) vet -tags parity,hazards,vault ./...
	$(GO) tool staticcheck -tags parity,hazards,vault ./...

fmt:
	$(GO) tool gofumpt -w cmd render schemas validate

tidy:
	$(GO) mod tidy

# Rewrites what the tests compare with: transcripts, error texts, the chart mirror.
golden:
	$(GO) test ./render/source ./render/stack -update
	$(GO) test ./cmd/sluice -update

# Rewrites what package schemas embeds, from the modules that its generator's tables name; the same tables give the same
# bytes. The first run fills the module cache with 2 GB, and brings a newer Go where a module asks for it.
schemas:
	cd schemas/generate && GOWORK=off $(GO) vet . && GOWORK=off $(GO) run . ..

# Rewrites what the API server says of the defects of testdata, with its own code: nothing else may write those answers.
# The first run compiles a good part of Kubernetes, which takes minutes.
defects:
	cd schemas/oracle && GOWORK=off $(GO) vet . && GOWORK=off $(GO) run . ../../testdata/defects

# Holds validate --vault to a real Vault, which testdata/vault builds from its module; the first time that takes minutes.
vault:
	cd testdata/vault && GOWORK=off $(GO) vet . && GOWORK=off $(GO) build -o $(abspath $(TOOLS))/bin/vault .
	SLUICE_VAULT_BIN=$(abspath $(TOOLS)/bin)/vault $(GO) test -tags vault -run RealVault -v ./cmd/sluice

# Compares our output with the real binaries', object for object, over every chart and kustomization of testdata, and runs
# the conformance suites through them; and what validate refuses with what kubeconform does, with the table of
# validate/DEFECTS.md, which make parity UPDATE=-update rewrites.
parity: toolchains
	SLUICE_PARITY_BIN=$(abspath $(TOOLS)/bin) $(GO) test -tags parity -timeout 40m -run Parity -v ./render/helm ./render/kustomize
	SLUICE_PARITY_BIN=$(abspath $(TOOLS)/bin) $(GO) test -tags parity -timeout 40m -run Parity -v ./cmd/sluice $(UPDATE)

# Seeds every hazard of testdata/hazards and its clean twin, prints the table and holds the README to it;
# make hazards UPDATE=-update rewrites it there.
hazards: toolchains
	SLUICE_BIN=$(abspath $(BIN)) SLUICE_CACHE=$(abspath $(TOOLS)) $(GO) test -tags hazards -timeout 40m -run Hazards -v ./cmd/sluice $(UPDATE)

# Installs real binaries with the built sluice, into $(TOOLS)/toolchains/NAME-VERSION/NAME. The first time takes minutes for
# each helm: all of Kubernetes' clients are compiled for each version.
toolchains: build
	$(BIN) toolchain install --cache $(TOOLS) $(INSTALL)
	cd $(TOOLS) && $(abspath $(BIN)) toolchain verify --cache .
	@mkdir -p $(TOOLS)/bin; for tool in $(TOOLS)/toolchains/*-*.*/; do \
		name=$$(basename $$tool); ln -sf ../toolchains/$$name/$${name%%-*} $(TOOLS)/bin/$$name; done
	$(GO) build -o $(TOOLS)/bin/kubeconform github.com/yannh/kubeconform/cmd/kubeconform

validate: build
	$(BIN) validate --stack stacks/three-layer --mirror testdata/mirror --fail-on warning

hydrate: build
	$(BIN) hydrate --stack stacks/three-layer --mirror testdata/mirror --out $(OUT)

ci: lint test parity hazards validate

clean:
	rm -rf build out
