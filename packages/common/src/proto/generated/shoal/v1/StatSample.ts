// Original file: shoal/v1/link.proto

import type { Long } from '@grpc/proto-loader';

export interface StatSample {
  'sequence'?: (number | string | Long);
  'atMs'?: (number | string | Long);
  /**
   * Metric name to value: `cpu.used` (0..1 of all cores), `memory.used_bytes`, `disk./.used_bytes`, `net.rx_bytes_per_s`, `load.1m`,
   * `service.<service>.<metric>`. docs/metrics.md lists them.
   */
  'values'?: ({[key: string]: number | string});
}

export interface StatSample__Output {
  'sequence': (number);
  'atMs': (number);
  /**
   * Metric name to value: `cpu.used` (0..1 of all cores), `memory.used_bytes`, `disk./.used_bytes`, `net.rx_bytes_per_s`, `load.1m`,
   * `service.<service>.<metric>`. docs/metrics.md lists them.
   */
  'values': ({[key: string]: number});
}
