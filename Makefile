# Sluice: make run, then paste the curl line that it prints.
.DEFAULT_GOAL := help
.PHONY: help run package package-test image cluster cluster-status cluster-down test gauntlet k8s quick build sim \
  bench observability check format clean train-text train-face check-training

help:  ## this list
	@sed -nE 's/^([a-z-]+):.*## (.*)/  make \1\t\2/p' $(MAKEFILE_LIST) | expand -t 24

run:  ## install what is missing, build, fetch the models, start the server (ARGS="--listen HOST:PORT ...")
	@tools/run_server.sh $(ARGS)

package:  ## .deb and tar.gz with everything that a server needs, and what they consist of (SPDX, CycloneDX): in dist
	@tools/package.sh

image:  ## the container image as an OCI layout, dist/image, without a container engine (ARGS=--openvino: with OpenVINO)
	@tools/package.sh image $(ARGS)

package-test:  ## packages and image installed and run: in a clean Debian, under systemd and podman, within 512 MiB
	@tools/setup.sh package-test && .deps/venv/bin/python -m pytest -q -rs tests/e2e/test_package.py tests/e2e/test_pods.py

cluster:  ## three replicas behind Envoy, with Redis and Prometheus (ARGS=nginx: behind nginx)
	@tools/setup.sh cluster && tools/build.sh sluice && .deps/venv/bin/python tools/cluster.py up $(ARGS)

cluster-status:  ## replica, health, calls a second, P99, breaker; once a second until Ctrl-C (ARGS=--once)
	@.deps/venv/bin/python tools/cluster.py status $(ARGS)

cluster-down:  ## stops what make cluster started
	@.deps/venv/bin/python tools/cluster.py down

test:  ## the same setup, then every test
	@tools/test.sh

gauntlet:  ## ten minutes of failures under load; no client may notice (GAUNTLET_SECONDS=600)
	@tools/setup.sh test && tools/build.sh sluice && \
	  GAUNTLET_SECONDS=$${GAUNTLET_SECONDS:-600} .deps/venv/bin/python -m pytest -q -s tests/chaos

k8s:  ## deploy/kubernetes before a real API server, autoscaler, prometheus-adapter (built first: ten minutes or more)
	@tools/kube.sh

quick:  ## levels and unit tests only: for use while working
	@tools/test.sh --quick

build:  ## set up and build everything but the benchmarks
	@tools/setup.sh run && tools/build.sh

sim:  ## thousands of servers in simulated time (ARGS="--calls 10000000" for long, --seed N to play one again)
	@SIM_ARGS="$(ARGS)" tools/test.sh sim

bench:  ## compare with the raw pipeline and with grpc++, side by side
	@tools/bench.sh $(ARGS)

observability:  ## build Jaeger, VictoriaLogs, an OpenTelemetry Collector (once, needs Go); they read traces and logs
	@tools/observability.sh $(ARGS)

check:  ## format, lint and layering of what changed (ARGS=--all for everything), unit tests under ASan, UBSan and TSan
	@tools/check.sh $(ARGS)
	@tools/test.sh asan tsan

format:  ## clang-format over the C++ files
	@git ls-files '*.cc' '*.h' | xargs clang-format -i

clean:  ## remove what was built; .deps and models stay
	rm -rf build build-dev build-asan build-tsan build-fuzz build-sim-bugs

train-text:  ## train the text classifiers again (7 CPU minutes; ARGS go to training/text/run.sh)
	@training/text/run.sh $(ARGS)

train-face:  ## train the face detector again (hours; ARGS go to training/face/run.sh)
	@training/face/run.sh $(ARGS)

check-training:  ## a short training run of the face detector against its curve (minutes; ARGS go to its check.sh)
	@training/face/check.sh $(ARGS)
