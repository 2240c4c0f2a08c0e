import type * as grpc from '@grpc/grpc-js';
import type { EnumTypeDefinition, MessageTypeDefinition } from '@grpc/proto-loader';

import type { AgentMessage as _shoal_v1_AgentMessage, AgentMessage__Output as _shoal_v1_AgentMessage__Output } from './shoal/v1/AgentMessage.js';
import type { BatchAck as _shoal_v1_BatchAck, BatchAck__Output as _shoal_v1_BatchAck__Output } from './shoal/v1/BatchAck.js';
import type { CheckRequest as _shoal_v1_CheckRequest, CheckRequest__Output as _shoal_v1_CheckRequest__Output } from './shoal/v1/CheckRequest.js';
import type { CheckResult as _shoal_v1_CheckResult, CheckResult__Output as _shoal_v1_CheckResult__Output } from './shoal/v1/CheckResult.js';
import type { ControllerMessage as _shoal_v1_ControllerMessage, ControllerMessage__Output as _shoal_v1_ControllerMessage__Output } from './shoal/v1/ControllerMessage.js';
import type { Drain as _shoal_v1_Drain, Drain__Output as _shoal_v1_Drain__Output } from './shoal/v1/Drain.js';
import type { Drift as _shoal_v1_Drift, Drift__Output as _shoal_v1_Drift__Output } from './shoal/v1/Drift.js';
import type { Drifts as _shoal_v1_Drifts, Drifts__Output as _shoal_v1_Drifts__Output } from './shoal/v1/Drifts.js';
import type { EnrollRequest as _shoal_v1_EnrollRequest, EnrollRequest__Output as _shoal_v1_EnrollRequest__Output } from './shoal/v1/EnrollRequest.js';
import type { EnrollmentClient as _shoal_v1_EnrollmentClient, EnrollmentDefinition as _shoal_v1_EnrollmentDefinition } from './shoal/v1/Enrollment.js';
import type { FullOfferRequest as _shoal_v1_FullOfferRequest, FullOfferRequest__Output as _shoal_v1_FullOfferRequest__Output } from './shoal/v1/FullOfferRequest.js';
import type { GatePolicy as _shoal_v1_GatePolicy, GatePolicy__Output as _shoal_v1_GatePolicy__Output } from './shoal/v1/GatePolicy.js';
import type { GossipKeys as _shoal_v1_GossipKeys, GossipKeys__Output as _shoal_v1_GossipKeys__Output } from './shoal/v1/GossipKeys.js';
import type { Hello as _shoal_v1_Hello, Hello__Output as _shoal_v1_Hello__Output } from './shoal/v1/Hello.js';
import type { Identity as _shoal_v1_Identity, Identity__Output as _shoal_v1_Identity__Output } from './shoal/v1/Identity.js';
import type { LeaseStatus as _shoal_v1_LeaseStatus, LeaseStatus__Output as _shoal_v1_LeaseStatus__Output } from './shoal/v1/LeaseStatus.js';
import type { LinkClient as _shoal_v1_LinkClient, LinkDefinition as _shoal_v1_LinkDefinition } from './shoal/v1/Link.js';
import type { LogBatch as _shoal_v1_LogBatch, LogBatch__Output as _shoal_v1_LogBatch__Output } from './shoal/v1/LogBatch.js';
import type { LogRecord as _shoal_v1_LogRecord, LogRecord__Output as _shoal_v1_LogRecord__Output } from './shoal/v1/LogRecord.js';
import type { ManifestDelta as _shoal_v1_ManifestDelta, ManifestDelta__Output as _shoal_v1_ManifestDelta__Output } from './shoal/v1/ManifestDelta.js';
import type { ManifestDeltaPart as _shoal_v1_ManifestDeltaPart, ManifestDeltaPart__Output as _shoal_v1_ManifestDeltaPart__Output } from './shoal/v1/ManifestDeltaPart.js';
import type { MembersRequest as _shoal_v1_MembersRequest, MembersRequest__Output as _shoal_v1_MembersRequest__Output } from './shoal/v1/MembersRequest.js';
import type { MembersResult as _shoal_v1_MembersResult, MembersResult__Output as _shoal_v1_MembersResult__Output } from './shoal/v1/MembersResult.js';
import type { NodeReport as _shoal_v1_NodeReport, NodeReport__Output as _shoal_v1_NodeReport__Output } from './shoal/v1/NodeReport.js';
import type { Offer as _shoal_v1_Offer, Offer__Output as _shoal_v1_Offer__Output } from './shoal/v1/Offer.js';
import type { RenewRequest as _shoal_v1_RenewRequest, RenewRequest__Output as _shoal_v1_RenewRequest__Output } from './shoal/v1/RenewRequest.js';
import type { RepairRequest as _shoal_v1_RepairRequest, RepairRequest__Output as _shoal_v1_RepairRequest__Output } from './shoal/v1/RepairRequest.js';
import type { RepairResult as _shoal_v1_RepairResult, RepairResult__Output as _shoal_v1_RepairResult__Output } from './shoal/v1/RepairResult.js';
import type { RepairedStep as _shoal_v1_RepairedStep, RepairedStep__Output as _shoal_v1_RepairedStep__Output } from './shoal/v1/RepairedStep.js';
import type { SealedSecret as _shoal_v1_SealedSecret, SealedSecret__Output as _shoal_v1_SealedSecret__Output } from './shoal/v1/SealedSecret.js';
import type { ServiceStatus as _shoal_v1_ServiceStatus, ServiceStatus__Output as _shoal_v1_ServiceStatus__Output } from './shoal/v1/ServiceStatus.js';
import type { SignedDocument as _shoal_v1_SignedDocument, SignedDocument__Output as _shoal_v1_SignedDocument__Output } from './shoal/v1/SignedDocument.js';
import type { StatBatch as _shoal_v1_StatBatch, StatBatch__Output as _shoal_v1_StatBatch__Output } from './shoal/v1/StatBatch.js';
import type { StatSample as _shoal_v1_StatSample, StatSample__Output as _shoal_v1_StatSample__Output } from './shoal/v1/StatSample.js';
import type { StepDifference as _shoal_v1_StepDifference, StepDifference__Output as _shoal_v1_StepDifference__Output } from './shoal/v1/StepDifference.js';
import type { StepEvent as _shoal_v1_StepEvent, StepEvent__Output as _shoal_v1_StepEvent__Output } from './shoal/v1/StepEvent.js';
import type { StepFailure as _shoal_v1_StepFailure, StepFailure__Output as _shoal_v1_StepFailure__Output } from './shoal/v1/StepFailure.js';
import type { Welcome as _shoal_v1_Welcome, Welcome__Output as _shoal_v1_Welcome__Output } from './shoal/v1/Welcome.js';

type SubtypeConstructor<Constructor extends new (...args: any) => any, Subtype> = {
  new(...args: ConstructorParameters<Constructor>): Subtype;
};

export interface ProtoGrpcType {
  shoal: {
    v1: {
      AgentMessage: MessageTypeDefinition<_shoal_v1_AgentMessage, _shoal_v1_AgentMessage__Output>
      BatchAck: MessageTypeDefinition<_shoal_v1_BatchAck, _shoal_v1_BatchAck__Output>
      CheckRequest: MessageTypeDefinition<_shoal_v1_CheckRequest, _shoal_v1_CheckRequest__Output>
      CheckResult: MessageTypeDefinition<_shoal_v1_CheckResult, _shoal_v1_CheckResult__Output>
      ControllerMessage: MessageTypeDefinition<_shoal_v1_ControllerMessage, _shoal_v1_ControllerMessage__Output>
      ConvergeState: EnumTypeDefinition
      Drain: MessageTypeDefinition<_shoal_v1_Drain, _shoal_v1_Drain__Output>
      Drift: MessageTypeDefinition<_shoal_v1_Drift, _shoal_v1_Drift__Output>
      Drifts: MessageTypeDefinition<_shoal_v1_Drifts, _shoal_v1_Drifts__Output>
      EnrollRequest: MessageTypeDefinition<_shoal_v1_EnrollRequest, _shoal_v1_EnrollRequest__Output>
      /**
       * How a host becomes a node of the cluster, and how it stays one.
       * 
       * Enroll is the only call that is answered without a client certificate. The caller must have compared the
       * controller's CA with the fingerprint in its join token before it sends the secret; the controller never
       * sees a secret from a caller that was talked into trusting another CA.
       */
      Enrollment: SubtypeConstructor<typeof grpc.Client, _shoal_v1_EnrollmentClient> & { service: _shoal_v1_EnrollmentDefinition }
      FullOfferRequest: MessageTypeDefinition<_shoal_v1_FullOfferRequest, _shoal_v1_FullOfferRequest__Output>
      GatePolicy: MessageTypeDefinition<_shoal_v1_GatePolicy, _shoal_v1_GatePolicy__Output>
      GossipKeys: MessageTypeDefinition<_shoal_v1_GossipKeys, _shoal_v1_GossipKeys__Output>
      Hello: MessageTypeDefinition<_shoal_v1_Hello, _shoal_v1_Hello__Output>
      Identity: MessageTypeDefinition<_shoal_v1_Identity, _shoal_v1_Identity__Output>
      LeaseStatus: MessageTypeDefinition<_shoal_v1_LeaseStatus, _shoal_v1_LeaseStatus__Output>
      /**
       * The link between one agent and the controller. The agent dials; mutual TLS names it. Control has a stream
       * of its own, so that bulk (logs, stats) never delays it.
       */
      Link: SubtypeConstructor<typeof grpc.Client, _shoal_v1_LinkClient> & { service: _shoal_v1_LinkDefinition }
      LogBatch: MessageTypeDefinition<_shoal_v1_LogBatch, _shoal_v1_LogBatch__Output>
      LogRecord: MessageTypeDefinition<_shoal_v1_LogRecord, _shoal_v1_LogRecord__Output>
      ManifestDelta: MessageTypeDefinition<_shoal_v1_ManifestDelta, _shoal_v1_ManifestDelta__Output>
      ManifestDeltaPart: MessageTypeDefinition<_shoal_v1_ManifestDeltaPart, _shoal_v1_ManifestDeltaPart__Output>
      MembersRequest: MessageTypeDefinition<_shoal_v1_MembersRequest, _shoal_v1_MembersRequest__Output>
      MembersResult: MessageTypeDefinition<_shoal_v1_MembersResult, _shoal_v1_MembersResult__Output>
      NodeReport: MessageTypeDefinition<_shoal_v1_NodeReport, _shoal_v1_NodeReport__Output>
      Offer: MessageTypeDefinition<_shoal_v1_Offer, _shoal_v1_Offer__Output>
      RenewRequest: MessageTypeDefinition<_shoal_v1_RenewRequest, _shoal_v1_RenewRequest__Output>
      RepairRequest: MessageTypeDefinition<_shoal_v1_RepairRequest, _shoal_v1_RepairRequest__Output>
      RepairResult: MessageTypeDefinition<_shoal_v1_RepairResult, _shoal_v1_RepairResult__Output>
      RepairedStep: MessageTypeDefinition<_shoal_v1_RepairedStep, _shoal_v1_RepairedStep__Output>
      SealedSecret: MessageTypeDefinition<_shoal_v1_SealedSecret, _shoal_v1_SealedSecret__Output>
      ServiceStatus: MessageTypeDefinition<_shoal_v1_ServiceStatus, _shoal_v1_ServiceStatus__Output>
      SignedDocument: MessageTypeDefinition<_shoal_v1_SignedDocument, _shoal_v1_SignedDocument__Output>
      StatBatch: MessageTypeDefinition<_shoal_v1_StatBatch, _shoal_v1_StatBatch__Output>
      StatSample: MessageTypeDefinition<_shoal_v1_StatSample, _shoal_v1_StatSample__Output>
      StepDifference: MessageTypeDefinition<_shoal_v1_StepDifference, _shoal_v1_StepDifference__Output>
      StepEvent: MessageTypeDefinition<_shoal_v1_StepEvent, _shoal_v1_StepEvent__Output>
      StepFailure: MessageTypeDefinition<_shoal_v1_StepFailure, _shoal_v1_StepFailure__Output>
      Welcome: MessageTypeDefinition<_shoal_v1_Welcome, _shoal_v1_Welcome__Output>
    }
  }
}

