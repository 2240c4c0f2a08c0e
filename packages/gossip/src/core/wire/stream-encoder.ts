import { encodeCompressed } from './compress.js';
import { encodeMessage } from './message-encoder.js';
import { MessageType } from './message-types.js';
import { MsgpackWriter } from './msgpack-writer.js';
import type { NodeState, PushPull, StreamMessage } from './stream-types.js';

/** Below this many bytes a stream goes out as it is: LZW would make it larger. */
const COMPRESS_FROM = 256;

function writeNodeState(writer: MsgpackWriter, node: NodeState): void {
  writer.map(7);
  writer.text('Addr').bytes(node.addr).text('Incarnation').uint(node.incarnation);
  writer.text('Meta').bytes(node.meta).text('Name').text(node.name);
  writer.text('Port').uint(node.port).text('State').uint(node.state).text('Vsn').bytes(node.vsn);
}

function encodePushPull(message: PushPull): Uint8Array {
  const writer = new MsgpackWriter().byte(MessageType.pushPull).map(3);
  writer.text('Join').bool(message.join).text('Nodes').uint(message.nodes.length);
  writer.text('UserStateLen').uint(message.userState.length);
  for (const node of message.nodes) writeNodeState(writer, node);
  return writer.append(message.userState).finish();
}

/** Encodes one direction of a stream, type byte first, uncompressed. */
export function encodeStreamMessage(message: StreamMessage): Uint8Array {
  switch (message.type) {
    case 'pushPull':
      return encodePushPull(message);
    case 'user':
      return new MsgpackWriter()
        .byte(MessageType.user)
        .map(1)
        .text('UserMsgLen')
        .uint(message.body.length)
        .append(message.body)
        .finish();
    case 'error':
      return new MsgpackWriter().byte(MessageType.error).map(1).text('Error').text(message.error).finish();
    default:
      return encodeMessage(message);
  }
}

/** Encodes a stream message, compressed when that may pay and is wanted. */
export function encodeStream(message: StreamMessage, compress: boolean): Uint8Array {
  const bytes = encodeStreamMessage(message);
  return compress && bytes.length >= COMPRESS_FROM ? encodeCompressed(bytes) : bytes;
}
