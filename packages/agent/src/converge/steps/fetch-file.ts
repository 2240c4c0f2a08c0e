import type { Hash } from 'node:crypto';
import { createHash } from 'node:crypto';
import { constants } from 'node:fs';
import type { FileHandle } from 'node:fs/promises';
import { open, rm, statfs } from 'node:fs/promises';
import type { IncomingMessage } from 'node:http';
import { dirname } from 'node:path';
import { diskError } from '@shoal/common';
import type { Clock } from '../clock.js';
import { StepError } from '../step-error.js';
import { ask, shownUrl, Unanswered } from './http-get.js';

/** What to get, where to, and within which limits. */
export interface FetchOptions {
  readonly url: string;
  /** Where the bytes are gathered: what is there already is gone on from. */
  readonly partial: string;
  readonly maxBytes: number;
  readonly clock: Clock;
  readonly signal: AbortSignal;
  /** A line for whoever watches. */
  readonly output: (line: string) => void;
}

/** A file that came. */
export interface Fetched {
  /** In hex. */
  readonly sha256: string;
  readonly size: number;
  /** It came in one answer; else its pieces may be of different files. */
  readonly whole: boolean;
}

/** So often a connection may break without one byte more having come. */
const mostFailures = 4;
const retryMs = 1000;
const tellEveryMs = 5000;

/**
 * Gets a file. A connection that breaks is taken up again where it broke, and so is a file that an
 * earlier agent left half. Never writes more than `maxBytes`. Rejects with a StepError.
 */
export async function fetchFile(options: FetchOptions): Promise<Fetched> {
  const file = await openPartial(options.partial);
  try {
    const gathered = await Gathered.of(file, options);
    for (let failures = 0; ; ) {
      const before = gathered.size;
      try {
        await gathered.take(await ask(options.url, gathered.size, options.signal));
        await file.sync();
        return gathered.result();
      } catch (thrown) {
        if (!(thrown instanceof Unanswered) || options.signal.aborted)
          throw diskError(thrown, options.partial);
        failures = gathered.size > before ? 1 : failures + 1;
        if (failures >= mostFailures) throw new StepError(thrown.message);
        options.output(`${thrown.message}; trying again`);
        await options.clock.sleep(retryMs * failures, options.signal);
      }
    }
  } finally {
    await file.close();
  }
}

/** A file of ours and nobody else's; what else stands in its place is removed. */
async function openPartial(path: string): Promise<FileHandle> {
  const { O_RDWR, O_CREAT, O_NOFOLLOW, O_EXCL } = constants;
  try {
    const file = await open(path, O_RDWR | O_NOFOLLOW);
    const stat = await file.stat();
    if (stat.isFile() && stat.nlink === 1 && stat.uid === process.getuid?.() && (stat.mode & 0o077) === 0) {
      return file;
    }
    await file.close();
  } catch {
    // There is none, or it is a link.
  }
  await rm(path, { force: true, recursive: true });
  return open(path, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW, 0o600);
}

/** What has come so far: on disk, and in the checksum. */
class Gathered {
  size = 0;
  #whole = true;
  readonly #file: FileHandle;
  readonly #options: FetchOptions;
  #hash: Hash = createHash('sha256');
  #told: number;

  private constructor(file: FileHandle, options: FetchOptions) {
    this.#file = file;
    this.#options = options;
    this.#told = options.clock.now();
  }

  static async of(file: FileHandle, options: FetchOptions): Promise<Gathered> {
    const gathered = new Gathered(file, options);
    if ((await file.stat()).size > options.maxBytes) await file.truncate(0);
    for await (const chunk of file.createReadStream({ autoClose: false, start: 0 })) {
      gathered.#hash.update(chunk as Buffer);
      gathered.size += (chunk as Buffer).length;
    }
    return gathered;
  }

  result(): Fetched {
    return { sha256: this.#hash.copy().digest('hex'), size: this.size, whole: this.#whole };
  }

  /** Appends the answer's bytes; starts anew where the server does. */
  async take(response: IncomingMessage): Promise<void> {
    if (response.statusCode !== 206) await this.#startAnew();
    this.#whole = this.size === 0;
    const length = Number(response.headers['content-length'] ?? Number.NaN);
    const total = Number.isNaN(length) ? undefined : this.size + length;
    try {
      if (total !== undefined) await this.#refuseLarge(total);
      for await (const chunk of response) await this.#append(chunk as Buffer, total);
    } catch (thrown) {
      response.destroy();
      if (thrown instanceof StepError || isDiskError(thrown)) throw thrown;
      throw Unanswered.of(this.#options.url, thrown);
    }
  }

  async #startAnew(): Promise<void> {
    await this.#file.truncate(0);
    this.size = 0;
    this.#hash = createHash('sha256');
  }

  async #refuseLarge(total: number): Promise<void> {
    const { url, maxBytes, partial } = this.#options;
    if (total > maxBytes) {
      throw new StepError(
        `${shownUrl(url)} has ${total} bytes, more than the ${maxBytes} that maxBytes allows`,
      );
    }
    const { bavail, bsize } = await statfs(dirname(partial));
    const [needed, free] = [total - this.size, bavail * bsize];
    if (needed <= free) return;
    throw new StepError(
      `no space left on the disk: ${shownUrl(url)} needs ${megabytes(needed)} MB, and ${dirname(partial)} has ${megabytes(free)} MB free`,
    );
  }

  async #append(chunk: Buffer, total: number | undefined): Promise<void> {
    const { url, maxBytes, clock, output } = this.#options;
    if (this.size + chunk.length > maxBytes) {
      throw new StepError(`${shownUrl(url)} has more than the ${maxBytes} bytes that maxBytes allows`);
    }
    for (let written = 0; written < chunk.length; ) {
      const { bytesWritten } = await this.#file.write(
        chunk,
        written,
        chunk.length - written,
        this.size + written,
      );
      written += bytesWritten;
    }
    this.#hash.update(chunk);
    this.size += chunk.length;
    if (clock.now() - this.#told < tellEveryMs) return;
    this.#told = clock.now();
    output(`${megabytes(this.size)}${total === undefined ? '' : ` of ${megabytes(total)}`} MB`);
  }
}

function isDiskError(thrown: unknown): boolean {
  return ['ENOSPC', 'EDQUOT', 'EIO', 'EROFS', 'EFBIG'].includes((thrown as NodeJS.ErrnoException).code ?? '');
}

function megabytes(bytes: number): string {
  return (bytes / 1e6).toFixed(1);
}
