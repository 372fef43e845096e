#!/usr/bin/env bash
# The binary of the image: linked statically, and the same from two copies of
# the source in two folders.
set -euo pipefail
cd "$(dirname "$0")/../.."
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
build() { # build FOLDER OUT, as deploy/Dockerfile does
	(cd "$1" && CGO_ENABLED=0 go build -trimpath -tags noengine -ldflags "-s -w -buildid= -X main.version=check" -o "$2" ./cmd/prevalence)
}
grep -q -- '-trimpath -tags noengine -ldflags "-s -w -buildid= -X main.version' deploy/Dockerfile ||
	{ echo "deploy/Dockerfile builds in another way than this check does" >&2; exit 1; }
git ls-files -z -- go.mod go.sum cmd crawler worker aggregator query schemas internal | tar -c --null -T - | tar -x -C "$work"
build . "$work/one.bin"
build "$work" "$work/two.bin"
cmp "$work/one.bin" "$work/two.bin" || { echo "two builds of the same source differ" >&2; exit 1; }
go run ./deploy/check/binary "$work/one.bin"
