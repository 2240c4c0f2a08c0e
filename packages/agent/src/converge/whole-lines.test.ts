import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createLogger, createRedactor } from '@shoal/common';
import type { Test } from 'tap';
import { t } from 'tap';
import { LogCollector, type SpooledLine } from '../observe/log-collector.js';
import type { Spool } from '../observe/spool/spool.js';
import { until } from './harness.test.support.js';
import { LineSplitter, maxLineBytes } from './line-splitter.js';
import type { RenderedFile, RenderedService } from './render/rendered.js';
import { absolutePath } from './render/values.js';
import { StepError } from './step-error.js';
import { contentDifference } from './steps/file-difference.js';
import { validateFile } from './steps/staging.js';

const value = 'Q7ZK+W4XJ+V9BQ+H2GY+K6PD+M3RF+T8LC+N5SA+';
const { text: redact } = createRedactor([{ name: 'key', value }]);

/** No text of three characters of the value is left. */
function tellsNothing(t: Test, told: string): void {
  const parts = Array.from({ length: value.length - 2 }, (_, at) => value.slice(at, at + 3));
  const left = parts.filter((part) => redact(told).includes(part));
  t.strictSame(left, [], redact(told).slice(-200));
}

t.test('a difference that is cut ends in no part of a secret, wherever the cut falls', async (t) => {
  const directory = t.testdir();
  for (let shift = 0; shift < value.length; shift += 3) {
    const path = join(directory, 'conf'.padEnd(4 + shift, 'f'));
    const content = `${value}\n`.repeat(800);
    const step = { type: 'file', id: 'conf', path, content, mode: 0o644, notify: null } as const;
    const difference = await contentDifference(step, undefined);
    t.match(difference, /\[diff cut\]$/);
    t.ok(difference.length > 15_000 && difference.length < 16_500, `${difference.length} characters`);
    tellsNothing(t, difference);
  }
});

t.test('the output of a failure begins with no part of a secret', async (t) => {
  for (let shift = 0; shift < value.length; shift += 3) {
    const lines = Array.from({ length: 19 }, () => `${value} `.repeat(6));
    const { output } = new StepError('no', [...lines, 'x'.repeat(shift)]);
    t.ok(output.length > 3000 && output.length <= 4000, `${output.length} characters`);
    tellsNothing(t, output);
  }
  const long = new StepError('no', ['before', `${value} `.repeat(200), 'after']);
  t.equal(long.output, 'before\n[a line of 8200 characters]\nafter');
});

t.test('a refusal tells no part of a secret', async (t) => {
  const line = `error: ${'x'.repeat(270)}${value.repeat(10)}`;
  const file: RenderedFile = {
    type: 'file',
    id: 'conf',
    path: '/etc/conf',
    content: '',
    mode: 0o644,
    notify: null,
  };
  const step = { ...file, validate: { words: [], render: async () => ['checker'] } };
  const run = async () => ({ code: 1, signal: null, missing: false, timedOut: false, lines: [line] });
  const refused = validateFile(
    { steps: [step] } as unknown as RenderedService,
    step,
    {},
    { run, output: () => {} },
  );
  const message = await refused.then(String, String);
  t.match(message, /the new \/etc\/conf is refused: checker exited with 1/);
  tellsNothing(t, message);
});

t.test('a rendered value that is no path is told without any part of a secret', async (t) => {
  try {
    absolutePath(`${'x'.repeat(180)}${value}`);
    t.fail('it was taken');
  } catch (thrown) {
    tellsNothing(t, String(thrown));
  }
});

t.test('a line that is too long is taken apart beside a secret, by whoever reads it', async (t) => {
  const redactor = createRedactor([{ name: 'key', value }]);
  for (let shift = -value.length; shift <= 1; shift += 4) {
    const text = `${'x'.repeat(maxLineBytes + shift)}${value}${'y'.repeat(100)}`;
    const lines: string[] = [];
    const splitter = new LineSplitter(
      (line) => lines.push(line),
      () => redactor,
    );
    for (let at = 0; at < text.length; at += 40_000) splitter.push(Buffer.from(text.slice(at, at + 40_000)));
    t.equal(splitter.pendingBytes + lines.join('').length, text.length, 'what is noted as read is as it was');
    splitter.end();
    t.equal(lines.join(''), text);
    t.ok(lines.every((line) => line.length <= maxLineBytes));
    for (const line of lines) tellsNothing(t, line);
  }
  const long = 'S'.repeat(maxLineBytes + 10);
  const pieces: string[] = [];
  const all = createRedactor([{ name: 'long', value: long }]);
  const splitter = new LineSplitter(
    (line) => pieces.push(line),
    () => all,
  );
  splitter.push(Buffer.from(`${long}\n`));
  t.equal(pieces.join(''), long, 'one that is longer than a line holds nothing up');
});

t.test('a log line that is cut off ends in no part of a secret', async (t) => {
  const directory = t.testdir();
  const secrets = createRedactor([{ name: 'key', value }]);
  const lines = [-value.length, -20, -1, 0].map(
    (shift) => `${'x'.repeat(maxLineBytes + shift)}${value}${'y'.repeat(99)}`,
  );
  const file = join(directory, 'log');
  writeFileSync(file, `${lines.join('\n')}\n`);
  const told: SpooledLine[] = [];
  const spool: Partial<Spool<SpooledLine>> = {
    append: async (entries) => void told.push(...entries.map(({ payload }) => payload)),
    mark: async () => undefined,
    positions: new Map(),
    createdAt: 0,
  };
  const collector = new LogCollector({
    spool: spool as Spool<SpooledLine>,
    logger: createLogger({ name: 'test', level: 'silent' }),
    redactor: () => secrets,
  });
  t.teardown(() => collector.stop());
  await collector.update([{ service: 'web', logs: [{ source: 'log', file }], metrics: [] }]);
  await until('the lines', () => told.length === lines.length);
  for (const { l } of told) {
    tellsNothing(t, l);
    t.ok(l.length > maxLineBytes - value.length - 20);
  }
});
