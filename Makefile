# SPDX-License-Identifier: Apache-2.0
# `make list` says what there is.

SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DELETE_ON_ERROR:

PREFIX ?= /usr/local
LIBDIR ?= $(PREFIX)/lib
INCLUDEDIR ?= $(PREFIX)/include
BINDIR ?= $(PREFIX)/bin
DESTDIR ?=
CMAKEDIR = $(LIBDIR)/cmake/liae
DOCDIR = $(PREFIX)/share/doc/liae
MANDIR = $(PREFIX)/share/man/man1
BASHDIR = $(PREFIX)/share/bash-completion/completions
ZSHDIR = $(PREFIX)/share/zsh/site-functions
FISHDIR = $(PREFIX)/share/fish/vendor_completions.d

SWIFT ?= swift
SWIFTFLAGS ?=
# Nothing is looked for beside the file itself: no RUNPATH.
LINKING := --disable-local-rpath
PYTHON ?= python3

# Versions stand in one Swift file.
version-part = $(shell sed -n 's/^ *package static let $(1) = "\{0,1\}\([^"]*\)"\{0,1\}$$/\1/p' Sources/LiaeSystem/Version.swift)
VERSION := $(call version-part,major).$(call version-part,minor).$(call version-part,patch)$(call version-part,suffix)
SONAME := libliae.so.$(call version-part,soname)
LIBRARY := $(SONAME).$(call version-part,age).$(call version-part,interfacePatch)

RELEASE := .build/release
VENV := build/venv
STAGE := build/stage
PYTESTS := $(wildcard Tests/python Tests/cli Tests/abi)
DEMO_MODEL ?= examples/model/demo.safetensors
DEMO_XSEG ?= examples/model/xseg.safetensors

.PHONY: all lib header cli examples deps list
.DEFAULT_GOAL := all

## all: build/libliae.so, build/liae-infer and build/liae-train
all: lib cli

## list: what this file can make
list:
	@sed -n 's/^## //p' Makefile

## deps: install the system packages that the build needs and are missing (apt-get; elsewhere says what is missing).
## DEPS=no, for this and any other target: install nothing, and say nothing
deps:
	@[ "$(DEPS)" = no ] || .ci/deps build

.PHONY: test-deps
test-deps:
	@[ "$(DEPS)" = no ] || .ci/deps

## lib: build/libliae.so, its versioned links and build/liae.pc
lib: deps
	$(SWIFT) build -c release --product liae $(SWIFTFLAGS) $(LINKING)
	@mkdir -p build
	strip --strip-unneeded -o build/$(LIBRARY) $(RELEASE)/libliae.so
	ln -sf $(LIBRARY) build/$(SONAME)
	ln -sf $(SONAME) build/libliae.so
	@$(call write-pc,$(abspath include),$(abspath build),build/liae.pc)

# $(call write-pc,INCLUDEDIR,LIBDIR,FILE)
write-pc = sed -e 's|@PREFIX@|$(PREFIX)|' -e 's|@INCLUDEDIR@|$(1)|' -e 's|@LIBDIR@|$(2)|' \
  -e 's|@VERSION@|$(VERSION)|' pkgconfig/liae.pc.in > $(3)

PROGRAMS := liae-infer liae-train

## cli: build/liae-infer and build/liae-train
cli: deps
	@mkdir -p build
	for program in $(PROGRAMS); do \
	  $(SWIFT) build -c release --product $$program $(SWIFTFLAGS) $(LINKING); \
	  strip -o build/$$program $(RELEASE)/$$program; \
	done

## mpi: build/liae-train for several processes (mpirun -n 2 build/liae-train ...); needs an MPI library
.PHONY: mpi
mpi: deps
	@[ "$(DEPS)" = no ] || MPI=1 .ci/deps build
	LIAE_MPI=1 $(SWIFT) build -c release --product liae-train --scratch-path .build-mpi $(SWIFTFLAGS)
	@mkdir -p build
	strip -o build/liae-train .build-mpi/release/liae-train

.PHONY: headergen
headergen:
	@$(SWIFT) build -c release --product liae-headergen $(SWIFTFLAGS) -q

## header: write include/liae.h and include/liae.symbols from Sources/LiaeABI
header: headergen
	$(RELEASE)/liae-headergen

## examples: build the C and C++ examples against build/libliae.so
examples: lib
	PKG_CONFIG_PATH=$(abspath build) $(MAKE) -C examples OUT=$(abspath build/examples) RPATH=$(abspath build)

.PHONY: demo-deps
demo-deps:
	@[ "$(DEPS)" = no ] || .ci/deps demo

# The same motion of the destination person and of the source.
DEMO_VIDEO := --count 1 --no-frames --held-out --seed 3 --frame-size 480x480 --video-frames 100 --force

## demo: swap rendered faces with the model of examples/model; the pictures and the video are in out/demo
.PHONY: demo
demo: cli demo-deps
	build/liae-infer demo --model $(DEMO_MODEL) --xseg $(DEMO_XSEG) --output out/demo --force
	build/liae-train synth --identity b $(DEMO_VIDEO) --output out/demo/moving --video out/demo/moving/frames.mp4
	build/liae-train synth --identity a $(DEMO_VIDEO) --output out/demo/moving --video out/demo/moving/truth.mp4
	build/liae-infer video --model $(DEMO_MODEL) --input out/demo/moving/frames.mp4 \
	  --landmarks out/demo/moving/frames.mp4.jsonl --output out/demo/moving/merged.mp4 \
	  --erode 10 --blur 40 --color-transfer none --force
	ffmpeg -v error -y -i out/demo/moving/frames.mp4 -i out/demo/moving/merged.mp4 -i out/demo/moving/truth.mp4 \
	  -filter_complex hstack=inputs=3 -map_metadata 1 -crf 18 -pix_fmt yuv420p out/demo/swap.mp4
	@echo "The pictures to look at:" && ls out/demo/*.png
	@echo "The video, the frames beside the swap and the true swap:" && ls out/demo/swap.mp4

LANDMARKS_VENV := build/venv-landmarks

$(LANDMARKS_VENV)/ready: examples/landmarks/requirements.txt
	@$(PYTHON) -c 'import sys; sys.exit(not (3, 9) <= sys.version_info[:2] <= (3, 12))' || \
	  { echo "venv-landmarks: mediapipe needs Python 3.9 to 3.12; name one by PYTHON=python3.12" >&2; exit 1; }
	$(PYTHON) -m venv $(LANDMARKS_VENV)
	$(LANDMARKS_VENV)/bin/pip install -q --disable-pip-version-check --no-deps -r examples/landmarks/requirements.txt
	@touch $@

## venv-landmarks: build/venv-landmarks, the Python environment of examples/landmarks and examples/python/live.py
.PHONY: venv-landmarks demo-video
venv-landmarks: $(LANDMARKS_VENV)/ready

## demo-video: find the faces of FILE and swap them with MODEL; the video is out/demo-video/result.mp4
demo-video: MODEL ?= $(DEMO_MODEL)
demo-video: cli venv-landmarks
	@test -n "$(FILE)" || { echo "demo-video: expected FILE=VIDEO and MODEL=CHECKPOINT" >&2; exit 2; }
	@mkdir -p out/demo-video
	$(LANDMARKS_VENV)/bin/python examples/landmarks/find_landmarks.py "$(FILE)" out/demo-video/landmarks.jsonl --force
	build/liae-infer video --model "$(MODEL)" --input "$(FILE)" --landmarks out/demo-video/landmarks.jsonl \
	  --output out/demo-video/result.mp4 --smooth-landmarks on --force $(VIDEO)
	@echo "The video to look at: out/demo-video/result.mp4"

## demo-train: render two persons, take the first steps of the recipe of examples/model, for some ten minutes, and swap them;
## the pictures are in out/demo-train
.PHONY: demo-train
demo-train: cli
	rm -rf out/demo-train/model
	build/liae-train synth --identity a --count 3000 --seed 1 --no-frames --output out/demo-train/src --force
	build/liae-train synth --identity b --count 3000 --seed 2 --no-frames --output out/demo-train/dst --force
	build/liae-train --src out/demo-train/src/aligned --dst out/demo-train/dst/aligned \
	  --model out/demo-train/model --config examples/model/demo.json --target-iter 4000
	build/liae-train evaluate --model out/demo-train/model --sheet out/demo-train/swaps.png --force
	@echo "The pictures to look at:" && ls out/demo-train/*.png out/demo-train/model/*.png

## wheel: build/wheel/liae-VERSION-*.whl, the Python package with the library inside, for pip install
.PHONY: wheel
wheel: lib
	$(PYTHON) python/build_wheel.py --library build/$(LIBRARY) --version $(VERSION) --output build/wheel

# ---- Tests -----------------------------------------------------------------------------------------------------------

.PHONY: check test test-golden test-long venv stage swift-test python-test asan tsan fuzz

$(VENV)/ready: Tests/requirements.txt | test-deps
	$(PYTHON) -m venv $(VENV)
	$(VENV)/bin/pip install -q --disable-pip-version-check -r Tests/requirements.txt
	@touch $@

venv: $(VENV)/ready

# An installed copy for the tests.
stage: all
	@rm -rf $(STAGE)
	@$(MAKE) --no-print-directory install DESTDIR=$(abspath $(STAGE)) > /dev/null

# Without testable imports the tests link the very modules that the library is built of.
swift-test: test-deps
	@mkdir -p build
	$(SWIFT) test -c release --disable-testable-imports $(SWIFTFLAGS) 2>&1 | tee build/swift-test.log

python-test: venv stage headergen
	$(VENV)/bin/python -m pytest -q -rs $(PYTESTS) 2>&1 | tee build/python-test.log

## check: the gates and the Swift tests
check: gates swift-test

## test: all tests: Swift, command line, C interface, Python, examples against an installed copy
test: swift-test python-test
	@grep -h 'Test run with' build/swift-test.log | tail -n 1
	@tail -n 1 build/python-test.log

# How many cases the Swift tests of golden data ran: what their lines say, added up.
golden-cases = awk '/ with [0-9]+ test case/ { for (i = 1; i < NF; i++) if ($$i == "with") n += $$(i + 1) } END { print n + 0 }'

## test-golden: the tests against golden data alone; LIAE_GOLDEN=DIR takes other data than Tests/golden
test-golden: venv all
	@mkdir -p build
	status=0; \
	$(SWIFT) test -c release --disable-testable-imports --filter 'GoldenTests/' $(SWIFTFLAGS) 2>&1 | \
	  tee build/golden-swift.log || status=1; \
	$(VENV)/bin/python -m pytest -q -rs -m golden Tests/python Tests/cli 2>&1 | tee build/golden-python.log || status=1; \
	echo "golden data: $${LIAE_GOLDEN:-Tests/golden}; cases of the Swift tests: $$($(golden-cases) build/golden-swift.log)"; \
	grep -h 'Test run with' build/golden-swift.log | tail -n 1; \
	tail -n 1 build/golden-python.log; \
	exit $$status

## test-mpi: liae-train as two processes against one of twice the batch
.PHONY: test-mpi
test-mpi: mpi venv
	$(VENV)/bin/python -m pytest -q -rs Tests/mpi

## test-arm64: kernels and networks on emulated arm64, held to values made on this processor and to golden data (Tests/arm64)
.PHONY: test-arm64
test-arm64: export LIAE_STORED_VALUES = $(abspath build/arm64/values)
test-arm64:
	@[ "$(DEPS)" = no ] || .ci/deps arm64
	Tests/arm64/build.sh
	$(PYTHON) Tests/arm64/loops.py build/arm64/LiaeKernelsNEON.o
	$(SWIFT) test -c release --disable-testable-imports --filter valuesForOtherProcessors $(SWIFTFLAGS)
	qemu-aarch64-static build/arm64/test-arm64

## test-long: all tests with the long sweeps, and on x86-64 those of emulated arm64
test-long: export LIAE_LONG_TESTS = 1
test-long: test $(if $(filter x86_64,$(shell uname -m)),test-arm64)

SANITIZED_SUITES := LiaeSystemTests LiaeTensorTests LiaeGraphTests LiaeFormatsTests LiaeConvertTests LiaeImageIOTests \
  LiaeFrameTests LiaeSwapTests LiaePackTests LiaeSamplesTests \
  RunErrorTests RunInvarianceTests ImageFormatTests AllocationTests
THREADED_SUITES := ThreadPoolTests RunErrorTests contextsShareAPlan

# The backtracer of Swift hangs on what a sanitizer reports.
asan tsan fuzz: export SWIFT_BACKTRACE = enable=no
asan: export LSAN_OPTIONS = suppressions=$(abspath Tests/leaks.supp):print_suppressions=0

## asan: the Swift tests of files, frames and memory with the address sanitizer; FILTER=SUITE chooses others
asan: FILTER ?= $(SANITIZED_SUITES)
asan: test-deps
	$(SWIFT) test -c release --disable-testable-imports --sanitize=address --scratch-path .build-asan $(addprefix --filter ,$(FILTER)) $(SWIFTFLAGS)

## tsan: the Swift tests of threads with the thread sanitizer; FILTER=SUITE chooses others
tsan: FILTER ?= $(THREADED_SUITES)
tsan: test-deps
	$(SWIFT) test --sanitize=thread --scratch-path .build-tsan $(addprefix --filter ,$(FILTER)) $(SWIFTFLAGS)

## fuzz: build the fuzz targets, replay their corpora, and run each for FUZZ_SECONDS (0)
fuzz: test-deps
	Tests/fuzz/build.sh > /dev/null
	$(if $(filter x86_64,$(shell uname -m)),LIAE_ISA=avx2) Tests/fuzz/run.sh $(FUZZ_SECONDS)

# ---- Gates -----------------------------------------------------------------------------------------------------------

.PHONY: gates check-abi check-isa check-header check-foundation check-imports check-readmes lint format size

## gates: everything below that only looks
gates: check-imports check-readmes check-header check-abi check-isa check-foundation

## check-imports: libc is imported in LiaeSystem alone, Foundation nowhere
check-imports:
	.ci/check-imports

## check-readmes: every folder of sources, examples and benchmarks has a README
check-readmes:
	.ci/check-readmes

## check-header: the header is not stale, compiles as C99 and C++, and says what Swift lays out
check-header: headergen
	.ci/check-header $(RELEASE)/liae-headergen

## check-abi: exports, soname, dependencies and size of build/libliae.so
check-abi: lib
	.ci/check-library build/$(LIBRARY) $(SONAME)

## check-isa: no instruction outside the module that is compiled for it
check-isa: lib
	.ci/check-isa $(RELEASE)

## check-foundation: the library does without Foundation
check-foundation: lib
	.ci/check-foundation build/$(LIBRARY)

## lint: style of the Swift sources
lint:
	$(SWIFT) format lint --strict --recursive Package.swift Sources Tests

## format: bring the Swift sources into that style
format:
	$(SWIFT) format --in-place --recursive Package.swift Sources Tests

## size: bytes of the library by section
size: lib
	size -A build/$(LIBRARY)

# ---- Benchmarks ------------------------------------------------------------------------------------------------------

.PHONY: bench bench-peers bench-pool
BENCH ?=

# The models that docs/performance.md speaks of; in the names of benchmarks/peers.
bench-model = build/liae-infer bench --arch $(1) --resolution $(2) --e-dims $(3) --ae-dims $(4) --d-dims $(3) --d-mask-dims $(5) $(BENCH)

## bench: four models with random weights, by parts; BENCH="--layers --threads 1" are options of liae-infer bench
bench: cli
	@$(call bench-model,liae-udt,256,64,256,32)
	@echo && $(call bench-model,liae-udt,224,64,512,32)
	@echo && $(call bench-model,liae-ud,128,64,256,22)
	@echo && $(call bench-model,liae-udt,320,96,384,32)

POOL_MODEL ?= $(DEMO_MODEL)

## bench-pool: what parallel_for costs against own threads; POOL_MODEL="FILE ARCHITECTURE THREADS ROUNDS"
bench-pool: lib
	$(CC) -O2 -std=c99 -Wall -Wextra -Wpedantic -Iinclude benchmarks/host_pool.c -Lbuild -lliae -lpthread \
	  -Wl,-rpath,$(abspath build) -o build/host_pool
	build/host_pool $(POOL_MODEL)

PEERS ?=
PEERS_VENV := build/venv-peers

# PyTorch's own index calls its build without CUDA 2.13.0+cpu; where pip does not know that name, PyTorch as it comes.
$(PEERS_VENV)/ready: benchmarks/peers/requirements.txt
	$(PYTHON) -m venv $(PEERS_VENV)
	$(PEERS_VENV)/bin/pip install -q --disable-pip-version-check 'torch==2.13.0+cpu' || \
	  $(PEERS_VENV)/bin/pip install -q --disable-pip-version-check torch
	$(PEERS_VENV)/bin/pip install -q --disable-pip-version-check -r benchmarks/peers/requirements.txt
	@touch $@

## bench-train: iterations of training beside PyTorch's, in turn; TORCH_PYTHON is a Python that has torch
.PHONY: bench-train bench-quality
TORCH_PYTHON ?= python3
bench-train: cli
	$(TORCH_PYTHON) benchmarks/training/training.py $(TRAINING)

## bench-quality: a recipe trained here and in PyTorch for as many iterations, and both measured
bench-quality: cli
	$(TORCH_PYTHON) benchmarks/training/quality.py $(TRAINING)

## bench-peers: the same swap on other engines, in turn; PEERS="liae-udt-256 --rounds 31" chooses models and options
bench-peers: lib $(PEERS_VENV)/ready
	$(PEERS_VENV)/bin/python benchmarks/peers/peers.py $(PEERS)

# ---- Installation ----------------------------------------------------------------------------------------------------

.PHONY: install uninstall dist clean

## install: into PREFIX (LIBDIR, INCLUDEDIR, BINDIR), below DESTDIR
install:
	@for file in $(LIBRARY) $(PROGRAMS); do \
	  test -e build/$$file || { echo "install: run make first" >&2; exit 1; }; \
	done
	install -d $(DESTDIR)$(LIBDIR)/pkgconfig $(DESTDIR)$(INCLUDEDIR) $(DESTDIR)$(BINDIR)
	install -m 644 build/$(LIBRARY) $(DESTDIR)$(LIBDIR)/$(LIBRARY)
	ln -sf $(LIBRARY) $(DESTDIR)$(LIBDIR)/$(SONAME)
	ln -sf $(SONAME) $(DESTDIR)$(LIBDIR)/libliae.so
	install -m 644 include/liae.h include/liae.hpp $(DESTDIR)$(INCLUDEDIR)
	$(call write-pc,$(INCLUDEDIR),$(LIBDIR),$(DESTDIR)$(LIBDIR)/pkgconfig/liae.pc)
	install -d $(DESTDIR)$(CMAKEDIR) $(DESTDIR)$(DOCDIR)
	sed -e 's|@SONAME@|$(SONAME)|' -e "s|@INCLUDE@|$$(realpath -m --relative-to=$(CMAKEDIR) $(INCLUDEDIR))|" \
	  pkgconfig/liae-config.cmake.in > $(DESTDIR)$(CMAKEDIR)/liae-config.cmake
	sed -e 's|@NUMBER@|$(call version-part,major).$(call version-part,minor).$(call version-part,patch)|' \
	  -e 's|@MAJOR@|$(call version-part,major)|' -e 's|@MINOR@|$(call version-part,minor)|' \
	  pkgconfig/liae-config-version.cmake.in > $(DESTDIR)$(CMAKEDIR)/liae-config-version.cmake
	install -m 644 LICENSE NOTICE $(DESTDIR)$(DOCDIR)
	install -m 755 $(addprefix build/,$(PROGRAMS)) $(DESTDIR)$(BINDIR)
	install -d $(DESTDIR)$(MANDIR) $(DESTDIR)$(BASHDIR) $(DESTDIR)$(ZSHDIR) $(DESTDIR)$(FISHDIR)
	for program in $(PROGRAMS); do \
	  build/$$program --generate-manual > $(DESTDIR)$(MANDIR)/$$program.1; \
	  build/$$program --generate-completion-script bash | sed '1{/^#!/d}' > $(DESTDIR)$(BASHDIR)/$$program; \
	  build/$$program --generate-completion-script zsh > $(DESTDIR)$(ZSHDIR)/_$$program; \
	  build/$$program --generate-completion-script fish > $(DESTDIR)$(FISHDIR)/$$program.fish; \
	done

## uninstall: takes away what install put there
uninstall:
	rm -f $(DESTDIR)$(LIBDIR)/$(LIBRARY) $(DESTDIR)$(LIBDIR)/$(SONAME) $(DESTDIR)$(LIBDIR)/libliae.so
	rm -f $(addprefix $(DESTDIR)$(INCLUDEDIR)/,liae.h liae.hpp) $(DESTDIR)$(LIBDIR)/pkgconfig/liae.pc
	rm -rf $(DESTDIR)$(CMAKEDIR) $(DESTDIR)$(DOCDIR)
	rm -f $(addprefix $(DESTDIR)$(BINDIR)/,$(PROGRAMS)) $(addprefix $(DESTDIR)$(BASHDIR)/,$(PROGRAMS))
	rm -f $(PROGRAMS:%=$(DESTDIR)$(MANDIR)/%.1) $(PROGRAMS:%=$(DESTDIR)$(ZSHDIR)/_%) $(PROGRAMS:%=$(DESTDIR)$(FISHDIR)/%.fish)

## deb: build/*.deb, Debian packages of the library, of what programs are compiled with, and of the programs
.PHONY: deb
deb: all
	@.ci/deb $(VERSION) build/deb

## dist: build/liae-VERSION.tar.gz of what is committed, and the data of the tests in liae-VERSION-golden.tar.gz
dist:
	@mkdir -p build
	git archive --format=tar.gz --prefix=liae-$(VERSION)/ -o build/liae-$(VERSION).tar.gz HEAD -- . ':(exclude)Tests/golden'
	git archive --format=tar.gz --prefix=liae-$(VERSION)/ -o build/liae-$(VERSION)-golden.tar.gz HEAD Tests/golden

## clean: takes away everything that was built
clean:
	rm -rf build out .build .build-asan .build-tsan
