#!/bin/sh
# As in the official image: flags alone, or a traefik command, are given to traefik.
set -e
if [ "${1#-}" != "$1" ] || traefik "$1" --help >/dev/null 2>&1; then
	set -- traefik "$@"
fi
exec "$@"
