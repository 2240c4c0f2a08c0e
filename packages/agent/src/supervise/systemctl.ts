import { uptime } from 'node:os';
import type { CommandOptions, RunCommand } from '../converge/command.js';
import { failureOf, isReal } from '../converge/command.js';
import { StepError } from '../converge/step-error.js';
import { askUnit, systemdSocket } from './systemd-bus.js';

/** What systemd says of a unit (`systemctl show`, org.freedesktop.systemd1(5)). */
export interface UnitState {
  /** False: systemd doesn't know such a unit. */
  readonly found: boolean;
  /** `active`, `inactive`, `failed`, `activating`, `reloading`, ... */
  readonly active: string;
  readonly sub: string;
  /** `enabled`, `disabled`, `static`, `masked`, ... */
  readonly file: string;
  readonly needsDaemonReload: boolean;
  readonly restarts: number;
  /** Milliseconds since the epoch; null: not active. */
  readonly activeSince: number | null;
  /** Null: it has none now, or isn't a service. */
  readonly mainPid: number | null;
}

const properties = {
  'org.freedesktop.systemd1.Unit': [
    'LoadState',
    'ActiveState',
    'SubState',
    'UnitFileState',
    'NeedDaemonReload',
    'ActiveEnterTimestampMonotonic',
  ],
  'org.freedesktop.systemd1.Service': ['NRestarts', 'MainPID'],
} as const;
const propertyList = Object.values(properties).flat().join(',');

/** Starting may wait for a unit's own timeouts: systemd's default is 90 s. */
const changeTimeoutMs = 120_000;
const askTimeoutMs = 20_000;
/** So long systemctl alone is asked after the socket gave no answer, in milliseconds. */
const socketRestMs = 60_000;
let socketRestsUntil = 0;

/** Asks systemd about a unit: by its socket where commands really run, by systemctl where that doesn't answer. A host without systemd is a StepError. */
export async function showUnit(run: RunCommand, unit: string): Promise<UnitState> {
  const told = isReal(run) ? await toldBySocket(unit) : undefined;
  return told ?? askSystemctl(run, unit);
}

async function toldBySocket(unit: string): Promise<UnitState | undefined> {
  if (performance.now() < socketRestsUntil) return undefined;
  try {
    return parseUnit(await askUnit(unit, properties, systemdSocket));
  } catch {
    socketRestsUntil = performance.now() + socketRestMs;
    return undefined;
  }
}

async function askSystemctl(run: RunCommand, unit: string): Promise<UnitState> {
  const result = await run(['systemctl', 'show', '--property', propertyList, '--', unit], {
    timeoutMs: askTimeoutMs,
  });
  if (result.missing) throw new StepError('this host has no systemd (systemctl was not found)');
  const failure = failureOf('systemctl show', result, askTimeoutMs);
  if (failure !== undefined) throw new StepError(`can't ask systemd about ${unit}: ${failure}`, result.lines);
  return parseUnit(result.lines);
}

/** `Name=value` lines as systemctl prints them. */
export function parseUnit(lines: readonly string[]): UnitState {
  const values = new Map(
    lines.map((line) => [line.slice(0, line.indexOf('=')), line.slice(line.indexOf('=') + 1)]),
  );
  const active = values.get('ActiveState') ?? 'inactive';
  const sinceMs = Number(values.get('ActiveEnterTimestampMonotonic') ?? 0) / 1000;
  return {
    found: values.get('LoadState') !== 'not-found',
    active,
    sub: values.get('SubState') ?? '',
    file: values.get('UnitFileState') ?? '',
    needsDaemonReload: values.get('NeedDaemonReload') === 'yes',
    restarts: Number(values.get('NRestarts') ?? 0) || 0,
    activeSince:
      active === 'active' && sinceMs > 0 ? Math.round(Date.now() - uptime() * 1000 + sinceMs) : null,
    mainPid: Number(values.get('MainPID') ?? 0) || null,
  };
}

/** Runs `systemctl VERB UNIT`; when it fails, the error carries the last lines of the unit's journal. */
export async function changeUnit(
  run: RunCommand,
  verb: string,
  unit: string,
  options: Pick<CommandOptions, 'onLine' | 'onSpawn'> = {},
): Promise<void> {
  const result = await run(['systemctl', verb, '--', unit], { timeoutMs: changeTimeoutMs, ...options });
  const failure = failureOf(`systemctl ${verb} ${unit}`, result, changeTimeoutMs);
  if (failure === undefined) return;
  throw new StepError(failure, [...result.lines, ...(await journalOf(run, unit))]);
}

/** The last lines that a unit wrote; none when the journal can't be read. */
export async function journalOf(run: RunCommand, unit: string): Promise<readonly string[]> {
  const command = ['journalctl', '--unit', unit, '--lines', '15', '--output', 'cat', '--no-pager', '--quiet'];
  const result = await run(command, { timeoutMs: askTimeoutMs });
  return result.code === 0 ? result.lines : [];
}
