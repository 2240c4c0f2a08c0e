#!/bin/sh
# Shoal brings the Node.js that it was tested with: the host needs none, and what is installed there isn't touched.
exec /usr/lib/shoal/node /usr/lib/shoal/shoal.cjs "$@"
