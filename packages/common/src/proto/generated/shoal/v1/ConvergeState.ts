// Original file: shoal/v1/link.proto

export const ConvergeState = {
  CONVERGE_STATE_UNSPECIFIED: 'CONVERGE_STATE_UNSPECIFIED',
  /**
   * Nothing to do: what runs is what was last offered, or nothing was offered.
   */
  IDLE: 'IDLE',
  /**
   * Steps are being checked and applied.
   */
  CONVERGING: 'CONVERGING',
  /**
   * All steps hold; waiting for the service's health.
   */
  GATING: 'GATING',
  /**
   * A step or the health failed; what was changed is being undone.
   */
  UNDOING: 'UNDOING',
  /**
   * The last attempt failed and was undone.
   */
  FAILED: 'FAILED',
} as const;

export type ConvergeState =
  | 'CONVERGE_STATE_UNSPECIFIED'
  | 0
  /**
   * Nothing to do: what runs is what was last offered, or nothing was offered.
   */
  | 'IDLE'
  | 1
  /**
   * Steps are being checked and applied.
   */
  | 'CONVERGING'
  | 2
  /**
   * All steps hold; waiting for the service's health.
   */
  | 'GATING'
  | 3
  /**
   * A step or the health failed; what was changed is being undone.
   */
  | 'UNDOING'
  | 4
  /**
   * The last attempt failed and was undone.
   */
  | 'FAILED'
  | 5

export type ConvergeState__Output = typeof ConvergeState[keyof typeof ConvergeState]
