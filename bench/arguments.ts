import { parseArgs } from 'node:util';
import type { Profile } from '@shoal/gossip';

/** Arguments that make no sense; the message is one sentence for the user. */
export class UsageError extends Error {}

/** What a benchmark may be asked for. */
export interface BenchFlags {
  /** How long to measure; each benchmark has its own default. */
  readonly seconds: number | undefined;
  /** Of those that try something repeatedly: how often. */
  readonly trials: number | undefined;
  /** Of those that start clusters: members of each, settings, whether the gossip is encrypted. */
  readonly nodes: number | undefined;
  readonly profile: Profile | undefined;
  readonly encrypted: boolean;
  /** Of those that leave something to chance: what determines it. */
  readonly seed: number | undefined;
}

/** A command line: the benchmark, or undefined if they are to be listed; its options; whether to print JSON. */
export interface Arguments {
  readonly name: string | undefined;
  readonly flags: BenchFlags;
  readonly json: boolean;
}

const settings = {
  allowPositionals: true,
  options: {
    help: { type: 'boolean' },
    json: { type: 'boolean' },
    seconds: { type: 'string' },
    trials: { type: 'string' },
    nodes: { type: 'string' },
    profile: { type: 'string' },
    encrypted: { type: 'boolean' },
    seed: { type: 'string' },
  },
} as const;

/** Reads a command line. `known`: the options of each benchmark. Throws UsageError if it makes no sense. */
export function readArguments(
  args: string[],
  known: Readonly<Record<string, readonly (keyof BenchFlags)[]>>,
): Arguments {
  const { values, positionals } = parse(args);
  const { help, json = false, seconds, trials, nodes, profile, encrypted = false, seed } = values;
  const [name, extra] = positionals;
  if (extra !== undefined) throw new UsageError(`unexpected argument "${extra}"`);
  if (name !== undefined && !Object.hasOwn(known, name))
    throw new UsageError(`there is no benchmark "${name}", expected one of ${Object.keys(known).join(', ')}`);
  const takes: readonly string[] = [...(known[name ?? ''] ?? []), 'json', 'help'];
  const unknown = Object.keys(values).find((flag) => name !== undefined && !takes.includes(flag));
  if (unknown !== undefined) throw new UsageError(`${name} has no option --${unknown}`);
  const flags = {
    seconds: above0('seconds', seconds),
    trials: wholeAbove0('trials', trials),
    nodes: wholeAbove0('nodes', nodes),
    profile: profileOf(profile),
    encrypted,
    seed: wholeAbove0('seed', seed),
  };
  return { name: help ? undefined : name, flags, json };
}

function parse(args: string[]): ReturnType<typeof parseArgs<typeof settings>> {
  try {
    return parseArgs({ ...settings, args });
  } catch (error) {
    const text = error instanceof Error ? error.message : String(error);
    // What follows the first sentence is about positional arguments that begin with a dash, which nobody means.
    throw new UsageError(text.split(/\.\s|\n/)[0]);
  }
}

function above0(option: string, text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const value = Number(text);
  if (value > 0 && value < Number.POSITIVE_INFINITY) return value;
  throw new UsageError(`--${option} is "${text}", expected a number above 0`);
}

function wholeAbove0(option: string, text: string | undefined): number | undefined {
  const value = above0(option, text);
  if (value === undefined || Number.isSafeInteger(value)) return value;
  throw new UsageError(`--${option} is "${text}", expected a whole number above 0`);
}

function profileOf(text: string | undefined): Profile | undefined {
  if (text === undefined || text === 'lan' || text === 'wan' || text === 'local') return text;
  throw new UsageError(`--profile is "${text}", expected lan, wan or local`);
}
