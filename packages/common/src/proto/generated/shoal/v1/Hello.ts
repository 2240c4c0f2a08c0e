// Original file: shoal/v1/link.proto


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
}
