// Original file: shoal/v1/operations.proto

import type * as grpc from '@grpc/grpc-js'
import type { MethodDefinition } from '@grpc/proto-loader'
import type { OperationRequest as _shoal_v1_OperationRequest, OperationRequest__Output as _shoal_v1_OperationRequest__Output } from '../../shoal/v1/OperationRequest.js';
import type { OperationResponse as _shoal_v1_OperationResponse, OperationResponse__Output as _shoal_v1_OperationResponse__Output } from '../../shoal/v1/OperationResponse.js';

/**
 * Everything that can be asked of the controller, by name. The table of operations (name, input and output
 * schema, role, audit) is the contract; REST routes and these calls are two doors to it. `operations.list`
 * returns the table with its JSON Schemas.
 */
export interface OperationsClient extends grpc.Client {
  /**
   * One answer. INVALID_ARGUMENT, NOT_FOUND, ALREADY_EXISTS, ABORTED (conflict), PERMISSION_DENIED,
   * FAILED_PRECONDITION as fits; metadata "shoal-error-bin" holds the ShoalError as JSON.
   */
  Call(argument: _shoal_v1_OperationRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_shoal_v1_OperationResponse__Output>): grpc.ClientUnaryCall;
  Call(argument: _shoal_v1_OperationRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_shoal_v1_OperationResponse__Output>): grpc.ClientUnaryCall;
  Call(argument: _shoal_v1_OperationRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_shoal_v1_OperationResponse__Output>): grpc.ClientUnaryCall;
  Call(argument: _shoal_v1_OperationRequest, callback: grpc.requestCallback<_shoal_v1_OperationResponse__Output>): grpc.ClientUnaryCall;
  /**
   * One answer. INVALID_ARGUMENT, NOT_FOUND, ALREADY_EXISTS, ABORTED (conflict), PERMISSION_DENIED,
   * FAILED_PRECONDITION as fits; metadata "shoal-error-bin" holds the ShoalError as JSON.
   */
  call(argument: _shoal_v1_OperationRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_shoal_v1_OperationResponse__Output>): grpc.ClientUnaryCall;
  call(argument: _shoal_v1_OperationRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_shoal_v1_OperationResponse__Output>): grpc.ClientUnaryCall;
  call(argument: _shoal_v1_OperationRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_shoal_v1_OperationResponse__Output>): grpc.ClientUnaryCall;
  call(argument: _shoal_v1_OperationRequest, callback: grpc.requestCallback<_shoal_v1_OperationResponse__Output>): grpc.ClientUnaryCall;
  
  /**
   * Answers as they happen, until the caller cancels or the operation ends.
   */
  Watch(argument: _shoal_v1_OperationRequest, metadata: grpc.Metadata, options?: grpc.CallOptions): grpc.ClientReadableStream<_shoal_v1_OperationResponse__Output>;
  Watch(argument: _shoal_v1_OperationRequest, options?: grpc.CallOptions): grpc.ClientReadableStream<_shoal_v1_OperationResponse__Output>;
  /**
   * Answers as they happen, until the caller cancels or the operation ends.
   */
  watch(argument: _shoal_v1_OperationRequest, metadata: grpc.Metadata, options?: grpc.CallOptions): grpc.ClientReadableStream<_shoal_v1_OperationResponse__Output>;
  watch(argument: _shoal_v1_OperationRequest, options?: grpc.CallOptions): grpc.ClientReadableStream<_shoal_v1_OperationResponse__Output>;
  
}

/**
 * Everything that can be asked of the controller, by name. The table of operations (name, input and output
 * schema, role, audit) is the contract; REST routes and these calls are two doors to it. `operations.list`
 * returns the table with its JSON Schemas.
 */
export interface OperationsHandlers extends grpc.UntypedServiceImplementation {
  /**
   * One answer. INVALID_ARGUMENT, NOT_FOUND, ALREADY_EXISTS, ABORTED (conflict), PERMISSION_DENIED,
   * FAILED_PRECONDITION as fits; metadata "shoal-error-bin" holds the ShoalError as JSON.
   */
  Call: grpc.handleUnaryCall<_shoal_v1_OperationRequest__Output, _shoal_v1_OperationResponse>;
  
  /**
   * Answers as they happen, until the caller cancels or the operation ends.
   */
  Watch: grpc.handleServerStreamingCall<_shoal_v1_OperationRequest__Output, _shoal_v1_OperationResponse>;
  
}

export interface OperationsDefinition extends grpc.ServiceDefinition {
  Call: MethodDefinition<_shoal_v1_OperationRequest, _shoal_v1_OperationResponse, _shoal_v1_OperationRequest__Output, _shoal_v1_OperationResponse__Output>
  Watch: MethodDefinition<_shoal_v1_OperationRequest, _shoal_v1_OperationResponse, _shoal_v1_OperationRequest__Output, _shoal_v1_OperationResponse__Output>
}
