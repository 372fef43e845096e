# Every target is one thin line of work; "make" alone lists them.
GO            ?= go
GOLANGCI_LINT ?= $(GO) run github.com/golangci/golangci-lint/v2/cmd/golangci-lint@v2.15.0

# What stands in for the generated input, where one has it: a folder of
# distributions (CORPUS), a ranking and a list of names.
CORPUS  ?=
RANKING ?=
NAMES   ?=
export CORPUS RANKING NAMES

.DEFAULT_GOAL := help

.PHONY: help
help: ## list the targets
	@awk -F':.*## ' '/^[a-z-]+:.*## /{printf "  make %-14s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

.PHONY: build
build: ## bin/prevalence
	$(GO) build -trimpath -o bin/prevalence ./cmd/prevalence

.PHONY: engine
engine: build ## fetch the ClickHouse engine into the cache folder, once
	bin/prevalence engine fetch

.PHONY: demo
demo: engine ## crawl a generated index and check the counts
	bin/prevalence demo

.PHONY: test
test: engine ## every test, the rooms with the race detector, a real broker and a real engine
	$(GO) test -race -timeout 20m $$($(GO) list ./... | grep -v '/cmd/')
	$(GO) test -timeout 20m ./cmd/... # whole programs as processes: the rooms' own tests look for races
	$(GO) test -run TestBudget ./worker/pysource # full size: the race detector is too slow for it

.PHONY: hostile
hostile: ## scan every hostile distribution; a table of outcome, anomalies, time and memory
	$(GO) test ./worker -v -count=1 -run TestHostile -hostile
PROMTOOL ?= promtool

.PHONY: deploy-check
deploy-check: engine ## the files under deploy/: accounts with real servers, chart, compose, units, dashboards, alerts
	$(GO) test ./deploy/check/rights
	cd deploy/check/manifests && $(GO) vet ./... && $(GO) test ./...
	cd deploy/prometheus && $(PROMTOOL) check config prometheus.yml && $(PROMTOOL) test rules alerts_test.yml
	deploy/check/static.sh

.PHONY: licences
licences: ## write docs/third-party.md: what is in the binary, and under which licence
	deploy/check/licences.sh > docs/third-party.md

.PHONY: snapshot
snapshot: ## a release as it would be, into dist/, with checksums and bills of materials
	$(GO) run github.com/goreleaser/goreleaser/v2@v2.15.1 release --snapshot --clean

SHOTS ?= out/e2e

.PHONY: e2e
e2e: engine ## the pages in a real Chromium, over a crawled index; pictures into SHOTS (out/e2e)
	$(GO) test -tags e2e -timeout 10m -count 1 -v -run TestPages ./cmd/prevalence -args -shots $(abspath $(SHOTS))
	@ls $(SHOTS)

.PHONY: pictures
pictures: engine ## take the pictures of README anew
	$(GO) test -tags e2e -timeout 10m -count 1 -run TestPages ./cmd/prevalence -args -pictures $(CURDIR)/docs/img

.PHONY: corpus
corpus: engine ## crawl CORPUS five ways and compare (see docs/corpus.md)
	deploy/check/corpus.sh bin/prevalence

.PHONY: accuracy
accuracy: build ## recall against CPython's parser, bandit and ruff over CORPUS (see docs/accuracy.md)
	deploy/check/accuracy.sh bin/prevalence

.PHONY: annotate
annotate: engine ## annotate what ruff and bandit print over CORPUS, and check it (see docs/annotating.md)
	deploy/check/annotate.sh bin/prevalence

.PHONY: precision
precision: ## write the table of judged evidence into docs/accuracy.md, from the verdicts
	$(GO) test ./deploy/check/accuracy -run TestDocument -update

SEEDS ?= 100
FROM  ?= 1

.PHONY: chaos
chaos: engine ## crawl under SEEDS (100) times five faults, from seed FROM (1); see docs/chaos.md
	bin/prevalence bench chaos --seeds $(SEEDS) --from-seed $(FROM)

.PHONY: chaos-planted
chaos-planted: engine ## show that chaos notices three planted faults
	deploy/check/chaos-planted.sh

.PHONY: lint
lint: ## go.mod tidy, vet, golangci-lint
	$(GO) mod tidy -diff
	$(GO) vet ./...
	$(GOLANGCI_LINT) run

.PHONY: fuzz
fuzz: ## each fuzz target for FUZZTIME (10s)
	deploy/check/fuzz.sh $(or $(FUZZTIME),10s)

.PHONY: golden
golden: ## refresh golden files; read the diff
	$(GO) test $$(grep -rl --include='*_test.go' 'flag.Bool("update"' . | xargs -n1 dirname | sort -u) -update

.PHONY: lists
lists: ## fetch the lists of mail domains anew, at the versions that schemas/emaildomains/refresh names
	$(GO) generate ./schemas/emaildomains

SHARE ?= 0.01

.PHONY: bench-dataset
bench-dataset: engine ## storing, publishing and asking, over SHARE (0.01) of the index's size
	bin/prevalence bench dataset --share $(SHARE) $(if $(NAMES),--names $(NAMES))

.PHONY: bench-api
bench-api: engine ## the API: 200 look-ups a second over SHARE (0.01) of the index's size
	bin/prevalence bench api --share $(SHARE) $(if $(NAMES),--names $(NAMES))

.PHONY: scale
scale: engine ## the figures of docs/scale.md, with the real NAMES if given
	bin/prevalence bench sweep $(if $(NAMES),--names $(NAMES))
	bin/prevalence bench pipeline --workers 2 $(if $(NAMES),--names $(NAMES))
	bin/prevalence bench politeness
	bin/prevalence bench faults $(if $(NAMES),--names $(NAMES))
	bin/prevalence bench estimates $(if $(NAMES),--names $(NAMES))

.PHONY: soak
soak: engine ## full speed for FOR (1h): does memory stay flat, do goroutines become more
	bin/prevalence bench soak --for $(or $(FOR),1h) --check

.PHONY: bench
bench: ## Go benchmarks; over CORPUS where it is set: Python to facts, to behaviours, .tar.gz to scan
	$(GO) test -run '^$$' -bench . -benchmem ./...

.PHONY: bench-peers
bench-peers: build ## time a scan of CORPUS beside ruff, hexora, GuardDog and bandit
	deploy/check/peers.sh bin/prevalence
