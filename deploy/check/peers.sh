#!/usr/bin/env bash
# peers.sh PREVALENCE: how long a scan takes beside other scanners, over the
# same unpacked tree, each as a whole process with one thread, alternating.
#
# CORPUS   a folder of distributions, or one with files/ in it.
# TOOLS    a folder with ruff, hexora, guarddog, bandit, as a virtual
#          environment's bin; default: those on PATH. One that is missing is
#          said so and left out.
# ROUNDS   how often each is run; default 5. The slow ones run once.
# WORK     where the sources are unpacked; default a folder that is removed.
#
# Times are of the processor (user and system): on a busy machine the clock
# measures the others. The ratio is of medians.
set -euo pipefail
prevalence=$(realpath "${1:?the prevalence binary}")
: "${CORPUS:?a folder of distributions}"
rounds=${ROUNDS:-5}
here=$(realpath "$(dirname "$0")")/accuracy
files=$(realpath "$CORPUS")
[ -d "$files/files" ] && files=$files/files
work=${WORK:-}
if [ -z "$work" ]; then
	work=$(mktemp -d)
	trap 'rm -rf "$work"' EXIT
fi
[ -d "$work/tree" ] || "${PYTHON:-python3}" "$here/unpack.py" "$files" "$work/tree"
bytes=$(find "$work/tree/" -name '*.py' -printf '%s\n' | awk '{ n += $1 } END { print n }')

tool() { PATH=${TOOLS:+$TOOLS:}$PATH command -v "$1" || :; }
export GOMAXPROCS=1 RAYON_NUM_THREADS=1
TIMEFORMAT='%U %S'
# once NAME COMMAND…: runs it and notes its processor time.
once() {
	local name=$1 status=0
	shift
	{ time "$@" >"$work/$name.out" 2>"$work/$name.err" || status=$?; } 2>"$work/time"
	if [ "$status" -gt 1 ]; then # scanners end with 1 when they found something
		echo "$name failed:" >&2
		tail -n 3 "$work/$name.err" >&2
		exit 1
	fi
	awk '{ print $1 + $2 }' "$work/time" >>"$work/$name.times"
}
rm -f "$work"/*.times

cd "$work/tree"
ruff=$(tool ruff)
[ -n "$ruff" ] || echo "ruff is not installed: left out"
for _ in $(seq "$rounds"); do
	once prevalence "$prevalence" scan --threads 1 ./*
	[ -z "$ruff" ] || once ruff "$ruff" check --isolated --no-cache --ignore-noqa --select S --output-format concise --exit-zero ./*
done
for name in hexora guarddog bandit; do
	path=$(tool "$name")
	if [ -z "$path" ]; then
		echo "$name is not installed: left out"
		continue
	fi
	case $name in
	hexora) once hexora "$path" audit . ;;
	guarddog) once guarddog "$path" pypi scan . ;;
	bandit) once bandit "$path" -r . -x '' --ignore-nosec -q --exit-zero ;;
	esac
done

median() { sort -n "$work/$1.times" | awk '{ a[NR] = $1 } END { print a[int((NR + 1) / 2)] }'; }
ours=$(median prevalence)
printf '%-12s %8s %8s %22s\n' scanner seconds MB/s "prevalence is faster by"
for name in prevalence ruff hexora guarddog bandit; do
	[ -s "$work/$name.times" ] || continue
	awk -v n="$name" -v s="$(median "$name")" -v o="$ours" -v b="$bytes" 'BEGIN { printf "%-12s %8.2f %8.1f %21.2fx\n", n, s, b / 1e6 / s, s / o }'
done
