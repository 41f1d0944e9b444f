# `make` alone lists what it can do: every target with a `##` explains itself. Needs Node 20 or newer with npm, make and sh.

READY = node_modules/.weir-ready
NODE = sh scripts/node.sh
ARGS =

help: ## list the targets
	@echo "usage: make TARGET [ARGS='...']"
	@echo
	@grep -hE '^[a-z0-9-]+:.*## ' Makefile | sed -e 's/:.*## /	/' | while IFS='	' read -r name text; do printf '  %-10s %s\n' "$$name" "$$text"; done

demo: $(READY) ## see it work on a real PostgreSQL; stays up until Ctrl-C (ARGS=--exit ends by itself)
	@$(NODE) cmd/weir/main.ts demo $(ARGS)

test: $(READY) ## run the tests (ARGS='test/wire -t name' narrows them)
	@NODE_OPTIONS="--experimental-vm-modules --disable-warning=ExperimentalWarning" $(NODE) node_modules/jest/bin/jest.js --maxWorkers=2 $(ARGS)

e2e-api: $(READY) ## run the tests that need a Kubernetes API server (KUBECONFIG, or one built from its Go modules)
	@sh scripts/e2e-api.sh $(ARGS)

cluster: ## build etcd, Kubernetes, kubectl and helm from their Go modules into a cache (minutes, once; needs Go 1.26)
	@test/cluster/cluster build

e2e: $(READY) ## run the tests that need a real node (root on Linux; brings one up and takes it down)
	@sh scripts/e2e.sh $(ARGS)

otelcol: ## build the real OpenTelemetry Collector, which a test then sends to (minutes, once; needs Go 1.26)
	@sh scripts/otelcol.sh

clickhouse: ## install ClickHouse's engine, which the tests and the bench of the index then use too (546 MB, once)
	@sh scripts/clickhouse.sh

image: $(READY) ## make the image without a container engine, as an archive (ARGS='NAME:TAG FILE')
	@$(NODE) scripts/image.ts $(ARGS)

sbom: $(READY) ## list what the programs are made of, as CycloneDX (ARGS=FILE)
	@$(NODE) scripts/sbom.ts $(ARGS)

audit: $(READY) ## ask the registry for known weaknesses of the packages that run
	@sh scripts/audit.sh

dashboards: $(READY) ## write Grafana's dashboards into the chart
	@$(NODE) scripts/dashboards.ts

chart-crds: $(READY) ## copy the resource definitions of crds/ into the chart
	@$(NODE) scripts/chart-crds.ts

bench: $(READY) ## measure beside PgBouncer, into docs/performance.md (ARGS=--short only tries it; ARGS='--only store --rows 10000000')
	@$(NODE) test/bench/main.ts $(ARGS)

kills: $(READY) ## kill -9 sidecar, collector and both 1,000 times under load (ARGS='--kills 100 --seed 7')
	@$(NODE) test/kills/main.ts $(ARGS)

fuzz: $(READY) ## hostile clients and servers around a sidecar, seeded (ARGS='--minutes 60 --seed 7'); see docs/fuzz.md
	@WEIR_TEST_WAIT_MS=120000 $(NODE) test/fuzz/main.ts $(ARGS)

suites: $(READY) ## run PostgreSQL's own tests direct and through Weir (ARGS='--only isolation --diffs'); see docs/suites.md
	@$(NODE) test/suites/main.ts $(ARGS)

majors: $(READY) ## run the conformance tests on PostgreSQL 14 to 17, which npm brings (ARGS='--only 14,16')
	@$(NODE) test/majors/main.ts $(ARGS)

check: types lint arrows ## types, lint and architecture

types: $(READY) ## check the types
	@$(NODE) node_modules/typescript/bin/tsc -p .

lint: $(READY) ## check style and formatting
	@node_modules/.bin/biome check --error-on-warnings --diagnostic-level=warn

arrows: $(READY) ## check which package imports which
	@NODE_OPTIONS="--experimental-vm-modules --disable-warning=ExperimentalWarning" $(NODE) node_modules/jest/bin/jest.js test/architecture.test.ts

crds: $(READY) ## write the CustomResourceDefinitions into crds/, from the decoders of pkg/resources
	@$(NODE) scripts/generate-crds.ts crds

format: $(READY) ## format the sources and repair what lint can
	@node_modules/.bin/biome check --write

goldens: $(READY) ## write the goldens of admission anew
	@$(NODE) scripts/refresh-goldens.ts

setup: $(READY) ## install what the other targets need (they do it by themselves)

clean: ## remove what set-up and the demo have left in this folder
	rm -rf node_modules .weir

# The stamp is a copy of the lockfile: set-up installs again only when the dependencies have changed.
$(READY): package-lock.json
	@cmp -s package-lock.json $(READY) || sh scripts/setup.sh
	@cp package-lock.json $(READY)

.PHONY: help demo test e2e-api cluster bench kills fuzz suites majors check types lint arrows format goldens setup clean crds image chart-crds e2e otelcol sbom audit dashboards clickhouse
