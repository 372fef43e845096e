#!/usr/bin/env bash
# fuzz.sh TIME: runs every fuzz target of the module for TIME, one after the
# other, with PARALLEL processes (by default one a processor). Findings land in
# the target's testdata/fuzz and fail the run.
set -euo pipefail
time=${1:?how long for each target, for example 10s}
for package in $(go list ./...); do
	for target in $(go test -list '^Fuzz' "$package" | grep '^Fuzz' || :); do
		echo "fuzz: $package $target for $time"
		go test -run '^$' -fuzz "^$target\$" -fuzztime "$time" -fuzzminimizetime 100x ${PARALLEL:+-parallel "$PARALLEL"} "$package"
	done
done
