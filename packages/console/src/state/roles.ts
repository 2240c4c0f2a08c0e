import type { Role } from '@shoal/common';

const ranks: Readonly<Record<Role, number>> = { viewer: 0, operator: 1, admin: 2 };

/** True when `role` includes `needed`. Only decides what is offered; the controller decides what is allowed. */
export function may(role: Role, needed: Role): boolean {
  return ranks[role] >= ranks[needed];
}
