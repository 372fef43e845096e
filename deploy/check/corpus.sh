#!/usr/bin/env bash
# corpus.sh PREVALENCE: crawls a folder of real distributions five times from an
# empty store and demands five equal tables: through two index servers, through
# each of them with one answer in twenty spoiled, and as a folder.
#
# CORPUS   the folder. It holds files/ (distributions) and manifest.tsv
#          (project, version, file, bytes, sha256, rank, …; one row a file), and
#          serve.sh SERVER PORT VENV, which serves files/ on loopback through
#          "pypiserver" (HTML) or "simple" (JSON), installed from its wheels.
#          A folder without these is a plain wheelhouse, served by ourselves in
#          both forms. Unset: a generated wheelhouse.
# RANKING  a ranking; unset: none, or the generated one.
# OUT      where tables and outcomes are left; default out/corpus.
set -euo pipefail
prevalence=$(realpath "${1:?the prevalence binary}")
out=${OUT:-out/corpus}
mkdir -p "$out"
out=$(realpath "$out")
work=$(mktemp -d)
server=
proxy=
stop() { # stop PID
	[ -z "$1" ] && return
	kill "$1" 2>/dev/null || :
	wait "$1" 2>/dev/null || :
}
stop_servers() {
	stop "$proxy"
	stop "$server"
	proxy= server=
}
trap 'stop_servers; rm -rf "$work"' EXIT

ranking=${RANKING:-none}
if [ -z "${CORPUS:-}" ]; then
	"$prevalence" demo --write "$work/corpus"
	CORPUS=$work/corpus
	ranking=${RANKING:-$CORPUS/ranking.json}
fi
corpus=$(realpath "$CORPUS")
files=$corpus
[ -d "$corpus/files" ] && files=$corpus/files
[ "$ranking" = none ] || ranking=$(realpath "$ranking")

# serve KIND PORT: starts an index server over the files and waits for it.
serve() {
	if [ -x "$corpus/serve.sh" ]; then
		if [ ! -d "$work/venv" ]; then
			python3 -m venv "$work/venv"
			"$work/venv/bin/pip" install --quiet --disable-pip-version-check --no-index \
				--find-links "$corpus/servers" --find-links "$corpus/tools" --find-links "$files" \
				pypiserver simple-repository-server
		fi
		bash "$corpus/serve.sh" "$1" "$2" "$work/venv" >"$out/$1.server" 2>&1 &
	else
		form=json
		[ "$1" = pypiserver ] && form=html
		"$prevalence" demo --serve "$files" --form "$form" --listen "127.0.0.1:$2" >"$out/$1.server" 2>&1 &
	fi
	server=$!
	answers "$1" "$2" "$server"
}

# spoil KIND PORT TARGET: starts a proxy before a server that spoils one answer
# in twenty.
spoil() {
	"$prevalence" demo --serve "http://127.0.0.1:$3/simple/" --faults 0.05 --listen "127.0.0.1:$2" >"$out/$1.server" 2>&1 &
	proxy=$!
	answers "$1" "$2" "$proxy"
}

# answers KIND PORT PID: waits until it does.
answers() {
	for _ in $(seq 300); do
		if (exec 3<>"/dev/tcp/127.0.0.1/$2") 2>/dev/null; then return; fi
		kill -0 "$3" 2>/dev/null || { cat "$out/$1.server" >&2; exit 1; }
		sleep 0.1
	done
	echo "corpus: the $1 server did not start" >&2
	exit 1
}

# crawl NAME INDEX: one crawl from an empty store; leaves table and outcomes.
crawl() {
	local data=$work/data-$1 started=$SECONDS index=$2
	echo "corpus: $1"
	"$prevalence" up --until-idle --data "$data" --index "$index" --ranking "$ranking" --progress lines 2>&1 >"$out/$1.up" |
		tee "$out/$1.log" | { grep -v 'level=INFO' || :; }
	peak=$(sed -n 's/.*peak_mib=\([0-9]*\).*/\1/p' "$out/$1.log" | sort -n | tail -1)
	echo "corpus: a worker had at most ${peak:?no worker told its peak} MiB resident"
	[ "$peak" -lt 400 ] || { echo "corpus: that is more than 400 MiB" >&2; exit 1; }
	"$prevalence" query top --all --data "$data" --format csv >"$out/$1.table.csv"
	"$prevalence" query projects --data "$data" --format csv >"$out/$1.projects.csv"
	"$prevalence" query top --by category --data "$data" >"$out/$1.table.txt"
	echo "corpus: $1 took $((SECONDS - started)) s"
}

for kind in pypiserver simple; do
	port=$((20000 + RANDOM % 20000))
	serve "$kind" "$port"
	crawl "$kind" "http://127.0.0.1:$port/simple/"
	spoil "$kind-spoiled" "$((port + 1))" "$port"
	crawl "$kind-spoiled" "http://127.0.0.1:$((port + 1))/simple/"
	stop_servers
	sed -n 's/^\(.* spoiled\)$/corpus: \1/p' "$out/$kind-spoiled.server"
done
crawl folder "$files"

# A second run over an unchanged folder has nothing to do.
began=$(date +%s%N)
"$prevalence" up --until-idle --data "$work/data-folder" --index "$files" --ranking "$ranking" --progress none >/dev/null 2>"$out/second.log"
took=$((($(date +%s%N) - began) / 1000000))
echo "corpus: a second run took $took ms, start and end of the database included"
if ! grep -q 'msg="nothing changed since the last sweep"' "$out/second.log" || [ "$took" -gt 5000 ]; then
	echo "corpus: the second run did something, or took its time:" >&2
	cat "$out/second.log" >&2
	exit 1
fi

cat "$out/folder.table.txt"
echo
echo "Outcomes of $(($(wc -l <"$out/folder.projects.csv") - 1)) projects:"
tail -n +2 "$out/folder.projects.csv" | awk -F, '{ print "  " $4 ($5 == "" ? "" : ": " $5) }' | sort | uniq -c

failed=0
for kind in pypiserver pypiserver-spoiled simple simple-spoiled; do
	for what in table projects; do
		if ! cmp -s "$out/$kind.$what.csv" "$out/folder.$what.csv"; then
			echo "corpus: the $what by $kind differs from the folder's:" >&2
			diff "$out/folder.$what.csv" "$out/$kind.$what.csv" | head -20 >&2 || :
			failed=1
		fi
	done
done
compared=
if [ -f "$corpus/manifest.tsv" ] && [ "$ranking" != none ]; then
	compared=", ranks as in the manifest"
	tail -n +2 "$corpus/manifest.tsv" | awk -F'\t' '{ print $1 "," $6 }' | sort -u >"$work/want"
	tail -n +2 "$out/folder.projects.csv" | cut -d, -f1,2 | sort -u >"$work/got"
	if ! diff "$work/want" "$work/got" >"$work/diff"; then
		echo "corpus: projects or ranks differ from the manifest's:" >&2
		head -20 "$work/diff" >&2
		failed=1
	fi
fi
[ "$failed" = 0 ] && echo "corpus: five equal tables$compared"
exit "$failed"
