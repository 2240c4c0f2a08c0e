#!/bin/sh
# Shoal brings the Node.js that it was tested with: the host needs none, and what is installed there isn't touched.
library=/usr/lib/shoal
case "$1 $2" in
  'agent run')
    if [ -e "$library/agent.cjs" ]; then
      # Small and long-lived: by its own bundle alone, without code for speed that it doesn't need, with one malloc arena
      # and freed memory given back (docs/decisions/0007-agent-footprint.md).
      export MALLOC_ARENA_MAX=1 MALLOC_TRIM_THRESHOLD_=65536
      exec "$library/node" --optimize-for-size --no-opt --no-sparkplug "$library/agent.cjs" "$@"
    fi
    ;;
  demo*) export SHOAL_COMMAND="$0" ;;
esac
exec "$library/node" "$library/shoal.cjs" "$@"
