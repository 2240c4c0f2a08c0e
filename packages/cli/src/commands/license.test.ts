import { execFile } from 'node:child_process';
import { readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { errorStatus, licenseRefusalCodes } from '@shoal/common';
import { test } from 'tap';

const cluster = '5b1f0a9c6d2e8b7f4a31';
const command = join(import.meta.dirname, '../../bin/shoal.js');

test('a vendor makes a key, signs, verifies, and revokes', async (t) => {
  const cwd = t.testdir({});
  /** All that was printed or written but the key itself. */
  const said: string[] = [];
  const shoal = (...args: string[]) =>
    new Promise<{ code: number; stdout: string; stderr: string }>((resolve) => {
      execFile(process.execPath, [command, 'license', ...args], { cwd }, (error, stdout, stderr) => {
        said.push(stdout, stderr);
        resolve({ code: error === null ? 0 : Number(error.code), stdout, stderr });
      });
    });
  const trust = ['--trust', 'trust.json'];
  const keygen = await shoal(
    'keygen',
    '--out',
    'acme.jwk',
    '--form',
    'jwk',
    '--vendor',
    'Acme',
    ...trust,
    '--json',
  );
  t.equal(keygen.code, 0);
  const { kid } = JSON.parse(keygen.stdout);
  t.match(JSON.parse(await readFile(join(cwd, 'trust.json'), 'utf8')), {
    keys: [{ kid, vendor: 'Acme' }],
    revoked: [],
  });
  t.equal((await stat(join(cwd, 'acme.jwk'))).mode & 0o777, 0o600);
  const key = await readFile(join(cwd, 'acme.jwk'), 'utf8');
  t.match(await shoal('keygen', '--out', 'acme.jwk'), { code: 5, stderr: /never overwritten/ });
  t.equal(await readFile(join(cwd, 'acme.jwk'), 'utf8'), key);

  await writeFile(join(cwd, 'public.jwk'), JSON.stringify(JSON.parse(keygen.stdout).publicKey));
  const added = await shoal('trust', 'public.jwk', '--vendor', 'Acme', '--trust', 'build.json');
  t.match(added, { code: 0, stdout: `${kid}\n`, stderr: /SHOAL_LICENSE_KEYS=build\.json/ });
  t.match(await shoal('trust', 'acme.jwk', '--vendor', 'Acme', ...trust), {
    code: 5,
    stderr: /has the key .* already/,
  });

  await writeFile(
    join(cwd, 'shop.yaml'),
    `customer: Shop\ncluster: ${cluster}\ntier: premium\nvalidFor: 365d\n`,
  );
  const order = ['issue', '--key', 'acme.jwk', ...trust, '--request', 'shop.yaml', '--nodes', '7'];
  const issued = await shoal(...order);
  t.match(issued, { code: 0, stdout: /^eyJ[\w-]+\.[\w-]+\.[\w-]{86}\n$/, stderr: /nodes {5}7\n/ });
  for (const [flag, value, message] of [
    ['--warn-days', '30,x', '--warn-days: "x" is not a whole number greater than 0'],
    ['--sites', '0', '--sites: "0" is not a whole number greater than 0'],
    [
      '--service',
      'requestsPerSecond=0',
      /--service requestsPerSecond=0: expected a number greater than 0, e\.g\. /,
    ],
    ['--service', 'burst', '--service burst: expected NAME=NUMBER'],
  ] as const) {
    t.match(await shoal(...order, flag, value), { code: 2, stdout: '', stderr: message }, value);
  }
  t.match(await shoal(...order, '--service', 'requestPerSecond=5', '--out', 'shop.license'), {
    code: 0,
    stdout: '',
    stderr: /warning: .*; did you mean "requestsPerSecond"\?\nWritten to shop\.license/,
  });
  const asked = ['verify', 'shop.license', ...trust];
  const verified = await shoal(...asked, '--cluster', cluster, '--json');
  t.match(JSON.parse(verified.stdout), {
    license: { customer: 'Shop', vendor: 'Acme', keyId: kid, limits: { sites: 5, nodes: 7 } },
    status: { state: 'active', daysLeft: 364 },
  });
  t.match(await shoal(...asked, '--cluster', 'f000000000000000000f'), {
    code: 5,
    stderr: /is for the cluster 5b1f0a9c6d2e8b7f4a31, this is f0{18}f/,
  });
  const tomorrow = new Date(Date.now() + 86_400_000).toISOString().slice(0, 10);
  t.match(await shoal(...asked, '--at', tomorrow), {
    code: 0,
    stdout: new RegExp(` UTC: 36[345] d left at ${tomorrow} UTC\n`),
    stderr: /^It counts then/,
  });
  const later = await shoal(...asked, '--at', '2100-01-01');
  t.match(later, { code: 5, stderr: /the license expired at .*; asked about 2100-01-01T00:00:00Z\n/ });
  t.notMatch(later.stderr, /clock|now/);
  t.match(await shoal(...asked, '--at', 'yesterday'), {
    code: 2,
    stderr: /^error: --at: expected a day such as 2027-03-01 .* or a time such as .*, found "yesterday"\n$/,
  });
  t.match(await shoal('verify', 'shop.license'), {
    code: 3,
    stderr: /which this build of Shoal doesn't know/,
  });
  t.match(await shoal('inspect', 'shop.license'), {
    code: 0,
    stdout: /customer {2}Shop/,
    stderr: /^NOT VERIFIED/,
  });
  t.match(await shoal('verify', 'no.license', ...trust), { code: 4, stderr: /there is no file no\.license/ });
  t.match(await shoal('inspect', 'acme.jwk'), { code: 2, stderr: /the license given is a private key/ });

  t.match(await shoal('revoke', kid, ...trust, '--reason', 'laptop lost'), {
    code: 0,
    stdout: `revoked ${kid}\n`,
    stderr:
      /warning: no key that trust\.json trusts is left: builds made with it take no license, until .* adds a key/,
  });
  await shoal('keygen', '--out', 'next.pem', '--vendor', 'Acme', '--trust', 'build.json');
  const replaced = await shoal('revoke', kid, '--trust', 'build.json', '--reason', 'laptop lost');
  t.notMatch(replaced.stderr, /warning/);
  t.match(await shoal(...asked), { code: 3, stderr: /revoked at .*: laptop lost/ });
  t.match(await shoal(...order), { code: 5, stderr: /was revoked by trust\.json/ });
  t.notOk(said.join('').includes(JSON.parse(key).d), 'the private key is in its file and nowhere else');
});

test('the exit codes of verify are those of the documentation', async (t) => {
  const page = await readFile(join(import.meta.dirname, '../../../../docs/licensing.md'), 'utf8');
  const table = /exit code of `verify`.*?\n\n/s.exec(page)?.[0] ?? '';
  const told = [...table.matchAll(/^\| (\d) \| (.*) \|$/gm)].flatMap(([, exit, what = '']) =>
    [...what.matchAll(/`([a-z-]+)`/g)].map(([, reason]) => [reason, Number(exit)]),
  );
  const codes = Object.entries(licenseRefusalCodes).map(([reason, code]) => [reason, errorStatus[code].exit]);
  t.strictSame(Object.fromEntries(told), Object.fromEntries(codes));
});
