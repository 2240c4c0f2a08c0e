import { copyOf } from './bytes.js';
import { decodeCompressed } from './compress.js';
import { readAck, readPing } from './message-decoder.js';
import { MessageType } from './message-types.js';
import { MsgpackReader } from './msgpack-reader.js';
import type { NodeState, PushPull, StreamLimits, StreamMessage } from './stream-types.js';
import { DEFAULT_STREAM_LIMITS, WireState } from './stream-types.js';
import { type Fields, readStruct } from './struct.js';
import { WireError } from './wire-error.js';

const U16 = 0xffff;
const U32 = 0xffff_ffff;

/** Head of a push-pull, before its nodes. */
export interface PushPullHead {
  nodes: number;
  userStateLength: number;
  join: boolean;
}

const headFields: Fields<PushPullHead> = {
  Nodes: (m, r) => {
    m.nodes = r.int('pushPull.Nodes');
  },
  UserStateLen: (m, r) => {
    m.userStateLength = r.int('pushPull.UserStateLen');
  },
  Join: (m, r) => {
    m.join = r.bool('pushPull.Join');
  },
};

const nodeFields: Fields<NodeState> = {
  Name: (m, r) => {
    m.name = r.text('node.Name');
  },
  Addr: (m, r) => {
    m.addr = r.bytes('node.Addr');
  },
  Port: (m, r) => {
    m.port = r.uint(U16, 'node.Port');
  },
  Meta: (m, r) => {
    m.meta = r.bytes('node.Meta');
  },
  Incarnation: (m, r) => {
    m.incarnation = r.uint(U32, 'node.Incarnation');
  },
  State: (m, r) => {
    m.state = r.uint(WireState.left, 'node.State');
  },
  Vsn: (m, r) => {
    m.vsn = r.bytes('node.Vsn');
  },
};

const userFields: Fields<{ length: number }> = {
  UserMsgLen: (m, r) => {
    m.length = r.int('user.UserMsgLen');
  },
};

const errorFields: Fields<{ error: string }> = {
  Error: (m, r) => {
    m.error = r.text('error.Error');
  },
};

function within(value: number, limit: number, field: string): number {
  if (value < 0 || value > limit) throw new WireError(`${field} is ${value}, expected 0 to ${limit}`);
  return value;
}

/** Reads the head of a push-pull and checks what it announces. */
export function readPushPullHead(reader: MsgpackReader, limits: StreamLimits): PushPullHead {
  const head = readStruct(reader, headFields, { nodes: 0, userStateLength: 0, join: false });
  within(head.nodes, limits.nodes, 'pushPull.Nodes');
  within(head.userStateLength, limits.bytes, 'pushPull.UserStateLen');
  return head;
}

/** Reads the announced length of a user message on a stream. */
export function readUserLength(reader: MsgpackReader, limits: StreamLimits): number {
  return within(readStruct(reader, userFields, { length: 0 }).length, limits.bytes, 'user.UserMsgLen');
}

function readNode(reader: MsgpackReader): NodeState {
  const zero: NodeState = {
    name: '',
    addr: null,
    port: 0,
    meta: null,
    incarnation: 0,
    state: WireState.alive,
    vsn: null,
  };
  return readStruct(reader, nodeFields, zero);
}

function readPushPull(reader: MsgpackReader, limits: StreamLimits): PushPull {
  const head = readPushPullHead(reader, limits);
  const nodes: NodeState[] = [];
  for (let i = 0; i < head.nodes; i++) nodes.push(readNode(reader));
  const userState = copyOf(reader.take(head.userStateLength));
  return { type: 'pushPull', join: head.join, nodes, userState };
}

/** Decodes one direction of a stream (label and encryption already taken off). Throws WireError. */
export function decodeStream(bytes: Uint8Array, limits: StreamLimits): StreamMessage {
  if (bytes[0] !== MessageType.compress) return decodePlainStream(bytes, limits);
  return decodePlainStream(decodeCompressed(bytes, limits.bytes), limits);
}

/** Decodes one direction of a stream, within the default limits; what is wrong with it is returned, not thrown. */
export function readStream(bytes: Uint8Array): StreamMessage | WireError {
  try {
    return decodeStream(bytes, DEFAULT_STREAM_LIMITS);
  } catch (error) {
    if (error instanceof WireError) return error;
    throw error;
  }
}

function decodePlainStream(bytes: Uint8Array, limits: StreamLimits): StreamMessage {
  const type = bytes[0];
  const reader = new MsgpackReader(bytes, 1);
  switch (type) {
    case undefined:
      throw new WireError('missing message type byte');
    case MessageType.pushPull:
      return readPushPull(reader, limits);
    case MessageType.ping:
      return readPing(reader);
    case MessageType.ack:
      return readAck(reader);
    case MessageType.user: {
      const length = readUserLength(reader, limits);
      return { type: 'user', body: copyOf(reader.take(length)) };
    }
    case MessageType.error:
      return { type: 'error', error: readStruct(reader, errorFields, { error: '' }).error };
    default:
      throw new WireError(`message type ${type} is not one that a stream carries`);
  }
}
