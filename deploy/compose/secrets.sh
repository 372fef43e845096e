#!/bin/sh
# Draws every password once, into deploy/compose/secrets/: a file a role, and
# what the two servers take from their environment. What is there stays.
set -eu
cd "$(dirname "$0")"
umask 077
mkdir -p secrets
draw() { # draw NAME: a password of 192 bits in the file of that name
	[ -s "secrets/$1" ] || od -An -N24 -tx1 /dev/urandom | tr -d ' \n' >"secrets/$1"
}
for name in nats_operator nats_crawler nats_worker nats_aggregator nats_reader nats_admin nats_route \
	clickhouse_owner clickhouse_writer clickhouse_reader email_key grafana_admin; do
	draw $name
done
# The letter in front keeps NATS from reading a password as a number.
{
	for role in operator crawler worker aggregator reader admin route; do
		file=secrets/nats_$role
		case $(cat "$file") in p*) ;; *) printf 'p%s' "$(cat "$file")" >"$file.new" && mv "$file.new" "$file" ;; esac
		echo "NATS_PASSWORD_$(echo $role | tr a-z A-Z)=$(cat "$file")"
	done
	for n in 1 2 3; do
		echo "NATS_ROUTE_$n=nats://route:$(cat secrets/nats_route)@nats-$n:6222"
	done
} >secrets/nats.env
for role in owner writer reader; do
	echo "CLICKHOUSE_$(echo $role | tr a-z A-Z)_SHA256=$(sha256sum "secrets/clickhouse_$role" | cut -d' ' -f1)"
done >secrets/clickhouse.env
# A container's user is no user of this machine: it reads its one file.
chmod 644 secrets/*
echo "deploy/compose/secrets/ is complete; keep it out of backups that others read"
