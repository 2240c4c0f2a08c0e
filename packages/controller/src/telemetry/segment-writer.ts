import { type FileHandle, open } from 'node:fs/promises';
import { dirname } from 'node:path';

/** The calls to the disk that can fail; a test puts its own in their place. */
export interface DiskIo {
  /** Writes some bytes at a position; gives how many. */
  write(file: FileHandle, data: Buffer, offset: number, position: number): Promise<number>;
  sync(file: FileHandle): Promise<void>;
}

export const realDisk: DiskIo = {
  async write(file, data, offset, position) {
    return (await file.write(data, offset, data.length - offset, position)).bytesWritten;
  },
  sync: (file) => file.datasync(),
};

/** Appends to one segment file so that what it acknowledges is durable, and what failed leaves nothing behind. */
export class SegmentWriter {
  readonly #file: FileHandle;
  readonly #io: DiskIo;
  #length: number;
  /** A write failed: bytes may lie behind `#length`. */
  #dirty = false;

  private constructor(file: FileHandle, length: number, io: DiskIo) {
    this.#file = file;
    this.#length = length;
    this.#io = io;
  }

  /** Opens or makes the file; what lies behind `length` (a torn write) is cut off. A new file's name is durable when this resolves. */
  static async open(path: string, length: number, io: DiskIo): Promise<SegmentWriter> {
    const file = await open(path, length === 0 ? 'w+' : 'r+', 0o600);
    try {
      await file.truncate(length);
      const dir = await open(dirname(path), 'r');
      await dir.sync().finally(() => dir.close());
      return new SegmentWriter(file, length, io);
    } catch (thrown) {
      await file.close();
      throw thrown;
    }
  }

  /** Durable when it resolves; when it throws, the file is as before. */
  async append(data: Buffer): Promise<void> {
    if (this.#dirty) {
      await this.#file.truncate(this.#length);
      this.#dirty = false;
    }
    try {
      let written = 0;
      while (written < data.length) {
        const count = await this.#io.write(this.#file, data, written, this.#length + written);
        if (count === 0) throw new Error('the disk took no byte');
        written += count;
      }
      await this.#io.sync(this.#file);
    } catch (thrown) {
      this.#dirty = true;
      await this.#file.truncate(this.#length).then(
        () => {
          this.#dirty = false;
        },
        () => undefined,
      );
      throw thrown;
    }
    this.#length += data.length;
  }

  close(): Promise<void> {
    return this.#file.close();
  }
}
