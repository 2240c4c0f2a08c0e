// Original file: shoal/v1/link.proto

import type { Long } from '@grpc/proto-loader';

export interface Hello {
  'agentVersion'?: (string);
  /**
   * Random per start of the agent's process.
   */
  'instanceId'?: (string);
  /**
   * `linux`, `debian 12`, kernel, architecture, number of cores, memory in bytes, host name: facts for people and templates.
   */
  'facts'?: ({[key: string]: string});
  'site'?: (string);
  /**
   * Address (host:port) at which this node's gossip can be reached.
   */
  'gossipAddress'?: (string);
  /**
   * The agent understands `Offer.delta`.
   */
  'manifestDeltas'?: (boolean);
  /**
   * Serial of the last lease that this node took of this cluster: the next one is to be above it. 0: none yet.
   */
  'leaseSerial'?: (number | string | Long);
}

export interface Hello__Output {
  'agentVersion': (string);
  /**
   * Random per start of the agent's process.
   */
  'instanceId': (string);
  /**
   * `linux`, `debian 12`, kernel, architecture, number of cores, memory in bytes, host name: facts for people and templates.
   */
  'facts': ({[key: string]: string});
  'site': (string);
  /**
   * Address (host:port) at which this node's gossip can be reached.
   */
  'gossipAddress': (string);
  /**
   * The agent understands `Offer.delta`.
   */
  'manifestDeltas': (boolean);
  /**
   * Serial of the last lease that this node took of this cluster: the next one is to be above it. 0: none yet.
   */
  'leaseSerial': (number);
}
