# Needs Python 3.10 or later with pip and venv. It installs everything else it needs into .venv.

PYTHON ?= python3
BIN := .venv/bin

export DIR := walkthrough

.PHONY: walkthrough certificate test browser picture faults fuzz vectors boulder mutants lint
.NOTPARALLEL:
.DELETE_ON_ERROR:

# Say what the file $(3) is for, and run the command $(2) that makes it unless it exists.
define step
@printf '\n%s\n' '$(1)'
@if test -e '$(3)'; then \
	printf '%s already exists and is kept.\n' '$(3)'; \
else \
	printf '$$ %s\n' '$(BIN)/python $(strip $(2))'; \
	$(BIN)/python $(strip $(2)) && printf 'This made %s.\n' '$(3)'; \
fi
endef

# Steps 1 to 3 of the course. An existing file is kept.
walkthrough: ACCOUNT_KEY := walkthrough/account.key
walkthrough: KEY := walkthrough/example.com.key
walkthrough: CSR := walkthrough/certificate.csr
walkthrough: .venv/ready
	@mkdir -p walkthrough
	$(call step,1. The account key signs each message to the CA.,make_account_key.py --quiet \
		--out $(ACCOUNT_KEY),$(ACCOUNT_KEY))
	$(call step,2. The certificate key signs the request and is the key of the web server.,\
		make_certificate_key.py --quiet --out $(KEY) example.com,$(KEY))
	$(call step,3. The request tells the CA which names and which key the certificate is for.,\
		make_csr.py --quiet --key $(KEY) --account-key $(ACCOUNT_KEY) --out $(CSR) \
		example.com www.example.com,$(CSR))
	@printf '\nLook at the request and its key:\n$$ %s\n' \
		'$(BIN)/python -m common.show $(CSR) $(KEY)'
	@$(BIN)/python -m common.show $(CSR) $(KEY)
	@printf '\nThe files are in walkthrough/. To continue, run: make certificate\n'

# Get a certificate for the files in DIR from a CA on this machine: make certificate DIR=.
certificate: .venv/ready $(filter walkthrough,$(DIR))
	@printf '\n'
	@$(BIN)/python -m course.certificate "$$DIR"

test: .venv/tests-ready
	$(BIN)/python -m pytest -n auto

# The tests in a browser and with other clients: Debian's chromium, chromium-driver, curl,
# libnss3-tools, npm and openssh-client.
browser: .venv/tests-ready .venv/node_modules/axe-core/axe.min.js
	$(BIN)/python -m pytest -m browser

# The picture in the README, which needs Debian's chromium, chromium-driver and pngquant.
picture: .venv/tests-ready
	$(BIN)/python -m tests.picture docs/picture.png

# The long-running checks. `make test` runs a part of some of them.

faults: .venv/tests-ready
	$(BIN)/python -m tests.faults

fuzz: .venv/tests-ready
	HYPOTHESIS_PROFILE=fuzz $(BIN)/python -m pytest -n auto tests/test_fuzz.py

vectors: .venv/vectors-ready
	$(BIN)/python -m tests.vectors

# Needs Go.
boulder: .venv/tests-ready
	$(BIN)/python -m tests.boulder

mutants: .venv/tests-ready
	$(BIN)/python -m tests.mutants $(SAMPLE) $(SEED)

lint: .venv/tests-ready
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/mypy --platform win32 common course make_*.py
	@if command -v actionlint; then actionlint; else echo 'actionlint is not installed: skipped'; fi

.venv/vectors-ready: .venv/tests-ready tests/vectors.txt
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -r tests/vectors.txt
	touch $@

.venv/ready: requirements.txt
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements.txt
	touch $@

# It finds barriers for people who use a screen reader or only the keyboard.
.venv/node_modules/axe-core/axe.min.js: .venv/ready
	npm install --silent --no-save --prefix .venv axe-core@4.14.1
	touch $@

.venv/tests-ready: .venv/ready tests/requirements.txt
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -r tests/requirements.txt
	touch $@
