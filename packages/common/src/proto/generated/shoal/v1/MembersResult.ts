// Original file: shoal/v1/link.proto


export interface MembersResult {
  'id'?: (string);
  /**
   * The gossip's own view on that node, as JSON: an array of `Member` as @shoal/gossip gives it.
   */
  'membersJson'?: (string);
}

export interface MembersResult__Output {
  'id': (string);
  /**
   * The gossip's own view on that node, as JSON: an array of `Member` as @shoal/gossip gives it.
   */
  'membersJson': (string);
}
