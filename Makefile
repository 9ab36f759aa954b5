# Needs Python 3.10 or later with pip and venv. What else it needs it installs into .venv.

PYTHON ?= python3
BIN := $(CURDIR)/.venv/bin

.PHONY: walkthrough certificate test lint
.DELETE_ON_ERROR:

# Run script $(1) in walkthrough/, and show the command.
define step
@printf '\n$$ python %s\n' '../$(1)'
@cd walkthrough && PATH='$(BIN):'"$$PATH" python ../$(1)
endef

# The four scripts in the order of the article. A key that is there already is kept.
walkthrough: walkthrough/account.key walkthrough/account2.key walkthrough/example.com.key
	$(call step,make_csr.py --key example.com.key example.com www.example.com)
	@printf '\nAll is in walkthrough/:\n\n'
	@ls -l walkthrough

walkthrough/account.key: | .venv/ready walkthrough/
	$(call step,make_account_key.py)

walkthrough/account2.key: | .venv/ready walkthrough/
	$(call step,make_account_key2.py --out account2.key)

walkthrough/example.com.key: | .venv/ready walkthrough/
	$(call step,make_certificate_key.py)

walkthrough/:
	mkdir -p walkthrough

# From the files of the walkthrough to a certificate, by a CA on this machine.
certificate: walkthrough .venv/tests-ready
	@printf '\n'
	@$(BIN)/python -m tests.certificate walkthrough

test: .venv/tests-ready
	$(BIN)/python -m pytest -n auto

lint: .venv/tests-ready
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

.venv/ready: requirements.txt
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements.txt
	touch $@

.venv/tests-ready: .venv/ready tests/requirements.txt
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -r tests/requirements.txt
	touch $@
