// Original file: shoal/v1/link.proto

import type * as grpc from '@grpc/grpc-js'
import type { MethodDefinition } from '@grpc/proto-loader'
import type { AgentMessage as _shoal_v1_AgentMessage, AgentMessage__Output as _shoal_v1_AgentMessage__Output } from '../../shoal/v1/AgentMessage.js';
import type { BatchAck as _shoal_v1_BatchAck, BatchAck__Output as _shoal_v1_BatchAck__Output } from '../../shoal/v1/BatchAck.js';
import type { ControllerMessage as _shoal_v1_ControllerMessage, ControllerMessage__Output as _shoal_v1_ControllerMessage__Output } from '../../shoal/v1/ControllerMessage.js';
import type { LogBatch as _shoal_v1_LogBatch, LogBatch__Output as _shoal_v1_LogBatch__Output } from '../../shoal/v1/LogBatch.js';
import type { StatBatch as _shoal_v1_StatBatch, StatBatch__Output as _shoal_v1_StatBatch__Output } from '../../shoal/v1/StatBatch.js';

/**
 * The link between one agent and the controller. The agent dials; mutual TLS names it. Control has a stream
 * of its own, so that bulk (logs, stats) never delays it.
 */
export interface LinkClient extends grpc.Client {
  /**
   * One stream per agent. The agent's first message carries `hello` and a full `report`; the controller's first
   * answer carries `welcome`. Unchanged parts of a report are omitted afterwards. A gap in `sequence` makes the
   * receiver ask for a full report. RESOURCE_EXHAUSTED with metadata "retry-after-ms": come back later.
   */
  Control(metadata: grpc.Metadata, options?: grpc.CallOptions): grpc.ClientDuplexStream<_shoal_v1_AgentMessage, _shoal_v1_ControllerMessage__Output>;
  Control(options?: grpc.CallOptions): grpc.ClientDuplexStream<_shoal_v1_AgentMessage, _shoal_v1_ControllerMessage__Output>;
  /**
   * One stream per agent. The agent's first message carries `hello` and a full `report`; the controller's first
   * answer carries `welcome`. Unchanged parts of a report are omitted afterwards. A gap in `sequence` makes the
   * receiver ask for a full report. RESOURCE_EXHAUSTED with metadata "retry-after-ms": come back later.
   */
  control(metadata: grpc.Metadata, options?: grpc.CallOptions): grpc.ClientDuplexStream<_shoal_v1_AgentMessage, _shoal_v1_ControllerMessage__Output>;
  control(options?: grpc.CallOptions): grpc.ClientDuplexStream<_shoal_v1_AgentMessage, _shoal_v1_ControllerMessage__Output>;
  
  /**
   * Log records, in the order of their sequence numbers. An acknowledgment means: durable on the controller.
   * What wasn't acknowledged is sent again on the next stream; the controller drops what it holds already.
   */
  ShipLogs(metadata: grpc.Metadata, options?: grpc.CallOptions): grpc.ClientDuplexStream<_shoal_v1_LogBatch, _shoal_v1_BatchAck__Output>;
  ShipLogs(options?: grpc.CallOptions): grpc.ClientDuplexStream<_shoal_v1_LogBatch, _shoal_v1_BatchAck__Output>;
  /**
   * Log records, in the order of their sequence numbers. An acknowledgment means: durable on the controller.
   * What wasn't acknowledged is sent again on the next stream; the controller drops what it holds already.
   */
  shipLogs(metadata: grpc.Metadata, options?: grpc.CallOptions): grpc.ClientDuplexStream<_shoal_v1_LogBatch, _shoal_v1_BatchAck__Output>;
  shipLogs(options?: grpc.CallOptions): grpc.ClientDuplexStream<_shoal_v1_LogBatch, _shoal_v1_BatchAck__Output>;
  
  /**
   * Samples, under the same rules as ShipLogs.
   */
  ShipStats(metadata: grpc.Metadata, options?: grpc.CallOptions): grpc.ClientDuplexStream<_shoal_v1_StatBatch, _shoal_v1_BatchAck__Output>;
  ShipStats(options?: grpc.CallOptions): grpc.ClientDuplexStream<_shoal_v1_StatBatch, _shoal_v1_BatchAck__Output>;
  /**
   * Samples, under the same rules as ShipLogs.
   */
  shipStats(metadata: grpc.Metadata, options?: grpc.CallOptions): grpc.ClientDuplexStream<_shoal_v1_StatBatch, _shoal_v1_BatchAck__Output>;
  shipStats(options?: grpc.CallOptions): grpc.ClientDuplexStream<_shoal_v1_StatBatch, _shoal_v1_BatchAck__Output>;
  
}

/**
 * The link between one agent and the controller. The agent dials; mutual TLS names it. Control has a stream
 * of its own, so that bulk (logs, stats) never delays it.
 */
export interface LinkHandlers extends grpc.UntypedServiceImplementation {
  /**
   * One stream per agent. The agent's first message carries `hello` and a full `report`; the controller's first
   * answer carries `welcome`. Unchanged parts of a report are omitted afterwards. A gap in `sequence` makes the
   * receiver ask for a full report. RESOURCE_EXHAUSTED with metadata "retry-after-ms": come back later.
   */
  Control: grpc.handleBidiStreamingCall<_shoal_v1_AgentMessage__Output, _shoal_v1_ControllerMessage>;
  
  /**
   * Log records, in the order of their sequence numbers. An acknowledgment means: durable on the controller.
   * What wasn't acknowledged is sent again on the next stream; the controller drops what it holds already.
   */
  ShipLogs: grpc.handleBidiStreamingCall<_shoal_v1_LogBatch__Output, _shoal_v1_BatchAck>;
  
  /**
   * Samples, under the same rules as ShipLogs.
   */
  ShipStats: grpc.handleBidiStreamingCall<_shoal_v1_StatBatch__Output, _shoal_v1_BatchAck>;
  
}

export interface LinkDefinition extends grpc.ServiceDefinition {
  Control: MethodDefinition<_shoal_v1_AgentMessage, _shoal_v1_ControllerMessage, _shoal_v1_AgentMessage__Output, _shoal_v1_ControllerMessage__Output>
  ShipLogs: MethodDefinition<_shoal_v1_LogBatch, _shoal_v1_BatchAck, _shoal_v1_LogBatch__Output, _shoal_v1_BatchAck__Output>
  ShipStats: MethodDefinition<_shoal_v1_StatBatch, _shoal_v1_BatchAck, _shoal_v1_StatBatch__Output, _shoal_v1_BatchAck__Output>
}
