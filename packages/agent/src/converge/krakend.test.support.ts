import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { createServer, type RequestListener } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { TestCase } from './harness.test.support.js';

const script = fileURLToPath(new URL('../../../../scripts/krakend.mjs', import.meta.url));

/** The program that tests run as KrakenD, compiled unless that was done before. A string says why there is none; in CI that is an error. */
export function krakendProgram(): { readonly path: string; readonly standIn: boolean } | string {
  const inCi = process.env['CI'] === 'true';
  const made = spawnSync(process.execPath, [script, ...(inCi ? ['--install'] : [])], { encoding: 'utf8' });
  if (made.status === 0) return JSON.parse(made.stdout) as { path: string; standIn: boolean };
  if (inCi) throw new Error(`krakend, or what stands for it, must be there in CI: ${made.stderr}`);
  return made.stderr.trim();
}

/** Puts a program on this process's PATH under the name `krakend`, until the test's end. */
export function installKrakend(t: TestCase, path: string): void {
  const directory = mkdtempSync(join(tmpdir(), 'krakend-'));
  symlinkSync(path, join(directory, 'krakend'));
  const before = process.env['PATH'] ?? '';
  process.env['PATH'] = `${directory}:${before}`;
  t.teardown(() => {
    process.env['PATH'] = before;
    rmSync(directory, { recursive: true, force: true });
  });
}

/** A backend on an address of its own, until the test's end. */
export async function startBackend(
  t: TestCase,
  address: string,
  port: number,
  listener: RequestListener,
): Promise<void> {
  const server = createServer(listener);
  await new Promise<void>((resolve) => server.listen(port, address, resolve));
  t.teardown(() => {
    server.closeAllConnections();
    return new Promise((resolve) => server.close(resolve));
  });
}
