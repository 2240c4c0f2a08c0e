// Original file: shoal/v1/link.proto


export interface Welcome {
  'clusterId'?: (string);
  'controllerVersion'?: (string);
  /**
   * Addresses (host:port) to join the gossip by.
   */
  'gossipSeeds'?: (string)[];
  /**
   * Seconds between the agent's reports when nothing changes.
   */
  'reportIntervalS'?: (number);
}

export interface Welcome__Output {
  'clusterId': (string);
  'controllerVersion': (string);
  /**
   * Addresses (host:port) to join the gossip by.
   */
  'gossipSeeds': (string)[];
  /**
   * Seconds between the agent's reports when nothing changes.
   */
  'reportIntervalS': (number);
}
