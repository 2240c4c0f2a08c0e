import type { LogBatch, StatBatch } from '@shoal/common';
import type { SpooledLine } from '../observe/log-collector.js';
import { parseLine } from '../observe/parse/parse-line.js';
import type { SpoolRecord } from '../observe/spool/entry.js';
import type { SpooledSample } from '../observe/stat-collector.js';

/** Log lines as they are shipped. Each is taken apart here, and not when it is read, so that the spool holds no line twice. */
export function logBatch(spoolId: string, records: readonly SpoolRecord<SpooledLine>[]): LogBatch {
  return {
    spoolId,
    records: records.map(({ sequence, payload }) => {
      const parsed = parseLine(payload.x ?? 'plain', payload.l, payload.t);
      return {
        sequence,
        atMs: parsed.at ?? payload.t,
        service: payload.v,
        source: payload.s,
        line: payload.l,
        fields: { ...payload.f, ...parsed.fields },
      };
    }),
  };
}

/** Samples as they are shipped. */
export function statBatch(spoolId: string, records: readonly SpoolRecord<SpooledSample>[]): StatBatch {
  return {
    spoolId,
    samples: records.map(({ sequence, payload }) => ({ sequence, atMs: payload.t, values: payload.m })),
  };
}
