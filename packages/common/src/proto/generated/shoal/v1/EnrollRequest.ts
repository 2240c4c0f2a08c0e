// Original file: shoal/v1/enrollment.proto


export interface EnrollRequest {
  /**
   * The secret half of the join token.
   */
  'secret'?: (string);
  /**
   * Cluster id from the join token: a token of another cluster is told apart from a wrong secret.
   */
  'clusterId'?: (string);
  /**
   * The node's name: 1 to 63 of a-z, 0-9, '-' and '.'; unique in the cluster.
   */
  'node'?: (string);
  /**
   * Where the node stands; "default" when empty.
   */
  'site'?: (string);
  /**
   * PKCS#10 certificate signing request, PEM. Its subject is ignored: the controller names the node.
   */
  'csrPem'?: (string);
  /**
   * Version of the agent, as `shoal version` prints it.
   */
  'agentVersion'?: (string);
}

export interface EnrollRequest__Output {
  /**
   * The secret half of the join token.
   */
  'secret': (string);
  /**
   * Cluster id from the join token: a token of another cluster is told apart from a wrong secret.
   */
  'clusterId': (string);
  /**
   * The node's name: 1 to 63 of a-z, 0-9, '-' and '.'; unique in the cluster.
   */
  'node': (string);
  /**
   * Where the node stands; "default" when empty.
   */
  'site': (string);
  /**
   * PKCS#10 certificate signing request, PEM. Its subject is ignored: the controller names the node.
   */
  'csrPem': (string);
  /**
   * Version of the agent, as `shoal version` prints it.
   */
  'agentVersion': (string);
}
