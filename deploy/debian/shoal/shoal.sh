#!/bin/sh
# Shoal brings the Node.js that it was tested with: the host needs none, and what is installed there isn't touched.
flags=
case "$1" in
  # Small and long-lived: a small young generation costs the agent no speed and saves 6 MB.
  agent) flags=--max-semi-space-size=1 ;;
esac
exec /usr/lib/shoal/node $flags /usr/lib/shoal/shoal.cjs "$@"
