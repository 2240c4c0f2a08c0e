import type { Redactor } from '@shoal/common';
import { noRedactor } from '@shoal/common';

/** Keeps what is written down of services with secrets from being read by others than this agent. */
export interface Discretion {
  /** Takes values out of texts for people. */
  readonly redactor: Redactor;
  seal(text: string): string;
  /** What `seal` made; `what` names it in the error. Throws `permission_denied`. */
  open(sealed: string, what: string): string;
}

/** For where there are no secrets: what is sealed can be read. */
export const openly: Discretion = {
  redactor: noRedactor,
  seal: (text) => text,
  open: (sealed) => sealed,
};
