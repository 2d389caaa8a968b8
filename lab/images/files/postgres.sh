#!/bin/bash
# Starts PostgreSQL by the environment contract of the official image: POSTGRES_USER, POSTGRES_PASSWORD, POSTGRES_DB
# (each also as NAME_FILE), POSTGRES_INITDB_ARGS, POSTGRES_HOST_AUTH_METHOD, PGDATA, /docker-entrypoint-initdb.d.
set -Eeuo pipefail
shopt -s nullglob

if [ $# -eq 0 ] || [ "${1#-}" != "$1" ]; then
	set -- postgres "$@"
fi
if [ "$1" != postgres ]; then
	exec "$@"
fi

export PGDATA="${PGDATA:-/var/lib/postgresql/data}"
if [ "$(id -u)" = 0 ]; then
	mkdir -p "$PGDATA" /var/run/postgresql
	chown postgres:postgres "$PGDATA" /var/run/postgresql
	find "$PGDATA" \! -user postgres -exec chown postgres '{}' +
	exec setpriv --reuid=postgres --regid=postgres --init-groups "$0" "$@"
fi
chmod 0700 "$PGDATA" 2>/dev/null || true

from_file() { # value of a variable, or of the file named by <variable>_FILE
	local name="$1" file="$1_FILE"
	if [ -n "${!name:-}" ] && [ -n "${!file:-}" ]; then
		echo "error: both $name and $file are set" >&2
		exit 1
	fi
	if [ -n "${!file:-}" ]; then
		export "$name"="$(<"${!file}")"
	fi
	unset "$file"
}

first_start() {
	from_file POSTGRES_PASSWORD
	from_file POSTGRES_USER
	from_file POSTGRES_DB
	from_file POSTGRES_INITDB_ARGS
	local user="${POSTGRES_USER:-postgres}" method="${POSTGRES_HOST_AUTH_METHOD:-scram-sha-256}"
	local database="${POSTGRES_DB:-$user}"
	if [ -z "${POSTGRES_PASSWORD:-}" ] && [ "$method" != trust ]; then
		echo "error: the database is empty and POSTGRES_PASSWORD is not set" >&2
		exit 1
	fi

	local secret
	secret="$(mktemp)"
	printf '%s\n' "${POSTGRES_PASSWORD:-}" >"$secret"
	local options=(--username="$user" --encoding=UTF8 --locale=C.UTF-8 --auth-local=trust --auth-host="$method")
	[ -z "${POSTGRES_PASSWORD:-}" ] || options+=(--pwfile="$secret")
	# an interrupted initdb removes what it made, so a restart begins afresh
	eval 'initdb "${options[@]}" '"${POSTGRES_INITDB_ARGS:-}"
	rm -f "$secret"
	printf '\nhost all all all %s\n' "$method" >>"$PGDATA/pg_hba.conf"

	pg_ctl -w -o "-c listen_addresses=''" start
	local psql=(psql -v ON_ERROR_STOP=1 --no-psqlrc --username "$user" --dbname)
	if [ "$database" != postgres ]; then
		"${psql[@]}" postgres -v name="$database" <<<'CREATE DATABASE :"name";'
	fi
	local file
	for file in /docker-entrypoint-initdb.d/*; do
		echo "running $file"
		case "$file" in
			*.sh) if [ -x "$file" ]; then "$file"; else . "$file"; fi ;;
			*.sql) "${psql[@]}" "$database" -f "$file" ;;
			*.sql.gz) gunzip -c "$file" | "${psql[@]}" "$database" ;;
			*) echo "ignored: $file" ;;
		esac
	done
	pg_ctl -m fast -w stop
}

# A killed first start leaves half a database. The marker beside PGDATA tells it from a whole one, where it can be written.
marker="$PGDATA.first-start"
if [ -e "$marker" ]; then
	echo "the first start was interrupted; beginning again"
	find "$PGDATA" -mindepth 1 -delete
fi
if [ ! -s "$PGDATA/PG_VERSION" ]; then
	mkdir -p "$PGDATA"
	touch "$marker" 2>/dev/null || true
	first_start
	rm -f "$marker"
fi
unset POSTGRES_PASSWORD
exec "$@"
