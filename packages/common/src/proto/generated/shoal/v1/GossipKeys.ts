// Original file: shoal/v1/link.proto


/**
 * Keys by their fingerprints: the first 16 hex digits of SHA-256("shoal gossip key" NUL key). Never the keys.
 */
export interface GossipKeys {
  /**
   * Encrypts what the node says.
   */
  'primary'?: (string);
  /**
   * Every key that decrypts what it hears, the primary among them. They are in the node's identity on disk before they are here.
   */
  'held'?: (string)[];
}

/**
 * Keys by their fingerprints: the first 16 hex digits of SHA-256("shoal gossip key" NUL key). Never the keys.
 */
export interface GossipKeys__Output {
  /**
   * Encrypts what the node says.
   */
  'primary': (string);
  /**
   * Every key that decrypts what it hears, the primary among them. They are in the node's identity on disk before they are here.
   */
  'held': (string)[];
}
