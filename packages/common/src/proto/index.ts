import type { ServiceClientConstructor } from '@grpc/grpc-js';
import { loadPackageDefinition } from '@grpc/grpc-js';
import { fromJSON } from '@grpc/proto-loader';
import { descriptorJson } from './generated/descriptor.js';
import type { ProtoGrpcType as EnrollmentTypes } from './generated/enrollment.js';
import type { ProtoGrpcType as LinkTypes } from './generated/link.js';
import type { ProtoGrpcType as OperationsTypes } from './generated/operations.js';
import { serviceDescriptor } from './service-descriptor.js';

export type { AgentMessage, AgentMessage__Output } from './generated/shoal/v1/AgentMessage.js';
export type { BatchAck, BatchAck__Output } from './generated/shoal/v1/BatchAck.js';
export type { CheckRequest, CheckRequest__Output } from './generated/shoal/v1/CheckRequest.js';
export type { CheckResult, CheckResult__Output } from './generated/shoal/v1/CheckResult.js';
export type { ControllerMessage, ControllerMessage__Output } from './generated/shoal/v1/ControllerMessage.js';
export type { ConvergeState, ConvergeState__Output } from './generated/shoal/v1/ConvergeState.js';
export type { Drain, Drain__Output } from './generated/shoal/v1/Drain.js';
export type { Drift, Drift__Output } from './generated/shoal/v1/Drift.js';
export type { EnrollmentClient, EnrollmentHandlers } from './generated/shoal/v1/Enrollment.js';
export type { EnrollRequest, EnrollRequest__Output } from './generated/shoal/v1/EnrollRequest.js';
export type { FullOfferRequest, FullOfferRequest__Output } from './generated/shoal/v1/FullOfferRequest.js';
export type { GatePolicy, GatePolicy__Output } from './generated/shoal/v1/GatePolicy.js';
export type { GossipKeys as GossipKeysReport } from './generated/shoal/v1/GossipKeys.js';
export type { Hello, Hello__Output } from './generated/shoal/v1/Hello.js';
export type { Identity, Identity__Output } from './generated/shoal/v1/Identity.js';
export type { LeaseStatus, LeaseStatus__Output } from './generated/shoal/v1/LeaseStatus.js';
export type { LinkClient, LinkHandlers } from './generated/shoal/v1/Link.js';
export type { LogBatch, LogBatch__Output } from './generated/shoal/v1/LogBatch.js';
export type { LogRecord, LogRecord__Output } from './generated/shoal/v1/LogRecord.js';
export type { ManifestDelta, ManifestDelta__Output } from './generated/shoal/v1/ManifestDelta.js';
export type { MembersResult, MembersResult__Output } from './generated/shoal/v1/MembersResult.js';
export type { NodeReport, NodeReport__Output } from './generated/shoal/v1/NodeReport.js';
export type { Offer, Offer__Output } from './generated/shoal/v1/Offer.js';
export type { OperationRequest__Output } from './generated/shoal/v1/OperationRequest.js';
export type { OperationResponse, OperationResponse__Output } from './generated/shoal/v1/OperationResponse.js';
export type { OperationsClient, OperationsHandlers } from './generated/shoal/v1/Operations.js';
export type { RenewRequest__Output } from './generated/shoal/v1/RenewRequest.js';
export type { RepairRequest__Output } from './generated/shoal/v1/RepairRequest.js';
export type { RepairResult, RepairResult__Output } from './generated/shoal/v1/RepairResult.js';
export type { SealedSecret, SealedSecret__Output } from './generated/shoal/v1/SealedSecret.js';
export type { ServiceStatus, ServiceStatus__Output } from './generated/shoal/v1/ServiceStatus.js';
export type { SignedDocument, SignedDocument__Output } from './generated/shoal/v1/SignedDocument.js';
export type { StatBatch, StatBatch__Output } from './generated/shoal/v1/StatBatch.js';
export type { StatSample, StatSample__Output } from './generated/shoal/v1/StatSample.js';
export type { StepDifference, StepDifference__Output } from './generated/shoal/v1/StepDifference.js';
export type { StepEvent, StepEvent__Output } from './generated/shoal/v1/StepEvent.js';
export type { StepFailure, StepFailure__Output } from './generated/shoal/v1/StepFailure.js';
export type { Welcome, Welcome__Output } from './generated/shoal/v1/Welcome.js';

type Services = EnrollmentTypes['shoal']['v1'] & LinkTypes['shoal']['v1'] & OperationsTypes['shoal']['v1'];

const loaded = new Map<string, unknown>();

function load(service: string): unknown {
  const known = loaded.get(service);
  if (known !== undefined) return known;
  const descriptor = serviceDescriptor(JSON.parse(descriptorJson), service);
  const definition = fromJSON(descriptor as Parameters<typeof fromJSON>[0], {
    longs: Number,
    enums: String,
    defaults: true,
    arrays: true,
    objects: true,
    oneofs: true,
  });
  const root = loadPackageDefinition(definition) as unknown as { shoal: { v1: Record<string, unknown> } };
  const made = root.shoal.v1[service];
  loaded.set(service, made);
  return made;
}

const all = {
  get Enrollment() {
    return load('Enrollment') as Services['Enrollment'];
  },
  get Link() {
    return load('Link') as Services['Link'];
  },
  get Operations() {
    return load('Operations') as Services['Operations'];
  },
};

/** The services of `proto/shoal/v1` for grpc-js: client constructors, with `.service` as server definition. Each is loaded on its first use. */
export function services(): Pick<Services, 'Enrollment' | 'Link' | 'Operations'> {
  return all;
}

/** Any of the client constructors that `services()` gives. */
export type ServiceClient = ServiceClientConstructor;
