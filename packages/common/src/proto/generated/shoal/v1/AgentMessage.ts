// Original file: shoal/v1/link.proto

import type { Hello as _shoal_v1_Hello, Hello__Output as _shoal_v1_Hello__Output } from '../../shoal/v1/Hello.js';
import type { NodeReport as _shoal_v1_NodeReport, NodeReport__Output as _shoal_v1_NodeReport__Output } from '../../shoal/v1/NodeReport.js';
import type { StepEvent as _shoal_v1_StepEvent, StepEvent__Output as _shoal_v1_StepEvent__Output } from '../../shoal/v1/StepEvent.js';
import type { CheckResult as _shoal_v1_CheckResult, CheckResult__Output as _shoal_v1_CheckResult__Output } from '../../shoal/v1/CheckResult.js';
import type { MembersResult as _shoal_v1_MembersResult, MembersResult__Output as _shoal_v1_MembersResult__Output } from '../../shoal/v1/MembersResult.js';
import type { RepairResult as _shoal_v1_RepairResult, RepairResult__Output as _shoal_v1_RepairResult__Output } from '../../shoal/v1/RepairResult.js';
import type { FullOfferRequest as _shoal_v1_FullOfferRequest, FullOfferRequest__Output as _shoal_v1_FullOfferRequest__Output } from '../../shoal/v1/FullOfferRequest.js';
import type { Long } from '@grpc/proto-loader';

export interface AgentMessage {
  /**
   * Starts at 1 on each stream and rises by 1.
   */
  'sequence'?: (number | string | Long);
  'hello'?: (_shoal_v1_Hello | null);
  'report'?: (_shoal_v1_NodeReport | null);
  /**
   * Live output and outcomes of steps, in order, each at most once. None before the welcome. What comes while there is no link waits for the next one (the
   * newest 2000); what was under way as a stream broke is lost.
   */
  'stepEvents'?: (_shoal_v1_StepEvent)[];
  /**
   * The answer to `ControllerMessage.check`.
   */
  'checkResult'?: (_shoal_v1_CheckResult | null);
  /**
   * The answer to `ControllerMessage.members`.
   */
  'membersResult'?: (_shoal_v1_MembersResult | null);
  /**
   * The answer to `ControllerMessage.repair`.
   */
  'repairResult'?: (_shoal_v1_RepairResult | null);
  /**
   * The answer to an offer whose delta can't be used here: it is to be made again, with the whole manifest.
   */
  'fullOffer'?: (_shoal_v1_FullOfferRequest | null);
}

export interface AgentMessage__Output {
  /**
   * Starts at 1 on each stream and rises by 1.
   */
  'sequence': (number);
  'hello': (_shoal_v1_Hello__Output | null);
  'report': (_shoal_v1_NodeReport__Output | null);
  /**
   * Live output and outcomes of steps, in order, each at most once. None before the welcome. What comes while there is no link waits for the next one (the
   * newest 2000); what was under way as a stream broke is lost.
   */
  'stepEvents': (_shoal_v1_StepEvent__Output)[];
  /**
   * The answer to `ControllerMessage.check`.
   */
  'checkResult': (_shoal_v1_CheckResult__Output | null);
  /**
   * The answer to `ControllerMessage.members`.
   */
  'membersResult': (_shoal_v1_MembersResult__Output | null);
  /**
   * The answer to `ControllerMessage.repair`.
   */
  'repairResult': (_shoal_v1_RepairResult__Output | null);
  /**
   * The answer to an offer whose delta can't be used here: it is to be made again, with the whole manifest.
   */
  'fullOffer': (_shoal_v1_FullOfferRequest__Output | null);
}
