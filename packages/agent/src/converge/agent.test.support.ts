import type { Manifest, MemberView } from '@shoal/common';
import { startHost, until } from './harness.test.support.js';

/** Started by a test as an agent of its own, to be killed: converges the manifests one after another, and prints `step:kind`. */
const { dataDir, manifests, members } = JSON.parse(process.argv[2] ?? '') as {
  dataDir: string;
  manifests: Manifest[];
  members?: MemberView[];
};
const host = await startHost(
  { teardown: () => {} },
  { dataDir, ...(members === undefined ? {} : { members }) },
);
for (const manifest of manifests) {
  host.offer(manifest);
  await until(
    'its end',
    () => {
      for (const kind of host.kinds()) console.log(kind);
      host.events.length = 0;
      if (host.converger.report().state === 'GATING') console.log('gating');
      return host.converger.report().runningRevision === manifest.revision;
    },
    60_000,
  );
  console.log(`revision ${manifest.revision}`);
}
