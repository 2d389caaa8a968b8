#!/bin/sh
# As in the official image: a configuration file or a registry command may be given as the only arguments.
set -e
case "$1" in
	*.yaml | *.yml) set -- registry serve "$@" ;;
	serve | garbage-collect | help | -*) set -- registry "$@" ;;
esac
exec "$@"
