// Original file: shoal/v1/link.proto

import type { Long } from '@grpc/proto-loader';

export interface ServiceStatus {
  'service'?: (string);
  /**
   * `running`, `stopped`, `starting`, `failed`.
   */
  'process'?: (string);
  /**
   * `healthy`, `unhealthy`, `unknown`.
   */
  'health'?: (string);
  /**
   * What the health check last said, for people.
   */
  'detail'?: (string);
  /**
   * Milliseconds since the epoch at which the process last started; 0: unknown.
   */
  'startedAtMs'?: (number | string | Long);
  /**
   * Times that the agent or systemd restarted the process since the agent's start.
   */
  'restarts'?: (number);
}

export interface ServiceStatus__Output {
  'service': (string);
  /**
   * `running`, `stopped`, `starting`, `failed`.
   */
  'process': (string);
  /**
   * `healthy`, `unhealthy`, `unknown`.
   */
  'health': (string);
  /**
   * What the health check last said, for people.
   */
  'detail': (string);
  /**
   * Milliseconds since the epoch at which the process last started; 0: unknown.
   */
  'startedAtMs': (number);
  /**
   * Times that the agent or systemd restarted the process since the agent's start.
   */
  'restarts': (number);
}
