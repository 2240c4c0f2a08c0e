import { createHash } from 'node:crypto';
import t from 'tap';
import { applyDelta, deltaBytes, makeDelta } from './manifest-delta.js';

/** Numbers below `limit` from a seed, always the same. */
function numbers(seed: number): (limit: number) => number {
  let drawn = 0;
  return (limit) => createHash('md5').update(`${seed}/${drawn++}`).digest().readUInt32BE() % limit;
}

/** Text that repeats itself here and there, as manifests do. */
function text(pick: (limit: number) => number, lines: number): string {
  return Array.from(
    { length: lines },
    () => `{"endpoint":"/api/${pick(40)}","host":"10.0.${pick(9)}.1"}\n`,
  ).join('');
}

t.test('what a delta makes of its base is the target, whatever was changed', (t) => {
  for (let seed = 0; seed < 300; seed += 1) {
    const pick = numbers(seed);
    const lines = text(pick, pick(60)).split('\n');
    const base = Buffer.from(lines.join('\n'));
    for (let edit = pick(5); edit > 0; edit -= 1) {
      const at = pick(lines.length);
      const moved = lines.splice(at, pick(8));
      if (pick(2) === 0) lines.splice(pick(lines.length + 1), 0, ...moved, text(pick, pick(3)));
    }
    const target = Buffer.from(pick(20) === 0 ? '' : lines.join('\n'));
    const parts = makeDelta(base, target);
    t.ok(applyDelta(base, parts, target.length).equals(target), `seed ${seed}`);
  }
  t.end();
});

t.test(
  'a megabyte with some values changed far apart, and a part of it moved, is told in a few hundred bytes',
  (t) => {
    const pick = numbers(7);
    const lines = Array.from(
      { length: 20_000 },
      (_, index) => `{"id":${index},"path":"/r/${pick(1e6)}","on":true}`,
    );
    const base = Buffer.from(lines.join('\n'));
    for (const at of [100, 9000, 19_900]) lines[at] = `{"id":${at},"path":"/changed","on":false}`;
    lines.push(...lines.splice(3000, 2000));
    const target = Buffer.from(lines.join('\n'));
    const parts = makeDelta(base, target);
    t.ok(applyDelta(base, parts, target.length).equals(target));
    t.ok(target.length > 800_000 && deltaBytes(parts) < 700, `${deltaBytes(parts)} bytes`);
    t.end();
  },
);

t.test('a delta that makes something else than it says is refused before memory is taken', (t) => {
  const base = Buffer.from('base');
  const insert = Buffer.alloc(0);
  const refused = (parts: Parameters<typeof applyDelta>[1], size: number, message: RegExp): unknown =>
    t.throws(() => applyDelta(base, parts, size), { code: 'invalid_input', message });
  refused([{ insert, from: 2, length: 3 }], 3, /copies bytes 2 to 5 of 4/);
  refused([{ insert, from: 0, length: 4 }], 5, /makes 4 bytes instead of 5/);
  refused([{ insert: Buffer.from('xy'), from: 0, length: 4 }], 5, /makes more than 5 bytes/);
  const big = Buffer.alloc(1024 * 1024);
  const bomb = Array.from({ length: 4000 }, () => ({ insert, from: 0, length: big.length }));
  const before = process.memoryUsage().arrayBuffers;
  t.throws(() => applyDelta(big, bomb, 4000 * big.length), { message: /makes more than 16777216 bytes/ });
  t.ok(process.memoryUsage().arrayBuffers - before < 1024 * 1024);
  t.end();
});
