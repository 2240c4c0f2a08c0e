// Original file: shoal/v1/link.proto


/**
 * All of what is to be drained; it replaces what was said before.
 */
export interface Drain {
  /**
   * Names of services; "*": every service that runs on the node.
   */
  'services'?: (string)[];
}

/**
 * All of what is to be drained; it replaces what was said before.
 */
export interface Drain__Output {
  /**
   * Names of services; "*": every service that runs on the node.
   */
  'services': (string)[];
}
