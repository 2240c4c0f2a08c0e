import { readdir, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import type { Logger } from 'pino';
import { fileEvent } from './file-watch.js';
import type { LineSink } from './line-sink.js';
import type { SplitLine } from './line-splitter.js';
import { asFilePosition, type FilePosition, TailedFile } from './tailed-file.js';

/** What a tail needs to know. */
export interface FileTailOptions {
  readonly path: string;
  /** Begins the keys of this tail's positions; a key is `<prefix><inode>`. */
  readonly keyPrefix: string;
  readonly sink: LineSink;
  readonly logger: Logger;
  /** Wait between two looks at a file that is being written to, milliseconds. Default 250. */
  readonly busyMs?: number;
  /** Longest wait between two looks at a quiet file, milliseconds. Default 2000. */
  readonly quietMs?: number;
  /** A renamed file is closed when nothing was written to it for that long, milliseconds. Default 10000. */
  readonly drainMs?: number;
  readonly now?: () => number;
}

interface Draining {
  readonly file: TailedFile;
  grownAt: number;
}

const pieceBytes = 64 * 1024;

/**
 * Follows a log file by its path, through rotation by rename (the old file is read to its end, also when it was renamed while the
 * agent was away) and by truncation. Each whole line goes to the sink exactly once, with the position behind it.
 */
export class FileTail {
  readonly #options: Required<FileTailOptions>;
  readonly #abort = new AbortController();
  #current: TailedFile | undefined;
  #draining: Draining[] = [];
  #seenBefore = false;
  #running: Promise<void> | undefined;

  constructor(options: FileTailOptions) {
    this.#options = { busyMs: 250, quietMs: 2000, drainMs: 10_000, now: Date.now, ...options };
  }

  /** Begins; failures are logged and tried again. */
  start(): void {
    this.#running ??= this.#run();
  }

  /** Stops and closes the files. Lines that were read but not taken by the sink are read again next time. */
  async stop(): Promise<void> {
    this.#abort.abort();
    await this.#running;
  }

  async #run(): Promise<void> {
    const signal = this.#abort.signal;
    let failing = false;
    let recovered = false;
    while (!signal.aborted) {
      let moved = false;
      try {
        if (!recovered) await this.#recover();
        recovered = true;
        moved = await this.#pass();
        failing = false;
      } catch (error) {
        if (signal.aborted) break;
        if (!failing)
          this.#options.logger.warn({ err: error, file: this.#options.path }, 'reading a log file failed');
        failing = true;
      }
      await this.#wait(moved && !failing);
    }
    await this.#closeAll();
  }

  async #closeAll(): Promise<void> {
    const files = [this.#current, ...this.#draining.map(({ file }) => file)];
    this.#current = undefined;
    this.#draining = [];
    for (const file of files) await file?.close();
  }

  async #wait(moved: boolean): Promise<void> {
    const { path, busyMs, quietMs } = this.#options;
    if (moved) return await fileEvent(undefined, busyMs, this.#abort.signal);
    const watched = this.#current === undefined ? undefined : path;
    const wait = this.#draining.length > 0 ? Math.min(quietMs, 500) : quietMs;
    await fileEvent(watched, wait, this.#abort.signal, async () => await this.#grew());
  }

  async #grew(): Promise<boolean> {
    const found = await stat(this.#options.path).catch(() => undefined);
    if (found === undefined || this.#current === undefined) return false;
    return found.ino !== this.#current.inode || found.size !== this.#current.readTo;
  }

  /** Opens the files that an earlier run was reading, wherever they were renamed to. */
  async #recover(): Promise<void> {
    const { path, keyPrefix, sink, logger } = this.#options;
    // A recovery that failed halfway is begun anew.
    await this.#closeAll();
    const known = sink.positions(keyPrefix);
    this.#seenBefore = known.size > 0;
    const candidates = known.size > 0 ? await rotatedNames(path) : [];
    for (const [key, value] of known) {
      const position = asFilePosition(value);
      const file = position === undefined ? undefined : await findFile(candidates, position);
      if (file === undefined) {
        await sink.mark({ [key]: null });
        logger.warn({ file: path, position: value }, 'a log file was removed before it was read to its end');
        continue;
      }
      const isCurrent = (await stat(path).catch(() => undefined))?.ino === file.inode;
      if (isCurrent && this.#current === undefined) this.#current = file;
      else this.#draining.push({ file, grownAt: this.#options.now() });
    }
  }

  /** Looks at all files once. Returns whether there was anything new. */
  async #pass(): Promise<boolean> {
    await this.#follow();
    let moved = false;
    for (const draining of [...this.#draining]) {
      if (await this.#drain(draining)) moved = true;
    }
    if (this.#current === undefined) return moved;
    if (await this.#current.noticeTruncation()) {
      this.#options.logger.info(
        { file: this.#options.path },
        'the log file was cut; reading it from its beginning',
      );
    }
    return (await this.#readAll(this.#current)) || moved;
  }

  /** Opens the file that is at the path now, when it is another one than before. */
  async #follow(): Promise<void> {
    const { path, sink } = this.#options;
    const found = await stat(path).catch((error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT' || error.code === 'ENOTDIR') return undefined;
      throw error;
    });
    if (found === undefined || found.ino === this.#current?.inode) {
      if (!this.#seenBefore) this.#options.logger.debug({ file: path }, 'waiting for a log file');
      this.#seenBefore = true; // a file that appears later is read from its beginning
      return;
    }
    const fromBeginning = this.#seenBefore || found.birthtimeMs >= sink.since;
    const opened = await TailedFile.open(path, fromBeginning ? 'beginning' : 'end');
    if (this.#current !== undefined) {
      this.#draining.push({ file: this.#current, grownAt: this.#options.now() });
    }
    this.#current = opened;
    this.#seenBefore = true;
    await sink.mark({ [this.#key(opened)]: opened.position });
  }

  async #drain(draining: Draining): Promise<boolean> {
    const { file } = draining;
    if (await this.#readAll(file)) {
      draining.grownAt = this.#options.now();
      return true;
    }
    if (this.#options.now() - draining.grownAt < this.#options.drainMs) return false;
    const rest = file.flush();
    if (rest !== undefined) await this.#deliver(file, [rest]);
    await this.#options.sink.mark({ [this.#key(file)]: null });
    await file.close();
    this.#draining = this.#draining.filter((other) => other !== draining);
    return false;
  }

  async #readAll(file: TailedFile): Promise<boolean> {
    let moved = false;
    const buffer = Buffer.allocUnsafe(pieceBytes);
    for (;;) {
      this.#abort.signal.throwIfAborted();
      const { lines, bytes } = await file.read(buffer);
      if (bytes === 0) return moved;
      moved = true;
      if (lines.length > 0) await this.#deliver(file, lines);
    }
  }

  async #deliver(file: TailedFile, lines: readonly SplitLine[]): Promise<void> {
    const key = this.#key(file);
    await this.#options.sink.append(
      lines.map(({ end, ...line }) => ({ ...line, key, position: file.positionAt(end) })),
      this.#abort.signal,
    );
  }

  #key(file: TailedFile): string {
    return `${this.#options.keyPrefix}${file.inode}`;
  }
}

/** The path and what rotation may have renamed it to: names beside it that begin with its own. */
async function rotatedNames(path: string): Promise<string[]> {
  const directory = dirname(path);
  const names = await readdir(directory).catch(() => []);
  return names.filter((name) => name.startsWith(basename(path))).map((name) => join(directory, name));
}

async function findFile(
  candidates: readonly string[],
  position: FilePosition,
): Promise<TailedFile | undefined> {
  for (const candidate of candidates) {
    const found = await stat(candidate).catch(() => undefined);
    if (found?.ino !== position.i || !found.isFile()) continue;
    const file = await TailedFile.resume(candidate, position).catch(() => undefined);
    if (file !== undefined) return file;
  }
  return undefined;
}
