# `make demo`: set up and run the main job. `make test`: set up and run the tests. `make docs`: the API's pages.
SHELL := bash
.SHELLFLAGS := -eu -o pipefail -c
.PHONY: demo test test-slow fuzz lint lock audit docs notebooks bench clean
.DELETE_ON_ERROR:

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
DEMO := demo
SITE := site
LOCK := requirements/dev.txt

demo: $(VENV)/installed-edge
	rm -rf $(DEMO)
	$(BIN)/tfgan train cgan-digits --out $(DEMO)/run
	$(BIN)/tfgan sample $(DEMO)/run --out $(DEMO)/digits.png
	$(BIN)/tfgan evaluate $(DEMO)/run --json $(DEMO)/evaluation.json | tee $(DEMO)/evaluation.txt
	$(BIN)/tfgan export $(DEMO)/run --to saved_model --out $(DEMO)/serving/digits | tee $(DEMO)/export.txt
	$(BIN)/tfgan export $(DEMO)/run --to tflite --out $(DEMO)/digits.tflite | tee -a $(DEMO)/export.txt
	@echo; echo "Done. What there is now:"
	@echo "  samples, a row per digit    $(DEMO)/digits.png"
	@echo "  the run (config, log, ...)  $(DEMO)/run/"
	@echo "  the Keras model             $(DEMO)/run/gan.keras"
	@echo "  for TensorFlow Serving      $(DEMO)/serving/digits/1/"
	@echo "  for phones and browsers     $(DEMO)/digits.tflite"
	@echo "  all numbers                 $(DEMO)/evaluation.json"
	@grep -h -e accuracy $(DEMO)/evaluation.txt
	@sed -n 's/^verified: /export verified: /p' $(DEMO)/export.txt

test: $(VENV)/installed-dev
	$(BIN)/python -m pytest -n auto --dist worksteal -m "not slow"

# Each file, or part of one, in a process of its own: what XLA compiled stays, some 100 MB a test of divergence (24 GB of
# all of them at once), and stays mapped, some 370 maps a GAN, of the 65,530 that Linux gives.
test-slow: $(VENV)/installed-dev $(VENV)/installed-fuzz $(VENV)/installed-kserve $(VENV)/installed-reference $(VENV)/installed-volume $(VENV)/installed-docs $(VENV)/installed-notebooks $(VENV)/installed-audit $(VENV)/installed-deploy
	for part in "every_mode and small_gan" "every_mode and small_cgan" "not every_mode"; do \
		$(BIN)/python -m pytest -m slow -n 2 tests/test_divergence.py -k "$$part"; \
	done
	find tests -name "test_*.py" ! -name test_divergence.py | sort | \
		xargs -I {} sh -c '$(BIN)/python -m pytest -m slow {} || [ $$? = 5 ]'  # 5: it has none

# Files that nobody thought of, for FUZZ_SECONDS each reader.
fuzz: $(VENV)/installed-dev $(VENV)/installed-fuzz
	$(BIN)/python -m pytest -m slow tests/test_fuzz.py

lint: $(VENV)/installed-dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

# The newest versions that setup.py allows, with their hashes, for `make test`, `make lint` and CI. Needs the network.
lock: $(VENV)/installed-lock
	$(BIN)/uv pip compile --quiet --upgrade --universal --generate-hashes --python-version 3.11 \
		--extra dev --constraints requirements/constraints.txt --custom-compile-command "make lock" --output-file $(LOCK) setup.py

# Known weaknesses of the locked versions, by the advisory database of PyPI. Needs the network.
audit: $(VENV)/installed-audit
	$(BIN)/pip-audit --strict --disable-pip --require-hashes --requirement $(LOCK)

docs: $(VENV)/installed-docs
	rm -rf $(SITE)
	$(BIN)/python docs/api/generate.py $(SITE)
	@echo "pages: $(SITE)/index.html"

# Minutes: runs them, and writes what they print and draw into them.
notebooks: $(VENV)/installed-notebooks
	$(BIN)/python docs/notebooks/run.py docs/notebooks/*.ipynb

# Minutes; nothing else should run meanwhile.
bench: $(VENV)/installed-bench
	$(BIN)/python benchmarks/training.py

clean:
	rm -rf $(DEMO) $(SITE) build dist *.egg-info .pytest_cache .mypy_cache .ruff_cache

# The package (editable) with what it is developed with: the versions of the lock and no others, checked by their
# hashes, setuptools too, so that building fetches nothing.
$(VENV)/installed-dev: setup.py pyproject.toml $(LOCK)
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --require-hashes --requirement $(LOCK)
	$(BIN)/python -m pip install --quiet --no-deps --no-build-isolation --editable .
	touch $@

# The package (editable) and one of its extras, as users install it.
$(VENV)/installed-%: setup.py pyproject.toml
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --upgrade pip
	$(BIN)/python -m pip install --quiet --editable ".[$*]"
	touch $@
