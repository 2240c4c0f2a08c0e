/** The license's levels. */
export type Tier = 'free' | 'e-commerce' | 'premium' | 'enterprise';

/** The signed, time-limited grant that an agent holds of the cluster's license. Times are milliseconds since the epoch. */
export interface Lease {
  readonly format: 1;
  readonly clusterId: string;
  readonly node: string;
  readonly tier: Tier;
  /** Free-form limits that templates may render, e.g. requests per second. */
  readonly limits: Readonly<Record<string, number>>;
  readonly issuedAt: number;
  readonly expiresAt: number;
}
