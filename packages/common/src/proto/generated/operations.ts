import type * as grpc from '@grpc/grpc-js';
import type { MessageTypeDefinition } from '@grpc/proto-loader';

import type { OperationRequest as _shoal_v1_OperationRequest, OperationRequest__Output as _shoal_v1_OperationRequest__Output } from './shoal/v1/OperationRequest.js';
import type { OperationResponse as _shoal_v1_OperationResponse, OperationResponse__Output as _shoal_v1_OperationResponse__Output } from './shoal/v1/OperationResponse.js';
import type { OperationsClient as _shoal_v1_OperationsClient, OperationsDefinition as _shoal_v1_OperationsDefinition } from './shoal/v1/Operations.js';

type SubtypeConstructor<Constructor extends new (...args: any) => any, Subtype> = {
  new(...args: ConstructorParameters<Constructor>): Subtype;
};

export interface ProtoGrpcType {
  shoal: {
    v1: {
      OperationRequest: MessageTypeDefinition<_shoal_v1_OperationRequest, _shoal_v1_OperationRequest__Output>
      OperationResponse: MessageTypeDefinition<_shoal_v1_OperationResponse, _shoal_v1_OperationResponse__Output>
      /**
       * Everything that can be asked of the controller, by name. The table of operations (name, input and output
       * schema, role, audit) is the contract; REST routes and these calls are two doors to it. `operations.list`
       * returns the table with its JSON Schemas.
       */
      Operations: SubtypeConstructor<typeof grpc.Client, _shoal_v1_OperationsClient> & { service: _shoal_v1_OperationsDefinition }
    }
  }
}

