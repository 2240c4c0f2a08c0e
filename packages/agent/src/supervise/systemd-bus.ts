import { connect, type Socket } from 'node:net';
import { type BusCall, type BusMessage, decodeMessage, encodeCall, messageLength } from './bus-message.js';

/** systemd's own socket for root, which systemctl uses as well. */
export const systemdSocket = '/run/systemd/private';

/** systemd answers at once, or it is too busy with itself to be asked this way. */
const timeoutMs = 1000;
const manager = { path: '/org/freedesktop/systemd1', interface: 'org.freedesktop.systemd1.Manager' };
const properties = 'org.freedesktop.DBus.Properties';

/** Names of properties, by the interface that has them. */
export type WantedProperties = Readonly<Record<string, readonly string[]>>;

/**
 * Asks systemd for properties of a unit by its socket, without starting a program: that costs the host a tenth. Gives `Name=value` as `systemctl show` prints them; a property that the
 * unit doesn't have is left out. Rejects with an Error when that isn't possible (no systemd, not root, an answer that isn't understood): ask systemctl then.
 */
export async function askUnit(unit: string, wanted: WantedProperties, socket: string): Promise<string[]> {
  const conversation = new Conversation(socket);
  try {
    const path = await conversation.call({ ...manager, member: 'LoadUnit', arguments: [unit] });
    if (typeof path.value !== 'string') throw new Error(`systemd doesn't load ${unit}`);
    const at = { path: path.value, interface: properties, member: 'Get' };
    const names = Object.entries(wanted).flatMap(([owner, all]) => all.map((name) => [owner, name] as const));
    const answers = names.map(async ([owner, name]) => {
      const { value } = await conversation.call({ ...at, arguments: [owner, name] });
      return value === undefined ? [] : [`${name}=${shown(value)}`];
    });
    return (await Promise.all(answers)).flat();
  } finally {
    conversation.end();
  }
}

function shown(value: NonNullable<BusMessage['value']>): string {
  if (typeof value === 'boolean') return value ? 'yes' : 'no';
  return String(value);
}

/** One connection: who we are, then calls and their answers. */
class Conversation {
  readonly #socket: Socket;
  readonly #waiting = new Map<number, (answer: BusMessage) => void>();
  readonly #failed: Promise<never>;
  #fail: (error: Error) => void = () => undefined;
  #received: Buffer = Buffer.alloc(0);
  #isWelcome = false;
  /** Calls before the welcome. */
  #early: Buffer[] = [];
  #serial = 0;

  constructor(path: string) {
    this.#failed = new Promise<never>((_resolve, reject) => {
      this.#fail = reject;
    });
    // Whoever calls hears of it; without a call nobody has to.
    this.#failed.catch(() => undefined);
    this.#socket = connect(path);
    this.#socket.setTimeout(timeoutMs, () => this.#fail(new Error("systemd doesn't answer")));
    this.#socket.on('error', (error) => this.#fail(error));
    this.#socket.on('close', () => this.#fail(new Error('systemd ended the connection')));
    this.#socket.on('data', (part: Buffer) => this.#take(part));
    const uid = Buffer.from(String(process.getuid?.() ?? 0)).toString('hex');
    // Not the calls as well: what systemd reads together with this, it leaves lying until more comes.
    this.#socket.write(`\0AUTH EXTERNAL ${uid}\r\nBEGIN\r\n`);
  }

  async call(call: Omit<BusCall, 'serial'>): Promise<BusMessage> {
    this.#serial += 1;
    const serial = this.#serial;
    const answer = new Promise<BusMessage>((resolve) => this.#waiting.set(serial, resolve));
    const bytes = encodeCall({ ...call, serial });
    if (this.#isWelcome) this.#socket.write(bytes);
    else this.#early.push(bytes);
    return Promise.race([answer, this.#failed]);
  }

  end(): void {
    this.#socket.destroy();
  }

  #take(part: Buffer): void {
    this.#received = Buffer.concat([this.#received, part]);
    try {
      if (!this.#isWelcome) this.#greet();
      if (this.#isWelcome) this.#readMessages();
    } catch (thrown) {
      this.#fail(thrown instanceof Error ? thrown : new Error(String(thrown)));
    }
  }

  #greet(): void {
    const end = this.#received.indexOf('\r\n');
    if (end < 0) {
      if (this.#received.length > 1024) throw new Error('systemd answered without an end');
      return;
    }
    const line = this.#received.toString('utf8', 0, end);
    if (!line.startsWith('OK ')) throw new Error(`systemd answered ${line.slice(0, 100)}`);
    this.#received = this.#received.subarray(end + 2);
    this.#isWelcome = true;
    this.#socket.write(Buffer.concat(this.#early));
  }

  #readMessages(): void {
    for (;;) {
      const length = messageLength(this.#received);
      if (length === undefined || this.#received.length < length) return;
      const { replySerial, ...message } = decodeMessage(this.#received.subarray(0, length));
      this.#received = this.#received.subarray(length);
      this.#waiting.get(replySerial)?.({ replySerial, ...message });
      this.#waiting.delete(replySerial);
    }
  }
}
