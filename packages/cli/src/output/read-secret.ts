import { readFile } from 'node:fs/promises';
import { createInterface } from 'node:readline';
import { Writable } from 'node:stream';
import { longestSecret, ShoalError } from '@shoal/common';

/**
 * A secret's value: the file's text as it is; without one, what is typed on the terminal (twice, and not shown), or standard input. From these two one
 * line end at the end is dropped. Never an argument: everybody on the host sees those.
 *
 * @throws ShoalError `invalid_input` for what is no text or too large, `not_found` for a file that isn't there
 */
export async function readSecret(name: string, file: string | undefined): Promise<string> {
  if (file !== undefined) return textOf(await fileBytes(file), file);
  if (process.stdin.isTTY) return typed(name);
  const parts: Buffer[] = [];
  let size = 0;
  for await (const part of process.stdin) {
    size += (part as Buffer).length;
    if (size > longestSecret + 2) throw tooLarge('standard input');
    parts.push(part as Buffer);
  }
  return textOf(Buffer.concat(parts), 'standard input').replace(/\r?\n$/, '');
}

async function fileBytes(file: string): Promise<Buffer> {
  const bytes = await readFile(file).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') throw new ShoalError('not_found', `There is no file ${file}`);
    throw new ShoalError('invalid_input', `${file} can't be read: ${error.code}`);
  });
  if (bytes.length > longestSecret) throw tooLarge(file);
  return bytes;
}

function textOf(bytes: Buffer, where: string): string {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    throw new ShoalError('invalid_input', `${where} is not text in UTF-8`, {
      hint: 'Encode binary values, for example as base64, and decode them where they are used.',
    });
  }
}

function tooLarge(where: string): ShoalError {
  return new ShoalError('invalid_input', `${where} is larger than a secret may be: ${longestSecret} bytes`);
}

async function typed(name: string): Promise<string> {
  const value = await ask(`Value of ${name} (not shown): `);
  if ((await ask('Again: ')) === value) return value;
  throw new ShoalError('invalid_input', 'The two are not the same; nothing was set');
}

/** Readline's own echo goes nowhere; the terminal's is off while it reads. */
function ask(question: string): Promise<string> {
  process.stderr.write(question);
  const nowhere = new Writable({ write: (_chunk, _encoding, done) => done() });
  const terminal = createInterface({ input: process.stdin, output: nowhere, terminal: true });
  return new Promise((resolve, reject) => {
    terminal.once('SIGINT', () => terminal.close());
    terminal.once('close', () => reject(new ShoalError('failed_precondition', 'Nothing was set')));
    terminal.once('line', (line) => {
      resolve(line);
      terminal.close();
    });
  }).finally(() => process.stderr.write('\n')) as Promise<string>;
}
