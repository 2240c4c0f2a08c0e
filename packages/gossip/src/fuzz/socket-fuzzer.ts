import { createSocket, type Socket as Udp } from 'node:dgram';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { setImmediate, setTimeout } from 'node:timers/promises';
import { Gossip } from '../index.js';
import { Dice } from './dice.js';
import type { Crash } from './fuzzer.js';
import { packetStaysHere, streamStaysHere } from './loopback-only.js';
import { KEYS, LABEL, oddDatagram, oddSealedStream } from './odd-envelopes.js';
import { oddPacket, oddStream } from './odd-packets.js';

/** Datagrams between two looks at the members; few enough for a socket's buffer. */
const BURST = 64;

/** A member lives this long before it must stop cleanly, and a new one takes its place, ms. */
const LIFE_MS = 20_000;

/** Longest that a member may take to answer an honest ping, ms. */
const PATIENCE_MS = 10_000;

/** One member that is attacked, and whether it has keys and a label. */
interface Victim {
  gossip: Gossip;
  sealed: boolean;
}

async function startVictims(): Promise<Victim[]> {
  const start = async (last: number, sealed: boolean): Promise<Victim> => {
    const bind = { host: `127.14.2.${last}`, port: 9896 };
    const secrets = sealed ? { keys: KEYS, label: Buffer.from(LABEL).toString() } : {};
    const overrides = { streamTimeoutMs: 500 };
    const gossip = await Gossip.start({
      name: 'self',
      bind,
      tags: {},
      profile: 'local',
      overrides,
      ...secrets,
    });
    return { gossip, sealed };
  };
  const plain = await start(1, false);
  try {
    return [plain, await start(2, true)];
  } catch (error) {
    await plain.gossip.stop();
    throw error;
  }
}

/** Attacks real members over loopback: bursts of datagrams, and streams that are slow, cut, reset, or many at once. */
export class SocketFuzzer {
  cases = 0;
  readonly #dice: Dice;
  readonly #udp: Udp;
  readonly #crashes: Crash[] = [];
  #victims: Victim[];
  #bornAt = performance.now();
  #last: Uint8Array = new Uint8Array(0);
  readonly #caught = (error: unknown): void => {
    this.#crash(error instanceof Error ? `${error.stack}` : `${error}`);
  };

  private constructor(seed: number, udp: Udp, victims: Victim[]) {
    this.#dice = new Dice(seed);
    this.#udp = udp;
    this.#victims = victims;
    process.on('uncaughtException', this.#caught);
    process.on('unhandledRejection', this.#caught);
  }

  /** Starts the members on 127.14.2.0/24. */
  static async start(seed: number): Promise<SocketFuzzer> {
    const udp = createSocket('udp4');
    udp.bind(0, '127.14.2.9');
    await once(udp, 'listening');
    try {
      return new SocketFuzzer(seed, udp, await startVictims());
    } catch (error) {
      udp.close();
      throw error;
    }
  }

  /** Attacks for about so long; answers the crashes since the last time. */
  async slice(ms: number): Promise<Crash[]> {
    const until = performance.now() + ms;
    while (performance.now() < until) {
      for (const victim of this.#victims) await this.#attack(victim);
      await setImmediate();
    }
    if (performance.now() > this.#bornAt + LIFE_MS) await this.#renew();
    return this.#crashes.splice(0);
  }

  /** Stops the members; answers the crashes that were left. */
  async stop(): Promise<Crash[]> {
    await this.#renew(false);
    this.#udp.close();
    process.off('uncaughtException', this.#caught);
    process.off('unhandledRejection', this.#caught);
    return this.#crashes.splice(0);
  }

  #crash(why: string): void {
    this.#crashes.push({ door: 'sockets', bytes: this.#last, why });
  }

  async #attack(victim: Victim): Promise<void> {
    if (this.#dice.chance(0.7)) {
      this.#burst(victim);
      return;
    }
    const many = this.#dice.chance(0.02) ? 200 : 1 + this.#dice.below(6);
    await Promise.all(this.#dice.times(many, () => this.#stream(victim)));
  }

  #burst({ gossip, sealed }: Victim): void {
    for (let i = 0; i < BURST; i++) {
      const plain = oddPacket(this.#dice);
      if (!packetStaysHere(plain)) continue;
      const datagram = sealed ? oddDatagram(this.#dice, plain) : plain;
      if (datagram.length > 65_507) continue;
      this.#last = datagram;
      this.cases++;
      this.#udp.send(datagram, gossip.port, gossip.self.address, () => undefined);
    }
  }

  async #stream({ gossip, sealed }: Victim): Promise<void> {
    const plain = oddStream(this.#dice);
    if (!streamStaysHere(plain)) return;
    this.#last = sealed ? oddSealedStream(this.#dice, plain) : plain;
    this.cases++;
    const socket = connect({ host: gossip.self.address, port: gossip.port, allowHalfOpen: true });
    socket.on('error', () => undefined);
    socket.resume();
    const closed = new Promise((resolve) => socket.once('close', resolve));
    await this.#write(socket, this.#last);
    await Promise.race([closed, setTimeout(20)]);
    socket.destroy();
  }

  /** Writes all or some of it, in one piece or many, and then ends, resets, or stays silent. */
  async #write(socket: Socket, bytes: Uint8Array): Promise<void> {
    const dice = this.#dice;
    const whole = dice.chance(0.7) ? bytes : bytes.subarray(0, dice.below(bytes.length + 1));
    const pieces = dice.pick([1, 1, 1, 5, 30]);
    const size = Math.max(1, Math.ceil(whole.length / pieces));
    for (let at = 0; at < whole.length; at += size) {
      socket.write(whole.subarray(at, at + size));
      if (pieces > 1) await setImmediate();
    }
    const fate = dice.below(3);
    if (fate === 0) socket.end();
    else if (fate === 1) socket.resetAndDestroy();
  }

  /** The members must still answer, must stop cleanly, and are started anew. */
  async #renew(again = true): Promise<void> {
    for (const { gossip, sealed } of this.#victims) {
      if (!sealed && !(await this.#answers(gossip))) this.#crash('a member no longer answers an honest ping');
      // Without `ref`, because the process shall not stay for it once the member has stopped.
      const patience = setTimeout(PATIENCE_MS, false, { ref: false });
      const stopped = await Promise.race([gossip.stop().then(() => true), patience]);
      if (!stopped) this.#crash('a member does not stop');
    }
    this.#victims = again ? await startVictims() : [];
    this.#bornAt = performance.now();
  }

  /** Says whether a member acks a ping, asked again and again because datagrams may get lost. */
  async #answers(gossip: Gossip): Promise<boolean> {
    let answered = false;
    const hear = (): void => {
      answered = true;
    };
    this.#udp.on('message', hear);
    const until = performance.now() + PATIENCE_MS;
    while (!answered && performance.now() < until) {
      // A ping with the number 7 for whoever listens there.
      this.#udp.send(
        Uint8Array.of(0, 0x81, 0xa5, 83, 101, 113, 78, 111, 7),
        gossip.port,
        gossip.self.address,
      );
      await setTimeout(50);
    }
    this.#udp.off('message', hear);
    return answered;
  }
}
