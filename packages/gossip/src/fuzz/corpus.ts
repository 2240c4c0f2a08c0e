import { readFileSync } from 'node:fs';
import type { Case } from './fuzzer.js';

/** Inputs of the corpus, and what each is, in the words of its outcome. */
export interface CorpusEntry {
  door: string;
  what: string;
  hex: string;
}

const testdata = new URL('../../testdata/', import.meta.url);

/** Where the corpus is kept. */
export const CORPUS_FILE: URL = new URL('corpus.json', testdata);

/** Bytes of a hexadecimal text. */
export const bytesOfHex = (hex: string): Uint8Array => new Uint8Array(Buffer.from(hex, 'hex'));

/** Hexadecimal text of bytes. */
export const hexOfBytes = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');

/** The corpus: an input for each distinct outcome, and each one that ever did harm. */
export function readCorpus(): CorpusEntry[] {
  return JSON.parse(readFileSync(CORPUS_FILE, 'utf8')) as CorpusEntry[];
}

interface Vector {
  hex: string;
  transport: string;
}

/** What a fuzzer begins with: the corpus, and what memberlist itself sends. */
export function knownCases(): Case[] {
  const corpus = readCorpus().map(({ door, hex }) => ({ door, bytes: bytesOfHex(hex) }));
  const file = new URL('memberlist-vectors.json', testdata);
  const { vectors } = JSON.parse(readFileSync(file, 'utf8')) as { vectors: Vector[] };
  const captured = vectors.flatMap(({ hex, transport }) => {
    const doors = transport === 'tcp' ? ['stream', 'framer', 'plain-stream'] : ['packet', 'plain-datagram'];
    return doors.map((door) => ({ door, bytes: bytesOfHex(hex) }));
  });
  return [...corpus, ...captured];
}
