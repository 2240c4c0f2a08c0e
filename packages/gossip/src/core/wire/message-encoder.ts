import type { PacketMessage, Source } from './message-types.js';
import { MessageType } from './message-types.js';
import { MsgpackWriter } from './msgpack-writer.js';

/* Fields are written in alphabetical order, because Go's codec sorts them. */

function sourceFieldCount(source: Source): number {
  const present = [source.sourceAddr?.length ?? 0, source.sourcePort, source.sourceNode.length];
  return present.filter((size) => size > 0).length;
}

/** Writes the three Source fields, each left out when it is empty. */
function writeSource(writer: MsgpackWriter, source: Source): void {
  if (source.sourceAddr && source.sourceAddr.length > 0) writer.text('SourceAddr').bytes(source.sourceAddr);
  if (source.sourceNode !== '') writer.text('SourceNode').text(source.sourceNode);
  if (source.sourcePort !== 0) writer.text('SourcePort').uint(source.sourcePort);
}

/** Encodes one message, type byte first, to the bytes that memberlist itself would send. */
export function encodeMessage(message: PacketMessage): Uint8Array {
  const w = new MsgpackWriter();
  switch (message.type) {
    case 'ping':
      w.byte(MessageType.ping).map(2 + sourceFieldCount(message));
      w.text('Node').text(message.node).text('SeqNo').uint(message.seqNo);
      writeSource(w, message);
      break;
    case 'indirect':
      w.byte(MessageType.indirectPing).map(5 + sourceFieldCount(message));
      w.text('Nack').bool(message.nack).text('Node').text(message.node);
      w.text('Port').uint(message.port).text('SeqNo').uint(message.seqNo);
      writeSource(w, message);
      w.text('Target').bytes(message.target);
      break;
    case 'ack':
      w.byte(MessageType.ack).map(2);
      w.text('Payload').bytes(message.payload).text('SeqNo').uint(message.seqNo);
      break;
    case 'nack':
      w.byte(MessageType.nack).map(1).text('SeqNo').uint(message.seqNo);
      break;
    case 'suspect':
    case 'dead':
      w.byte(MessageType[message.type]).map(3);
      w.text('From').text(message.from).text('Incarnation').uint(message.incarnation);
      w.text('Node').text(message.node);
      break;
    case 'alive':
      w.byte(MessageType.alive).map(6);
      w.text('Addr').bytes(message.addr).text('Incarnation').uint(message.incarnation);
      w.text('Meta').bytes(message.meta).text('Node').text(message.node);
      w.text('Port').uint(message.port).text('Vsn').bytes(message.vsn);
      break;
    case 'user':
      w.byte(MessageType.user).append(message.body);
      break;
  }
  return w.finish();
}
