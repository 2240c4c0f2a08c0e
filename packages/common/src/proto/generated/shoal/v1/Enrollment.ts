// Original file: shoal/v1/enrollment.proto

import type * as grpc from '@grpc/grpc-js'
import type { MethodDefinition } from '@grpc/proto-loader'
import type { EnrollRequest as _shoal_v1_EnrollRequest, EnrollRequest__Output as _shoal_v1_EnrollRequest__Output } from '../../shoal/v1/EnrollRequest.js';
import type { Identity as _shoal_v1_Identity, Identity__Output as _shoal_v1_Identity__Output } from '../../shoal/v1/Identity.js';
import type { RenewRequest as _shoal_v1_RenewRequest, RenewRequest__Output as _shoal_v1_RenewRequest__Output } from '../../shoal/v1/RenewRequest.js';

/**
 * How a host becomes a node of the cluster, and how it stays one.
 * 
 * Enroll is the only call that is answered without a client certificate. The caller must have compared the
 * controller's CA with the fingerprint in its join token before it sends the secret; the controller never
 * sees a secret from a caller that was talked into trusting another CA.
 */
export interface EnrollmentClient extends grpc.Client {
  /**
   * Trades a join token's secret and a certificate signing request for an identity.
   * UNAUTHENTICATED: token unknown, expired, revoked, used up or for another cluster (the message says which).
   * ALREADY_EXISTS: another node holds this name. INVALID_ARGUMENT: name or signing request malformed.
   */
  Enroll(argument: _shoal_v1_EnrollRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_shoal_v1_Identity__Output>): grpc.ClientUnaryCall;
  Enroll(argument: _shoal_v1_EnrollRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_shoal_v1_Identity__Output>): grpc.ClientUnaryCall;
  Enroll(argument: _shoal_v1_EnrollRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_shoal_v1_Identity__Output>): grpc.ClientUnaryCall;
  Enroll(argument: _shoal_v1_EnrollRequest, callback: grpc.requestCallback<_shoal_v1_Identity__Output>): grpc.ClientUnaryCall;
  /**
   * Trades a join token's secret and a certificate signing request for an identity.
   * UNAUTHENTICATED: token unknown, expired, revoked, used up or for another cluster (the message says which).
   * ALREADY_EXISTS: another node holds this name. INVALID_ARGUMENT: name or signing request malformed.
   */
  enroll(argument: _shoal_v1_EnrollRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_shoal_v1_Identity__Output>): grpc.ClientUnaryCall;
  enroll(argument: _shoal_v1_EnrollRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_shoal_v1_Identity__Output>): grpc.ClientUnaryCall;
  enroll(argument: _shoal_v1_EnrollRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_shoal_v1_Identity__Output>): grpc.ClientUnaryCall;
  enroll(argument: _shoal_v1_EnrollRequest, callback: grpc.requestCallback<_shoal_v1_Identity__Output>): grpc.ClientUnaryCall;
  
  /**
   * A fresh certificate for the node that the caller's present certificate names. Needs that certificate.
   */
  Renew(argument: _shoal_v1_RenewRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_shoal_v1_Identity__Output>): grpc.ClientUnaryCall;
  Renew(argument: _shoal_v1_RenewRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_shoal_v1_Identity__Output>): grpc.ClientUnaryCall;
  Renew(argument: _shoal_v1_RenewRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_shoal_v1_Identity__Output>): grpc.ClientUnaryCall;
  Renew(argument: _shoal_v1_RenewRequest, callback: grpc.requestCallback<_shoal_v1_Identity__Output>): grpc.ClientUnaryCall;
  /**
   * A fresh certificate for the node that the caller's present certificate names. Needs that certificate.
   */
  renew(argument: _shoal_v1_RenewRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_shoal_v1_Identity__Output>): grpc.ClientUnaryCall;
  renew(argument: _shoal_v1_RenewRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_shoal_v1_Identity__Output>): grpc.ClientUnaryCall;
  renew(argument: _shoal_v1_RenewRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_shoal_v1_Identity__Output>): grpc.ClientUnaryCall;
  renew(argument: _shoal_v1_RenewRequest, callback: grpc.requestCallback<_shoal_v1_Identity__Output>): grpc.ClientUnaryCall;
  
}

/**
 * How a host becomes a node of the cluster, and how it stays one.
 * 
 * Enroll is the only call that is answered without a client certificate. The caller must have compared the
 * controller's CA with the fingerprint in its join token before it sends the secret; the controller never
 * sees a secret from a caller that was talked into trusting another CA.
 */
export interface EnrollmentHandlers extends grpc.UntypedServiceImplementation {
  /**
   * Trades a join token's secret and a certificate signing request for an identity.
   * UNAUTHENTICATED: token unknown, expired, revoked, used up or for another cluster (the message says which).
   * ALREADY_EXISTS: another node holds this name. INVALID_ARGUMENT: name or signing request malformed.
   */
  Enroll: grpc.handleUnaryCall<_shoal_v1_EnrollRequest__Output, _shoal_v1_Identity>;
  
  /**
   * A fresh certificate for the node that the caller's present certificate names. Needs that certificate.
   */
  Renew: grpc.handleUnaryCall<_shoal_v1_RenewRequest__Output, _shoal_v1_Identity>;
  
}

export interface EnrollmentDefinition extends grpc.ServiceDefinition {
  Enroll: MethodDefinition<_shoal_v1_EnrollRequest, _shoal_v1_Identity, _shoal_v1_EnrollRequest__Output, _shoal_v1_Identity__Output>
  Renew: MethodDefinition<_shoal_v1_RenewRequest, _shoal_v1_Identity, _shoal_v1_RenewRequest__Output, _shoal_v1_Identity__Output>
}
