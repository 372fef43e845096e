#!/usr/bin/env bash
# Shows that "bench chaos" would notice: each fault that is planted behind a
# build tag must be caught by one of twenty seeds.
set -euo pipefail
cd "$(dirname "$0")/../.."
bin=$(mktemp -d)
trap 'rm -rf "$bin"' EXIT
for fault in plant_save_before_ack plant_ack_before_publish plant_ack_before_insert; do
	"${GO:-go}" build -tags "$fault" -o "$bin/$fault" ./cmd/prevalence
	echo "== $fault"
	"$bin/$fault" bench chaos --planted --seeds 20
done
