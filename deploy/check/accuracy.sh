#!/usr/bin/env bash
# accuracy.sh PREVALENCE: how much of what is in a folder of distributions a
# scan sees, and whether others see more. docs/accuracy.md explains the tables.
#
# CORPUS   the folder, or one with files/ in it; unset: nothing to measure.
# PYTHON   a CPython of 3.9 or later; default python3.
# TOOLS    a folder with bandit and ruff, as a virtual environment's bin; one
#          that is missing is left out. Default: those on PATH.
# OUT      where tables and lists of misses are left; default out/accuracy.
# WORK     where the sources are unpacked; default a folder that is removed.
# SEED     draws evidence to be judged into $OUT/drawn.tsv; see evidence.py.
set -euo pipefail
prevalence=$(realpath "${1:?the prevalence binary}")
: "${CORPUS:?a folder of distributions}"
python=${PYTHON:-python3}
here=$(realpath "$(dirname "$0")")/accuracy
files=$(realpath "$CORPUS")
[ -d "$files/files" ] && files=$files/files
out=${OUT:-out/accuracy}
mkdir -p "$out"
out=$(realpath "$out")
work=${WORK:-}
if [ -z "$work" ]; then
	work=$(mktemp -d)
	trap 'rm -rf "$work"' EXIT
fi
tool() { PATH=${TOOLS:+$TOOLS:}$PATH command -v "$1" || :; }

[ -d "$work/tree" ] || "$python" "$here/unpack.py" "$files" "$work/tree"
go build -o "$work/accuracy" "$here"
"$prevalence" scan --format json --evidence all "$work/tree"/* >"$work/scan.jsonl"
"$prevalence" scan --format json --evidence all "$files" >"$work/files.jsonl"

peers=()
ruff=$(tool ruff)
if [ -n "$ruff" ]; then
	(cd "$work/tree" && "$ruff" check --isolated --no-cache --ignore-noqa --select S --output-format json --exit-zero .) >"$work/ruff.json" 2>"$work/ruff.log"
	peers+=(-ruff "$work/ruff.json")
fi
bandit=$(tool bandit)
if [ -n "$bandit" ]; then
	# It takes minutes, and the tree does not change: keep what is there.
	[ -s "$work/bandit.json" ] || (cd "$work/tree" && "$bandit" -r . -x '' --ignore-nosec -q -f json \
		-t B102,B103,B301,B302,B306,B307,B323,B501,B506,B602,B603,B605,B606,B607,B609,B614 -o "$work/bandit.json" --exit-zero) 2>"$work/bandit.log"
	peers+=(-bandit "$work/bandit.json")
fi
if [ ${#peers[@]} -gt 0 ]; then
	"$work/accuracy" peers -scan "$work/scan.jsonl" -tree "$work/tree" "${peers[@]}" -out "$out" | tee "$out/peers.txt"
fi
manifest=$(dirname "$files")/manifest.tsv
if [ -f "$manifest" ]; then
	"$work/accuracy" shares -scan "$work/files.jsonl" -manifest "$manifest" >"$out/shares.md"
	"$python" "$here/text.py" "$work/tree" "$manifest" >"$out/text.md"
fi
if [ -n "${SEED:-}" ]; then
	"$work/accuracy" sample -scan "$work/files.jsonl" -seed "$SEED" >"$out/drawn.tsv"
fi
[ -s "$work/calls.tsv" ] || "$python" "$here/calls.py" "$work/tree" >"$work/calls.tsv"
"$work/accuracy" recall -scan "$work/scan.jsonl" -calls "$work/calls.tsv" -misses "$out/misses.tsv" | tee "$out/recall.txt"
