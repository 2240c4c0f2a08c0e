import type { NodeView } from '@shoal/common';
import { test } from 'tap';
import { drainWords, waitsFor } from './drain.js';

const node = {
  name: 'node-3',
  connected: true,
  services: [{ service: 'web' }, { service: 'gw' }],
  draining: [],
  drainAsked: [],
} as unknown as NodeView;

test('what was asked of a node is said by how it stood', async (t) => {
  t.equal(drainWords('drain', node, 'web'), 'asked node-3 to drain web');
  t.equal(drainWords('drain', node, undefined), 'asked node-3 to drain web, gw');
  t.equal(drainWords('undrain', node, undefined), "node-3 wasn't drained");
  const asked = { ...node, drainAsked: ['web'] };
  t.equal(drainWords('drain', asked, 'web'), 'node-3 was asked to drain web before');
  t.equal(drainWords('drain', asked, undefined), 'asked node-3 to drain web, gw', 'more than before');
  t.equal(drainWords('undrain', asked, 'gw'), "gw wasn't drained on node-3");
  t.equal(drainWords('undrain', asked, undefined), 'asked node-3 to take requests for web again');
});

test('drained and quiet: told so by the node, and no request in figures of the time since', async (t) => {
  const figures = (at: number, rate: number) => ({
    ...{ node: 'node-3', at },
    values: { 'service.web.requests_per_s': rate },
  });
  t.equal(waitsFor({ ...node, connected: false }, 'web', undefined, undefined), "it isn't connected");
  t.equal(waitsFor(node, undefined, undefined, undefined), 'it still takes requests for web, gw');
  const drained = { ...node, draining: ['*'] };
  t.equal(waitsFor(drained, undefined, figures(5, 0), 5), 'it has not told its figures since');
  t.equal(waitsFor(drained, undefined, figures(6, 3.21), 5), 'web still gets 3.2 requests a second');
  t.equal(waitsFor(drained, undefined, figures(7, 0), 5), '');
  t.equal(waitsFor(drained, 'gw', figures(6, 3), 5), '', 'nothing tells of its requests');
});
