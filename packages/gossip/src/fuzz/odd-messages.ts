import { concatBytes, encodeUtf8, MessageType } from '../core/index.js';
import type { Dice } from './dice.js';
import { anyInt, anyRaw, arrayHead, mapHead, oddInt, oddValue } from './odd-msgpack.js';

type Kind = 'name' | 'u32' | 'u16' | 'count' | 'state' | 'flag' | 'address' | 'meta' | 'versions' | 'text';

/** Names of the message bodies that can be made. */
export type BodyName =
  | 'ping'
  | 'indirectPing'
  | 'ack'
  | 'nack'
  | 'suspect'
  | 'dead'
  | 'alive'
  | 'pushPull'
  | 'node'
  | 'user'
  | 'error';

/** Fields of each message body, in Go's order of declaration. */
const BODIES: Readonly<Record<BodyName, Readonly<Record<string, Kind>>>> = {
  ping: { SeqNo: 'u32', Node: 'name', SourceAddr: 'address', SourcePort: 'u16', SourceNode: 'name' },
  indirectPing: {
    SeqNo: 'u32',
    Target: 'address',
    Port: 'u16',
    Node: 'name',
    Nack: 'flag',
    SourceAddr: 'address',
    SourcePort: 'u16',
    SourceNode: 'name',
  },
  ack: { SeqNo: 'u32', Payload: 'meta' },
  nack: { SeqNo: 'u32' },
  suspect: { Incarnation: 'u32', Node: 'name', From: 'name' },
  dead: { Incarnation: 'u32', Node: 'name', From: 'name' },
  alive: {
    Incarnation: 'u32',
    Node: 'name',
    Addr: 'address',
    Port: 'u16',
    Meta: 'meta',
    Vsn: 'versions',
  },
  pushPull: { Nodes: 'count', UserStateLen: 'count', Join: 'flag' },
  node: {
    Name: 'name',
    Addr: 'address',
    Port: 'u16',
    Meta: 'meta',
    Incarnation: 'u32',
    State: 'state',
    Vsn: 'versions',
  },
  user: { UserMsgLen: 'count' },
  error: { Error: 'text' },
};

/** Names that collide with each other, with this node (`self`), and with what JavaScript keeps in objects. */
const NAMES: readonly Uint8Array[] = [
  ...['self', 'a', 'b', 'c', 'node-1', '', '__proto__', 'constructor', 'x'.repeat(255), 'é'.repeat(200)],
  ...[
    '\u0000\u001b[31m\nred',
    '\u202egnp',
    '😀'.repeat(64),
    'x'.repeat(300),
    'x'.repeat(1200),
    'x'.repeat(4096),
    'x'.repeat(4097),
  ],
].map(encodeUtf8);

const NOT_UTF8: readonly Uint8Array[] = [
  Uint8Array.of(0xff, 0xfe),
  Uint8Array.of(0xed, 0xa0, 0x80),
  Uint8Array.of(0xc0, 0x80, 0xf5),
  Uint8Array.of(0xe2, 0x82),
];

function nameBytes(dice: Dice): Uint8Array {
  if (dice.chance(0.1)) return dice.pick(NOT_UTF8);
  return dice.chance(0.3) ? encodeUtf8(`node-${dice.below(5000)}`) : dice.pick(NAMES);
}

/** An address on loopback, so that a real member that believes it sends nothing off the machine. */
function addressBytes(dice: Dice): Uint8Array {
  const v4 = Uint8Array.of(127, 14, dice.below(8), 1 + dice.below(250));
  return dice.oneOf(
    () => v4,
    () => v4,
    () => concatBytes(new Uint8Array(10), Uint8Array.of(0xff, 0xff), v4),
    () => concatBytes(new Uint8Array(15), Uint8Array.of(1)),
  );
}

function goodValue(dice: Dice, kind: Kind): Uint8Array {
  switch (kind) {
    case 'name':
      return anyRaw(dice, nameBytes(dice));
    case 'text':
      return anyRaw(dice, dice.bytes(dice.size(400)));
    case 'u32':
      return anyInt(dice, dice.pick([0, 1, 2, 3, 5, 1000, 0x7fff_ffff, 0x8000_0000, 0xffff_ffff]));
    case 'u16':
      return anyInt(dice, dice.pick([0, 1, 7946, 9896, 65_535]));
    case 'count':
      return anyInt(dice, dice.size(40));
    case 'state':
      return anyInt(dice, dice.below(4));
    case 'flag':
      return Uint8Array.of(dice.pick([0xc2, 0xc3]));
    case 'address':
      return dice.chance(0.9) ? anyRaw(dice, addressBytes(dice)) : Uint8Array.of(0xc0);
    case 'meta':
      return dice.chance(0.3) ? Uint8Array.of(0xc0) : anyRaw(dice, metaBytes(dice));
    case 'versions':
      return anyRaw(dice, dice.chance(0.8) ? Uint8Array.of(1, 5, 2, 2, 5, 5) : dice.bytes(dice.below(9)));
  }
}

/** A node's meta: Serf's tags, nearly Serf's tags, or anything else. */
export function metaBytes(dice: Dice): Uint8Array {
  const tags = (): Uint8Array => {
    const pairs = dice.size(12);
    const fields = dice.times(pairs * 2, () =>
      dice.chance(0.95) ? anyRaw(dice, nameBytes(dice)) : oddValue(dice),
    );
    return concatBytes(Uint8Array.of(0xff), mapHead(dice, pairs), ...fields);
  };
  return dice.oneOf(tags, tags, () => dice.bytes(dice.pick([0, 1, 511, 512, 513, 2000])));
}

/**
 * A msgpack body: well formed, with at most one thing wrong. `fixed` gives values, already encoded, for fields that
 * must agree with something else.
 */
function oddBody(dice: Dice, name: BodyName, fixed: Record<string, Uint8Array> = {}): Uint8Array {
  const fields = Object.entries(BODIES[name]).map(([field, kind]) => ({
    key: anyRaw(dice, encodeUtf8(field)),
    value: fixed[field] ?? goodValue(dice, kind),
  }));
  if (dice.chance(0.1)) {
    return concatBytes(arrayHead(dice, fields.length), ...fields.map((field) => field.value));
  }
  let size = fields.length;
  if (dice.chance(0.35)) size = spoil(dice, fields);
  return concatBytes(mapHead(dice, size), ...fields.flatMap(({ key, value }) => [key, value]));
}

interface Field {
  key: Uint8Array;
  value: Uint8Array;
}

type Spoiler = (dice: Dice, fields: Field[], victim: Field) => void;

const SPOILERS: readonly Spoiler[] = [
  (dice, _, victim) => {
    victim.value = oddValue(dice);
  },
  (dice, _, victim) => {
    victim.value = oddInt(dice);
  },
  (_dice, _, victim) => {
    victim.value = Uint8Array.of(0xc0);
  },
  (dice, _, victim) => {
    victim.key = oddValue(dice);
  },
  (dice, fields, victim) => {
    fields.push(...dice.times(dice.pick([1, 1, 40]), () => victim));
  },
  (dice, fields) => {
    const unknown = { key: anyRaw(dice, encodeUtf8('Unknown')), value: oddValue(dice) };
    fields.splice(dice.below(fields.length + 1), 0, unknown);
  },
  (_, fields, victim) => {
    fields.splice(fields.indexOf(victim), 1);
  },
];

/** Makes one thing wrong; answers how many pairs the map shall announce. */
function spoil(dice: Dice, fields: Field[]): number {
  if (dice.chance(0.15)) return dice.pick([0, 1, fields.length - 1, fields.length + 1, 0xffff, 0xffff_ffff]);
  dice.pick(SPOILERS)(dice, fields, dice.pick(fields));
  return fields.length;
}

const PACKET_BODIES = ['ping', 'indirectPing', 'ack', 'nack', 'suspect', 'dead', 'alive'] as const;

/** One message of a datagram, type byte first. */
export function oddMessage(dice: Dice): Uint8Array {
  if (dice.chance(0.1)) return concatBytes(Uint8Array.of(MessageType.user), serfBody(dice));
  const name = dice.pick(PACKET_BODIES);
  const type = dice.chance(0.97) ? MessageType[name] : dice.below(256);
  const message = concatBytes(Uint8Array.of(type), oddBody(dice, name));
  if (dice.chance(0.95)) return message;
  return dice.chance(0.5)
    ? message.subarray(0, dice.below(message.length))
    : concatBytes(message, dice.bytes(9));
}

/** What a user message of Serf holds: a type, then a map with a Lamport time. */
export function serfBody(dice: Dice): Uint8Array {
  const pairs: [string, Uint8Array][] = [
    ['LTime', dice.chance(0.7) ? anyInt(dice, dice.below(1 << 30)) : oddInt(dice)],
    ['Node', dice.chance(0.9) ? anyRaw(dice, nameBytes(dice)) : oddValue(dice)],
    ['Prune', dice.chance(0.8) ? Uint8Array.of(0xc2) : oddValue(dice)],
  ];
  const fields = pairs.flatMap(([key, value]) => [anyRaw(dice, encodeUtf8(key)), value]);
  const head = Uint8Array.of(dice.chance(0.95) ? dice.below(6) : dice.below(256));
  return concatBytes(head, mapHead(dice, dice.chance(0.95) ? 3 : dice.below(100)), ...fields);
}

/** A full exchange of state whose counts may lie. */
function oddPushPull(dice: Dice): Uint8Array {
  const nodes = dice.times(dice.size(30), () => (dice.chance(0.98) ? oddBody(dice, 'node') : oddValue(dice)));
  const user = dice.chance(0.5) ? serfBody(dice) : dice.bytes(dice.size(200));
  const fixed: Record<string, Uint8Array> = {};
  if (dice.chance(0.9)) {
    fixed['Nodes'] = anyInt(dice, nodes.length);
    fixed['UserStateLen'] = anyInt(dice, user.length);
  } else {
    fixed['Nodes'] = oddInt(dice);
    if (dice.chance(0.5)) fixed['UserStateLen'] = oddInt(dice);
  }
  return concatBytes(Uint8Array.of(MessageType.pushPull), oddBody(dice, 'pushPull', fixed), ...nodes, user);
}

/** One message of a stream, type byte first. */
export function oddStreamMessage(dice: Dice): Uint8Array {
  return dice.oneOf(
    () => oddPushPull(dice),
    () => oddPushPull(dice),
    () => concatBytes(Uint8Array.of(MessageType.ping), oddBody(dice, 'ping')),
    () => concatBytes(Uint8Array.of(MessageType.ack), oddBody(dice, 'ack')),
    () => concatBytes(Uint8Array.of(MessageType.error), oddBody(dice, 'error')),
    () => {
      const body = dice.bytes(dice.size(300));
      const length = dice.chance(0.8) ? anyInt(dice, body.length) : oddInt(dice);
      const head = oddBody(dice, 'user', { UserMsgLen: length });
      return concatBytes(Uint8Array.of(MessageType.user), head, body);
    },
    () => oddMessage(dice),
  );
}
