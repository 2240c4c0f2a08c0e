import { spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { formatTrustedLicenseKeys, type loadTrustedLicenseKeys, noTrustedLicenseKeys } from '@shoal/common';
import { TestVendor } from '@shoal/common/testing';
import t, { type Test } from 'tap';

// What the repository's own scripts decide by.

const root = join(import.meta.dirname, '../../..');
const scripts = join(root, 'scripts');
const { digestOf } = (await import(join(scripts, 'digest.mjs'))) as {
  digestOf(root: string, paths: readonly string[], salt?: string): string;
};
const { placeLicenseKeys, readLicenseKeys } = (await import(join(scripts, 'package/license-keys.mjs'))) as {
  placeLicenseKeys(compiled: string): Promise<string | undefined>;
  readLicenseKeys(): Promise<object>;
};
const { stageCommand } = (await import(join(scripts, 'package/stages.mjs'))) as {
  stageCommand(options: { directory: string; version: string; licenseKeys: string }): Promise<object>;
};

t.test('a digest is of names and contents, wherever they are', async (t) => {
  const first = t.testdir({ lock: 'one', source: { a: 'x', b: 'y', dist: { made: '1' } } });
  const moved = join(first, '../moved-elsewhere');
  cpSync(first, moved, { recursive: true });
  t.teardown(() => rmSync(moved, { recursive: true, force: true }));
  const of = (root: string, salt?: string): string => digestOf(root, ['lock', 'source', 'missing'], salt);
  const digest = of(first);
  t.equal(of(moved), digest, 'a clone that is moved is not stale');
  t.not(of(moved, 'v22'), digest);

  writeFileSync(join(moved, 'source/dist/made'), '2');
  mkdirSync(join(moved, 'node_modules'));
  t.equal(of(moved), digest, 'what is made of them does not count');
  writeFileSync(join(moved, 'source/a'), 'xy');
  writeFileSync(join(moved, 'source/b'), '');
  t.not(of(moved), digest, 'what moves from one file to the next counts');
  writeFileSync(join(moved, 'source/a'), 'x');
  writeFileSync(join(moved, 'source/b'), 'y');
  t.equal(of(moved), digest);
  renameSync(join(moved, 'source/b'), join(moved, 'source/c'));
  t.not(of(moved), digest, 'so does a name');
});

const vendor = await TestVendor.create();
const list = formatTrustedLicenseKeys(vendor.trust);

/** Sets SHOAL_LICENSE_KEYS until the test ends. */
function nameKeys(t: Test, file: string): void {
  process.env['SHOAL_LICENSE_KEYS'] = file;
  t.teardown(() => delete process.env['SHOAL_LICENSE_KEYS']);
}

t.test(
  'a checkout trusts the keys that SHOAL_LICENSE_KEYS named when it was set up, else nobody',
  async (t) => {
    const compiled = join(t.testdir({ 'keys.json': list }), 'dist');
    cpSync(join(root, 'packages/common/dist'), compiled, { recursive: true });
    symlinkSync(join(root, 'node_modules'), join(compiled, '../node_modules'));
    cpSync(
      join(root, 'packages/common/trusted-license-keys.json'),
      join(compiled, '../trusted-license-keys.json'),
    );
    writeFileSync(join(compiled, '../package.json'), '{"type": "module"}');
    const there = (await import(join(compiled, 'license/trust-list.js'))) as {
      loadTrustedLicenseKeys: typeof loadTrustedLicenseKeys;
    };
    nameKeys(t, join(compiled, '../keys.json'));
    t.match(await placeLicenseKeys(compiled), `License keys trusted: ${vendor.key.kid} (Test vendor)`);
    t.strictSame(await there.loadTrustedLicenseKeys(), vendor.trust);
    process.env['SHOAL_LICENSE_KEYS'] = '';
    t.equal(await placeLicenseKeys(compiled), undefined);
    t.strictSame(await there.loadTrustedLicenseKeys(), noTrustedLicenseKeys);
  },
);

t.test(
  'a build may revoke the last key that was trusted, and says that it takes no license then',
  async (t) => {
    const { kid } = vendor.key;
    const revoked = [{ kid, reason: 'laptop lost', at: '2027-02-01T09:00:00Z' }];
    const text = formatTrustedLicenseKeys({ ...vendor.trust, revoked });
    nameKeys(t, join(t.testdir({ 'revoked.json': text }), 'revoked.json'));
    t.match(await readLicenseKeys(), {
      text,
      summary:
        /^warning: \S+revoked\.json trusts no key that it doesn't revoke \(revoked: 1\): .*takes no license/,
    });
  },
);

t.test('a list of license keys that is of no use makes no package', async (t) => {
  const dir = t.testdir({
    'cut.json': list.slice(0, -10),
    'other.json': list.replace('publicKey', 'key'),
    'empty.json': formatTrustedLicenseKeys(noTrustedLicenseKeys),
    'nothing.json': '',
  });
  nameKeys(t, '');
  for (const [file, message] of [
    ['none.json', /^SHOAL_LICENSE_KEYS: there is no file \S+\/none\.json$/],
    ['other.json', /^SHOAL_LICENSE_KEYS: \S+\/other\.json:3:5: missing key "publicKey"/],
    ['empty.json', /^SHOAL_LICENSE_KEYS: \S+\/empty\.json trusts no key; /],
    ['nothing.json', /^SHOAL_LICENSE_KEYS: \S+\/nothing\.json/],
  ] as const) {
    process.env['SHOAL_LICENSE_KEYS'] = join(dir, file);
    await t.rejects(readLicenseKeys(), { message }, file);
  }
  const { status, stderr } = spawnSync(
    process.execPath,
    [join(scripts, 'package.mjs'), '--no-build', '--out', join(dir, 'out')],
    { encoding: 'utf8', env: { ...process.env, SHOAL_LICENSE_KEYS: 'cut.json', INIT_CWD: dir } },
  );
  t.equal(status, 1);
  t.match(stderr, /^SHOAL_LICENSE_KEYS: \S+\/cut\.json:\d+:\d+: YAML syntax: .*\n$/);
  t.notOk(existsSync(join(dir, 'out')));
});

t.test("git takes no vendor's key or license out of a clone by accident", (t) => {
  const cwd = t.testdir({ 'acme.pem': '', 'license-key.jwk': '', 'shop.license': '', 'readme.md': '' });
  cpSync(join(root, '.gitignore'), join(cwd, '.gitignore'));
  const git = (...args: string[]) => spawnSync('git', args, { cwd, encoding: 'utf8' });
  t.equal(git('init', '--quiet').status, 0);
  t.equal(git('ls-files', '--others', '--exclude-standard').stdout, '.gitignore\nreadme.md\n');
  t.end();
});

t.test('an installed command trusts the keys of its package, whatever the environment says', async (t) => {
  const directory = t.testdir({ 'empty.json': formatTrustedLicenseKeys(noTrustedLicenseKeys) });
  await stageCommand({ directory, version: '1.0.0', licenseKeys: list });
  writeFileSync(join(directory, 'good.license'), await vendor.issue());
  writeFileSync(join(directory, 'other.license'), await (await TestVendor.create()).issue());
  const verify = (file: string) =>
    spawnSync(
      process.execPath,
      [join(directory, 'shoal/usr/lib/shoal/shoal.cjs'), 'license', 'verify', join(directory, file)],
      { encoding: 'utf8', env: { SHOAL_LICENSE_KEYS: join(directory, 'empty.json') } },
    );
  t.match(verify('good.license'), { status: 0, stdout: /customer {2}Test customer/ });
  t.match(verify('other.license'), {
    status: 3,
    stderr: /another vendor's, or newer than this build: upgrade Shoal, or ask the vendor\n/,
  });
});
