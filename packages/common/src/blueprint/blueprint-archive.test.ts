import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import t from 'tap';
import { ShoalError } from '../errors/shoal-error.js';
import { unpackBlueprint } from './blueprint-archive.js';
import { blueprintFilesOf, readBlueprintFolder } from './blueprint-files.js';
import { loadBlueprints, scanBlueprints } from './load-blueprints.js';

const definition = (version: string) =>
  `name: web\nversion: ${version}\ndescription: Web\nparameters: {}\nsteps: [{ id: c, type: file, path: /c, template: c.conf }]\nprocess: {}\n`;

interface Entry {
  readonly name: string;
  readonly text?: string | Buffer;
  readonly type?: string;
  /** In place of the text's length. */
  readonly size?: string;
}

/** One entry of a tar archive, header and padded content. */
function entry({ name, text = '', type = '0', size }: Entry): Buffer {
  const content = Buffer.from(text);
  const header = Buffer.alloc(512);
  header.write(name, 0, 100);
  header.write('0000644\0', 100);
  header.write(size ?? `${content.length.toString(8).padStart(11, '0')}\0`, 124);
  header.write('        ', 148);
  header.write(type, 156);
  header.write('ustar\u000000', 257, 'latin1');
  const sum = header.reduce((total, byte) => total + byte, 0);
  header.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148);
  return Buffer.concat([header, content, Buffer.alloc((512 - (content.length % 512)) % 512)]);
}

function archive(...entries: Entry[]): Buffer {
  return gzipSync(Buffer.concat([...entries.map(entry), Buffer.alloc(1024)]));
}

const sound: readonly Entry[] = [
  { name: 'blueprint.yaml', text: definition('1.0.0') },
  { name: 'templates/c.conf', text: 'x' },
];

t.test('a blueprint comes out of its archive as from its folder', async (t) => {
  const dir = t.testdir({ web: { 'blueprint.yaml': definition('1.0.0'), templates: { 'c.conf': 'x' } } });
  const folder = await readBlueprintFolder(join(dir, 'web'));
  t.strictSame(unpackBlueprint(archive(...sound), 'a').texts, folder.texts);
  const inFolder = sound.map((one) => ({ ...one, name: `./web-1.0.0/${one.name}` }));
  const others: Entry[] = [
    { name: 'pax_global_header', type: 'g', text: '52 comment=0123456789012345678901234567890123456789\n' },
    { name: './web-1.0.0/', type: '5' },
    { name: './web-1.0.0/README.md', text: '# Web' },
    { name: './web-1.0.0/templates/._c.conf', text: 'from a Mac' },
  ];
  t.strictSame(unpackBlueprint(archive(...others, ...inFolder), 'a').texts, folder.texts);
  const long: Entry[] = [
    { name: '././@LongLink', type: 'L', text: 'templates/c.conf\0' },
    { name: 'cut', text: 'x' },
  ];
  t.strictSame(
    unpackBlueprint(archive({ ...sound[0], name: 'blueprint.yaml' }, ...long), 'a').texts,
    folder.texts,
  );
  const pax: Entry[] = [
    { name: 'PaxHeaders/x', type: 'x', text: '25 path=templates/c.conf\n' },
    { name: 'cut', text: 'x' },
  ];
  t.strictSame(
    unpackBlueprint(archive({ ...sound[0], name: 'blueprint.yaml' }, ...pax), 'a').texts,
    folder.texts,
  );
});

t.test('archives that reach out, or are none, are refused', async (t) => {
  const complaint = (bytes: Buffer): string => {
    try {
      unpackBlueprint(bytes, 'a.tar.gz');
      return 'fine';
    } catch (thrown) {
      return ShoalError.from(thrown).message;
    }
  };
  const refused = (...more: Entry[]) => complaint(archive(...sound, ...more));
  t.equal(
    refused({ name: '../evil', text: 'x' }),
    'a.tar.gz: unsafe path "../evil"; expected one within the archive',
  );
  t.equal(
    refused({ name: '/etc/passwd', text: 'x' }),
    'a.tar.gz: unsafe path "/etc/passwd"; expected one within the archive',
  );
  t.match(
    refused({ name: 'PaxHeaders', type: 'x', text: '18 path=../../x\n' }, { name: 'x' }),
    /unsafe path/,
  );
  t.equal(refused({ name: 'l', type: '2' }), 'a.tar.gz: "l" is a link; only files are taken');
  t.equal(refused({ name: 'l', type: '1' }), 'a.tar.gz: "l" is a link; only files are taken');
  t.equal(refused({ name: 'd', type: '3' }), 'a.tar.gz: "d" is neither file nor directory');
  t.equal(refused({ name: 'blueprint.yaml', text: 'x' }), 'a.tar.gz: blueprint.yaml is in it twice');
  t.match(refused({ name: 'x/blueprint.yaml', text: 'x' }), /several: blueprint.yaml, x\/blueprint.yaml/);
  t.match(complaint(archive({ name: 'README.md', text: 'x' })), /^a.tar.gz: no blueprint.yaml; expected/);
  t.match(
    refused({ name: 'templates/b', text: Buffer.from([0xff, 0xfe]) }),
    /templates\/b is no UTF-8 text$/,
  );
  t.equal(complaint(Buffer.from('not gzip')), 'a.tar.gz: not a gzipped tar archive');
  t.equal(complaint(gzipSync(Buffer.alloc(512, 7))), 'a.tar.gz: not a tar archive: bad header at byte 0');
  t.equal(complaint(gzipSync(entry({ name: 'blueprint.yaml' }))), 'a.tar.gz: cut off: its end is missing');
  t.match(refused({ name: 'f', size: '77777777777\0' }), /cut off in the entry "f"$/);
  t.match(refused({ name: 'f', size: '99999999999\0' }), /cut off in the entry "f"$/, 'no octal number');
});

t.test('limits hold before anything is unpacked', async (t) => {
  const bomb = gzipSync(Buffer.alloc(64 * 1024 * 1024));
  const before = process.memoryUsage().arrayBuffers;
  t.throws(() => unpackBlueprint(bomb, 'a'), {
    message: 'a: too large; a blueprint may have 524288 bytes in all',
  });
  t.ok(process.memoryUsage().arrayBuffers - before < 8 * 1024 * 1024, 'a bomb takes no memory');
  t.throws(() => unpackBlueprint(Buffer.alloc(2 * 1024 * 1024), 'a'), { message: /too large/ });
  const many = Array.from({ length: 1100 }, (_, i) => ({ name: `n/${i}` }));
  t.throws(() => unpackBlueprint(archive(...sound, ...many), 'a'), { message: 'a: more than 1000 entries' });
  const texts = Object.fromEntries(Array.from({ length: 201 }, (_, i) => [`templates/t${i}`, '']));
  t.throws(() => blueprintFilesOf(texts, 'a'), { message: 'a: a blueprint may have 200 files' });
  t.throws(() => blueprintFilesOf({ 'blueprint.yaml': 'x'.repeat(600_000) }, 'a'), {
    message: /524288 bytes/,
  });
  t.throws(() => blueprintFilesOf({ 'templates/../x': '' }, 'a'), { message: /found "templates\/..\/x"$/ });
  const dir = t.testdir({
    web: { 'blueprint.yaml': definition('1.0.0'), templates: { 'c.conf': 'x'.repeat(600_000) } },
  });
  await t.rejects(readBlueprintFolder(join(dir, 'web')), {
    message: /web: a blueprint may have 524288 bytes/,
  });
});

t.test('archives stand beside folders in a directory, under their own names', async (t) => {
  const dir = t.testdir({ web: { 'blueprint.yaml': definition('1.0.0'), templates: { 'c.conf': 'x' } } });
  const second = archive({ name: 'blueprint.yaml', text: definition('1.1.0') }, { name: 'templates/c.conf' });
  await writeFile(join(dir, 'web-1.1.0.tar.gz'), second);
  await writeFile(join(dir, 'web-1.0.0.tgz'), archive(...sound));
  const set = await loadBlueprints([dir]);
  t.strictSame(
    set.list().map(({ version }) => version),
    ['1.0.0', '1.1.0'],
    'the same content twice is once',
  );
  await writeFile(join(dir, 'wrong-1.1.0.tar.gz'), second);
  const { blueprints, problems } = await scanBlueprints([dir]);
  t.equal(blueprints.length, 2);
  t.match(problems, [{ message: /wrong-1.1.0.tar.gz holds web@1.1.0: name it web-1.1.0.tar.gz$/ }]);
});
