# What people do here. Plain `make` plays the journeys, `make help` lists what else there is.

CARGO    ?= cargo
# Which journeys, and options for them: make journeys JOURNEYS="--dir /tmp/files fully"
JOURNEYS ?=
# What the soak compares, and how much of it: make soak SOAK="r2 --commands 1000000 --seed 7 --threads 4"
SOAK     ?= r1 --commands 1000000 --seed 1 --threads 2
# Which machines attack, and how often: make machines MACHINES="gain --histories 5000 --seed 7 --library /opt/lib/libtenantry.so"
MACHINES ?= all --histories 2000 --strict
# How many commits each of four writers makes beside another SQLite: make locks COMMITS=1000000
COMMITS  ?= 100000
# How many stores are moved about, over and over: make moves CYCLES=2900
CYCLES   ?= 300
# How many interleavings Miri tries: make miri SEEDS=64
SEEDS    ?= 4
# What the benchmarks measure: make bench BENCH="--figures f1,f5 --sizes 100000"
BENCH    ?=
# The tests that compare generated files.
GENERATED = the_surface the_table the_drawings the_access_matrix the_schema the_header the_list_of_symbols the_events_of_standards
# Where the portal keeps its store, and at which port it is: make portal PORTAL="--port 9000 msp.db"
PORTAL   ?=
# What is fuzzed, and for how many seconds each: make fuzz FUZZ=3600 TARGETS=door
FUZZ     ?= 60
fuzz: TARGETS ?= door calls
# For which machines libtenantry is packed: make dist TARGETS=x86_64-unknown-linux-musl
dist dist-check: TARGETS ?= x86_64-unknown-linux-gnu x86_64-unknown-linux-musl aarch64-unknown-linux-gnu x86_64-pc-windows-gnu
# Beside what the Rust API is looked at, a tag or a commit: make semver BASE=v0.1.0
BASE     ?= origin/main
# CI says --locked here.
LOCKED   ?=
# Where the library for C goes: make install PREFIX=/opt/tenantry DESTDIR=/tmp/stage
PREFIX   ?= /usr/local
DESTDIR  ?=

# What the libraries for C and Python are tested in: `dev` as everything else, of one build with that; or `release`, as they are
# installed: make faces PROFILE=release
PROFILE  ?= dev

# Everything, with all that the library has. What else there is, is for `make bench` and `make fuzz`: engines that take minutes to build,
# and what wants a nightly compiler. Whatever is built for the tests is built so, and thereby once.
export ALL = --workspace --features tenantry/schema,tenantry/sqlite,tenantry/testkit
# The Python package is loaded by a Python, and links to none; as maturin says it, too, so that nothing is built anew for it.
export PYO3_BUILD_EXTENSION_MODULE = 1
# The functions for C a second time, for fuzzing: their tests are those of the first.
ONCE = --exclude tenantry-fuzz-ffi

.PHONY: journeys portal help check-tools file test workspace faces generate tools format lint doc machines soak fuzz locks moves miri semver bench install dist dist-check check-macos extension python

# In a profile of its own, which is built within a minute or so where nothing is built yet.
journeys: ## Plays the main work on files it creates, and shows it as tables
	$(CARGO) run $(LOCKED) --profile journeys --package tenantry-journeys --bin tenantry-journeys -- $(JOURNEYS)

# Without a file it is a new store, which goes away with the service.
portal: ## Serves pages for MSPs, their customers and resellers, on a store that it fills: PORTAL="--port 9000 msp.db"
	$(CARGO) run $(LOCKED) --package tenantry-portal -- $(PORTAL)

# Every target below, by what stands beside it.
help: ## Lists what there is
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  %-12s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

# All at once, and before anything is built: `.ci/tools` is the one list of them.
check-tools: ## Names everything that the tests want and that is missing, with Debian's packages
	@.ci/tools

# Writes the file of today's format and rules among those that every later version has to read, where there is none yet
# (docs/what-may-change.md).
file: ## Writes the file of today's format that later versions have to read
	UPDATE_GOLDEN=1 $(CARGO) test $(LOCKED) --package tenantry --features sqlite,testkit --test change

# Everything. All that is run is built first, at once; then the faces are tried beside the tests of the workspace and the lints, for much of
# either keeps one processor busy alone. What they have to say is said when both are done.
test: check-tools format ## Runs every test and check: half an hour and 15 GB on two cores
	$(CARGO) build $(LOCKED) $(ALL) --all-targets
	beside=$$(mktemp) && trap 'rm -f "$$beside"' EXIT && trap 'trap - TERM; kill 0' INT TERM; \
	$(MAKE) --keep-going faces >"$$beside" 2>&1 & faces=$$!; \
	$(MAKE) --keep-going workspace lint doc; rust=$$?; \
	wait $$faces; faces=$$?; cat "$$beside"; \
	test $$rust -eq 0 && test $$faces -eq 0

workspace: ## Runs the tests of the workspace alone
	$(CARGO) test $(LOCKED) $(ALL) --no-fail-fast

# The libraries for C and Python, each tested as it is installed, and the packages for Go, .NET and Node.js on that for C. In release they are of one build,
# too.
faces: ## Builds and tests the libraries for C and Python: PROFILE=release as they are installed
	LIBRARIES="--package tenantry-ffi --package tenantry-python" $(MAKE) -C ffi check LOCKED=$(LOCKED) PROFILE=$(PROFILE)
	$(MAKE) python

# Writes all generated files anew: the public surface, the tables of refusals, troubles and rules, the drawings, the access matrix, the
# JSON Schema, the header and the symbols of the library for C, the wide part of the packages for Python, .NET and Go, the headers for C++, the reference. The tests
# compare them, and `git diff` is the review.
generate: ## Writes all generated files anew
	UPDATE_GOLDEN=1 $(CARGO) test $(LOCKED) $(ALL) $(ONCE) --test header --test house --test matrix --test surface --test wire -- $(GENERATED)
	python3 python/generate.py

# A toolchain installed with the least profile lacks these two.
tools: ## Adds rustfmt and clippy
	@$(CARGO) fmt --version >/dev/null 2>&1 || rustup component add rustfmt
	@$(CARGO) clippy --version >/dev/null 2>&1 || rustup component add clippy

format: tools ## Checks the format
	$(CARGO) fmt --all --check
	cd extension && $(CARGO) fmt --check

# The library has to build with nothing but Rust, too, and with what those for C and Python are installed with, which is less than they
# are tested with. `incompatible_msrv` keeps the stated rust-version true.
lint: tools ## Runs clippy
	$(CARGO) clippy $(LOCKED) --package tenantry --lib -- -D warnings
	$(CARGO) clippy $(LOCKED) --package tenantry-ffi --package tenantry-python -- -D warnings
	$(CARGO) clippy $(LOCKED) $(ALL) $(ONCE) --all-targets -- -D warnings -D clippy::incompatible_msrv
	cd extension && $(CARGO) clippy $(LOCKED) -- -D warnings

doc: ## Builds the reference of the Rust API
	RUSTDOCFLAGS="-D warnings" $(CARGO) doc $(LOCKED) $(ALL) --no-deps

# libtenantry, its headers, and what pkg-config and CMake find it by.
install: ## Installs libtenantry: PREFIX=/opt/tenantry
	$(MAKE) -C ffi install LOCKED=$(LOCKED) PROFILE=release PREFIX=$(PREFIX) DESTDIR=$(DESTDIR)

# Archives for other machines, and wheels: see docs/platforms.md for what is in them, what they were tried on, and what was never run.
dist: ## Packs libtenantry for other machines, and wheels: TARGETS=x86_64-unknown-linux-musl
	dist/build.sh $(TARGETS)

dist-check: ## Unpacks what `make dist` packed, and tries it here, under qemu and under Wine
	dist/check.sh $(or $(CARGO_TARGET_DIR),target)/dist $(TARGETS)

# Without Apple's SDK nothing can be linked, and SQLite's C not compiled: it is left out. Needs, once:
# rustup target add x86_64-apple-darwin aarch64-apple-darwin
check-macos: ## Checks that what is written in Rust compiles for macOS, which is as far as we get
	for target in x86_64-apple-darwin aarch64-apple-darwin; do \
		LIBSQLITE3_SYS_USE_PKG_CONFIG=1 SQLITE3_LIB_DIR=/nowhere $(CARGO) check $(LOCKED) --package tenantry-ffi --package tenantry-python \
			--package tenantry-journeys --target $$target || exit 1; \
	done

# The extension for SQLite's users: extension/target/release/libtenantry_sql.so. It is a workspace of its own, and tried by core's tests.
extension: ## Builds the loadable extension for SQLite
	cd extension && $(CARGO) build $(LOCKED) --release

# Builds the Python package, and tests it installed, in a virtual environment that goes away again. Needs the network for the tools.
python: ## Builds the Python package, and tests it installed
	PROFILE=$(PROFILE) python/tests/run.sh

# Compares the engine with a second, naive reading of the rules, over as many random commands as you have time for.
soak: ## Compares the engine with a second reading of the rules
	$(CARGO) run $(LOCKED) --release --package tenantry-oracle -- $(SOAK)

# Attacks the library through its JSON door, and ends with 1 where a kind of fault is found that is not on machines/open.txt, or one
# that is there is found no longer. `--without-end` goes on for as long as you have time. See docs/four-machines.md.
machines: ## Attacks the library through its JSON door
	$(CARGO) run $(LOCKED) --release --package tenantry-machines -- $(MACHINES)

# Looks for inputs that break something; wants a nightly compiler, and `cargo install cargo-fuzz --locked`. See docs/fuzz.md.
fuzz: ## Looks for inputs that break something; wants a nightly compiler
	for target in $(TARGETS); do \
		mkdir -p fuzz/target/found/$$target && \
		CARGO_PROFILE_RELEASE_LTO=off $(CARGO) +nightly fuzz run --fuzz-dir fuzz --features libfuzzer $$target \
			fuzz/target/found/$$target fuzz/corpus/$$target -- -max_total_time=$(FUZZ) -timeout=60 || exit 1; \
	done

# Two threads and two processes write to one file while another copy of SQLite and others in the process are at it, too.
locks: ## Writes to one file beside another SQLite
	TENANTRY_TEST_COMMITS=$(COMMITS) $(CARGO) test $(LOCKED) --release --package tenantry --features sqlite,testkit \
		--test another_sqlite -- --nocapture another_sqlite_in_the_process_does_no_harm

# Stores are backed up under load, moved and restored, by processes that are killed at it and by ones that are not.
moves: ## Backs up, moves and restores stores over and over, with kills
	TENANTRY_TEST_CYCLES=$(CYCLES) $(CARGO) test $(LOCKED) --release --package tenantry --features sqlite,testkit \
		--test backup -- --nocapture whatever_is_moved_about

# Runs the words of the access index in Miri, which tries orders that other processors may take. Needs, once:
# rustup toolchain install nightly --component miri,rust-src
miri: ## Tries orders of memory that other processors may take; wants a nightly compiler
	MIRIFLAGS="-Zmiri-many-seeds=0..$(SEEDS)" $(CARGO) +nightly miri test $(LOCKED) --package tenantry --features testkit \
		--test inside index::seqlock

# Names what whoever links the crate would have to change, and the version that this takes. Wants `cargo install cargo-semver-checks --locked`.
semver: ## Looks for what breaks whoever links the crate: BASE=v0.1.0
	$(CARGO) semver-checks --package tenantry --only-explicit-features --features schema,sqlite --baseline-rev $(BASE)

# Measures tenantry beside what people would use instead, and publishes the figures in benches/ and the README.
bench: ## Measures, and publishes the figures
	$(CARGO) build $(LOCKED) --release --package tenantry-ffi
	$(CARGO) run $(LOCKED) --release --package tenantry-benches --features peers --bin tenantry-benches -- $(BENCH)
