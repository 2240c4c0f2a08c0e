import { copyOf } from './bytes.js';
import type { Accusation, Ack, Alive, IndirectPing, Nack, PacketMessage, Ping } from './message-types.js';
import { MessageType } from './message-types.js';
import { MsgpackReader } from './msgpack-reader.js';
import { type Fields, readStruct } from './struct.js';
import { WireError } from './wire-error.js';

const U16 = 0xffff;
const U32 = 0xffff_ffff;

const pingFields: Fields<Ping> = {
  SeqNo: (m, r) => {
    m.seqNo = r.uint(U32, 'ping.SeqNo');
  },
  Node: (m, r) => {
    m.node = r.text('ping.Node');
  },
  SourceAddr: (m, r) => {
    m.sourceAddr = r.bytes('ping.SourceAddr');
  },
  SourcePort: (m, r) => {
    m.sourcePort = r.uint(U16, 'ping.SourcePort');
  },
  SourceNode: (m, r) => {
    m.sourceNode = r.text('ping.SourceNode');
  },
};

const indirectFields: Fields<IndirectPing> = {
  SeqNo: (m, r) => {
    m.seqNo = r.uint(U32, 'indirectPing.SeqNo');
  },
  Target: (m, r) => {
    m.target = r.bytes('indirectPing.Target');
  },
  Port: (m, r) => {
    m.port = r.uint(U16, 'indirectPing.Port');
  },
  Node: (m, r) => {
    m.node = r.text('indirectPing.Node');
  },
  Nack: (m, r) => {
    m.nack = r.bool('indirectPing.Nack');
  },
  SourceAddr: (m, r) => {
    m.sourceAddr = r.bytes('indirectPing.SourceAddr');
  },
  SourcePort: (m, r) => {
    m.sourcePort = r.uint(U16, 'indirectPing.SourcePort');
  },
  SourceNode: (m, r) => {
    m.sourceNode = r.text('indirectPing.SourceNode');
  },
};

const ackFields: Fields<Ack> = {
  SeqNo: (m, r) => {
    m.seqNo = r.uint(U32, 'ack.SeqNo');
  },
  Payload: (m, r) => {
    m.payload = r.bytes('ack.Payload');
  },
};

const nackFields: Fields<Nack> = {
  SeqNo: (m, r) => {
    m.seqNo = r.uint(U32, 'nack.SeqNo');
  },
};

const accusationFields: Fields<Accusation> = {
  Incarnation: (m, r) => {
    m.incarnation = r.uint(U32, `${m.type}.Incarnation`);
  },
  Node: (m, r) => {
    m.node = r.text(`${m.type}.Node`);
  },
  From: (m, r) => {
    m.from = r.text(`${m.type}.From`);
  },
};

const aliveFields: Fields<Alive> = {
  Incarnation: (m, r) => {
    m.incarnation = r.uint(U32, 'alive.Incarnation');
  },
  Node: (m, r) => {
    m.node = r.text('alive.Node');
  },
  Addr: (m, r) => {
    m.addr = r.bytes('alive.Addr');
  },
  Port: (m, r) => {
    m.port = r.uint(U16, 'alive.Port');
  },
  Meta: (m, r) => {
    m.meta = r.bytes('alive.Meta');
  },
  Vsn: (m, r) => {
    m.vsn = r.bytes('alive.Vsn');
  },
};

const noSource = { sourceAddr: null, sourcePort: 0, sourceNode: '' };

/** Reads a ping body (the type byte is already consumed). Used by datagrams and by the TCP fallback ping. */
export function readPing(reader: MsgpackReader): Ping {
  return readStruct(reader, pingFields, { type: 'ping', seqNo: 0, node: '', ...noSource });
}

/** Reads an ack body (the type byte is already consumed). */
export function readAck(reader: MsgpackReader): Ack {
  return readStruct(reader, ackFields, { type: 'ack', seqNo: 0, payload: null });
}

function readIndirect(reader: MsgpackReader): IndirectPing {
  const zero: IndirectPing = {
    type: 'indirect',
    seqNo: 0,
    target: null,
    port: 0,
    node: '',
    nack: false,
    ...noSource,
  };
  return readStruct(reader, indirectFields, zero);
}

function readAlive(reader: MsgpackReader): Alive {
  const zero: Alive = { type: 'alive', incarnation: 0, node: '', addr: null, port: 0, meta: null, vsn: null };
  return readStruct(reader, aliveFields, zero);
}

function readAccusation(reader: MsgpackReader, type: 'suspect' | 'dead'): Accusation {
  return readStruct(reader, accusationFields, { type, incarnation: 0, node: '', from: '' });
}

/**
 * Decodes one message that is neither compound nor compressed. Bytes after its body are ignored, as Go does.
 * Throws WireError on anything else.
 */
export function decodeMessage(bytes: Uint8Array): PacketMessage {
  const type = bytes[0];
  if (type === undefined) throw new WireError('missing message type byte');
  const reader = new MsgpackReader(bytes, 1);
  switch (type) {
    case MessageType.ping:
      return readPing(reader);
    case MessageType.indirectPing:
      return readIndirect(reader);
    case MessageType.ack:
      return readAck(reader);
    case MessageType.nack:
      return readStruct(reader, nackFields, { type: 'nack', seqNo: 0 });
    case MessageType.suspect:
      return readAccusation(reader, 'suspect');
    case MessageType.dead:
      return readAccusation(reader, 'dead');
    case MessageType.alive:
      return readAlive(reader);
    case MessageType.user:
      return { type: 'user', body: copyOf(bytes.subarray(1)) };
    default:
      throw new WireError(`message type ${type} is not one that a datagram carries`);
  }
}
