import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Manifest, MemberView } from '@shoal/common';
import { runCommand } from './command.js';
import { createFreezer } from './freeze.test.support.js';
import { startHost, until } from './harness.test.support.js';
import type { Freeze } from './kill-agent.test.support.js';

/** Started by a test as an agent of its own, to be killed: converges the manifests one after another, and prints `step:kind`. */
const { dataDir, manifests, members, freeze } = JSON.parse(process.argv[2] ?? '') as {
  dataDir: string;
  manifests: Manifest[];
  members?: MemberView[];
  freeze?: Freeze;
};

/** A runner of commands that stands still where it is told to. */
function freezing({ step, point }: Freeze): typeof runCommand {
  const begun = () => {
    try {
      return readFileSync(join(dataDir, 'converge/attempt/journal'), 'utf8').includes(`"step":"${step}"`);
    } catch {
      return false;
    }
  };
  const freezer = createFreezer(begun);
  freezer.arm(point);
  void freezer.frozen.then(() => console.log('frozen'));
  return freezer.wrap(runCommand);
}

const host = await startHost(
  { teardown: () => {} },
  {
    dataDir,
    ...(members === undefined ? {} : { members }),
    ...(freeze === undefined ? {} : { run: freezing(freeze) }),
  },
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
