#!/usr/bin/env bash
# annotate.sh PREVALENCE: annotates what ruff and bandit really print over a
# folder of distributions, by a dataset of that same folder, and demands valid
# SARIF, every finding kept, and what --hide common leaves out counted.
#
# CORPUS     the folder, or one with files/ in it.
# TOOLS      a folder with bandit and ruff, as a virtual environment's bin;
#            default: those on PATH. One that is missing is said so.
# REFERENCE  a reference.json or a dataset's folder; default: one is made, by a
#            crawl of the folder.
# EVERY      bandit reads every n-th distribution; default 12, it takes minutes.
# OUT        where the annotated reports are left; default out/annotate.
# WORK       where the sources are unpacked; default a folder that is removed.
set -euo pipefail
prevalence=$(realpath "${1:?the prevalence binary}")
: "${CORPUS:?a folder of distributions}"
here=$(realpath "$(dirname "$0")")
files=$(realpath "$CORPUS")
[ -d "$files/files" ] && files=$files/files
out=${OUT:-out/annotate}
mkdir -p "$out"
out=$(realpath "$out")
work=${WORK:-}
if [ -z "$work" ]; then
	work=$(mktemp -d)
	trap 'rm -rf "$work"' EXIT
fi
tool() { PATH=${TOOLS:+$TOOLS:}$PATH command -v "$1" || :; }

[ -d "$work/tree" ] || "${PYTHON:-python3}" "$here/accuracy/unpack.py" "$files" "$work/tree"
reference=${REFERENCE:-}
if [ -z "$reference" ]; then
	"$prevalence" up --until-idle --data "$work/data" --index "$files" --ranking none --progress none >/dev/null 2>"$work/up.log"
	"$prevalence" export --data "$work/data" --out "$work/datasets" --log-level warn >/dev/null
	reference=$(echo "$work"/datasets/*)
fi
reference=$(realpath "$reference")
go build -o "$work/accuracy" "$here/accuracy"
schema=$here/../../query/annotate/testdata/sarif-schema-2.1.0.json

# annotated NAME: annotates $work/NAME.sarif and checks what comes out.
annotated() {
	echo
	echo "annotate: $1"
	"$prevalence" annotate "$work/$1.sarif" --reference "$reference" --sort rarity >"$out/$1.sarif"
	"$prevalence" annotate "$work/$1.sarif" --reference "$reference" --hide common --sort rarity >"$out/$1.hidden.sarif"
	"$prevalence" annotate "$work/$1.sarif" --reference "$reference" --hide common --summary | tee "$out/$1.txt"
	"$work/accuracy" sarif -schema "$schema" -before "$work/$1.sarif" "$out/$1.sarif" "$out/$1.hidden.sarif"
}

ruff=$(tool ruff)
if [ -n "$ruff" ]; then
	(cd "$work/tree" && "$ruff" check --isolated --no-cache --ignore-noqa --preview --select S --output-format sarif --exit-zero . >"$work/ruff.sarif" 2>"$work/ruff.log")
	annotated ruff
else
	echo "annotate: ruff is not installed: left out"
fi
bandit=$(tool bandit)
if [ -n "$bandit" ]; then
	# One run a distribution: its SARIF formatter fails on some results, and then
	# prints nothing of the others. What fails is said so.
	mapfile -t some < <(cd "$work/tree" && printf '%s\n' * | awk -v n="${EVERY:-12}" 'NR % n == 0')
	mkdir -p "$work/bandit"
	for name in "${some[@]}"; do
		(cd "$work/tree" && "$bandit" -r "$name" -x '' --ignore-nosec -q -f sarif -o "$work/bandit/$name.sarif" --exit-zero) 2>"$work/bandit.log" ||
			{ rm -f "$work/bandit/$name.sarif"; echo "annotate: bandit fails on $name: $(tail -n 1 "$work/bandit.log")"; }
	done
	"${PYTHON:-python3}" -c 'import json, sys
runs = [run for name in sys.argv[1:] for run in json.load(open(name))["runs"]]
json.dump({"version": "2.1.0", "runs": runs}, sys.stdout)' "$work"/bandit/*.sarif >"$work/bandit.sarif"
	annotated bandit
else
	echo "annotate: bandit is not installed: left out"
fi
