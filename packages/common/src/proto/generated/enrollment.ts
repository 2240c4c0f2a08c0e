import type * as grpc from '@grpc/grpc-js';
import type { MessageTypeDefinition } from '@grpc/proto-loader';

import type { EnrollRequest as _shoal_v1_EnrollRequest, EnrollRequest__Output as _shoal_v1_EnrollRequest__Output } from './shoal/v1/EnrollRequest.js';
import type { EnrollmentClient as _shoal_v1_EnrollmentClient, EnrollmentDefinition as _shoal_v1_EnrollmentDefinition } from './shoal/v1/Enrollment.js';
import type { Identity as _shoal_v1_Identity, Identity__Output as _shoal_v1_Identity__Output } from './shoal/v1/Identity.js';
import type { RenewRequest as _shoal_v1_RenewRequest, RenewRequest__Output as _shoal_v1_RenewRequest__Output } from './shoal/v1/RenewRequest.js';
import type { SignedDocument as _shoal_v1_SignedDocument, SignedDocument__Output as _shoal_v1_SignedDocument__Output } from './shoal/v1/SignedDocument.js';

type SubtypeConstructor<Constructor extends new (...args: any) => any, Subtype> = {
  new(...args: ConstructorParameters<Constructor>): Subtype;
};

export interface ProtoGrpcType {
  shoal: {
    v1: {
      EnrollRequest: MessageTypeDefinition<_shoal_v1_EnrollRequest, _shoal_v1_EnrollRequest__Output>
      /**
       * How a host becomes a node of the cluster, and how it stays one.
       * 
       * Enroll is the only call that is answered without a client certificate. The caller must have compared the
       * controller's CA with the fingerprint in its join token before it sends the secret; the controller never
       * sees a secret from a caller that was talked into trusting another CA.
       */
      Enrollment: SubtypeConstructor<typeof grpc.Client, _shoal_v1_EnrollmentClient> & { service: _shoal_v1_EnrollmentDefinition }
      Identity: MessageTypeDefinition<_shoal_v1_Identity, _shoal_v1_Identity__Output>
      RenewRequest: MessageTypeDefinition<_shoal_v1_RenewRequest, _shoal_v1_RenewRequest__Output>
      SignedDocument: MessageTypeDefinition<_shoal_v1_SignedDocument, _shoal_v1_SignedDocument__Output>
    }
  }
}

