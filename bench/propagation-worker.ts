// One of the processes that hold the nodes' links, or the watches of etcd, of the propagation benchmark.
import { Links } from './propagation-links.js';
import type { WorkerAnswer, WorkerRequest } from './propagation-messages.js';
import { Watchers } from './propagation-watchers.js';

let source: Links | Watchers | undefined;

async function handle(request: WorkerRequest): Promise<WorkerAnswer> {
  switch (request.kind) {
    case 'link': {
      const links = new Links(request.controller);
      source = links;
      await links.open(request.token, request.nodes);
      return { arrivals: [] };
    }
    case 'watch': {
      const watchers = new Watchers(request);
      source = watchers;
      await watchers.open();
      return { arrivals: [] };
    }
    case 'collect':
      if (source instanceof Links)
        return { arrivals: source.collect(), manifestBytes: source.manifestBytes() };
      return { arrivals: source?.collect() ?? [] };
  }
}

process.on('message', (request: WorkerRequest) => {
  handle(request).then(
    (answer) => process.send?.(answer),
    (error: Error) => process.send?.({ arrivals: [], error: error.stack ?? error.message }),
  );
});
process.on('disconnect', () => process.exit());
