import type { Command, Option } from 'commander';
import { connect } from '../client/client.js';
import { findCredentials } from '../client/credentials.js';
import { type NameKind, namesOf } from '../client/known-names.js';

/** What may stand where the cursor is. */
export interface Wanted {
  /** The word so far. */
  readonly current: string;
  /** Words that the command line itself knows. */
  readonly words: readonly string[];
  /** What else: names that the controller knows, or files. */
  readonly kind?: NameKind | 'files';
  /** What the name is part of, `--node=`; empty: the name is a word of its own. */
  readonly prefix: string;
}

/** Who types waits for no controller that is away, ms. */
const timeoutMs = 1500;

const flagKinds: Readonly<Record<string, NameKind>> = {
  '--node': 'nodes',
  '--ignore': 'nodes',
  '--service': 'services',
  '--source': 'sources',
  '--revision': 'revisions',
  '--based-on': 'revisions',
};

/** Of arguments by their places; the last one of a command that takes any number holds for all that follow. Arguments that aren't here are files. */
const argumentKinds: Readonly<Record<string, readonly (NameKind | 'nothing')[]>> = {
  'node show': ['nodes'],
  'node rm': ['nodes'],
  'node drain': ['nodes'],
  'node undrain': ['nodes'],
  drift: ['nodes'],
  'drift repair': ['nodes', 'services'],
  'gossip-key ignore': ['nodes'],
  'gossip-key use': ['nothing'],
  'gossip-key remove': ['nothing'],
  'token revoke': ['nothing'],
  'secret set': ['secrets'],
  'secret rm': ['secrets'],
  'blueprint show': ['blueprints'],
  'blueprint rm': ['blueprints'],
  'revision show': ['revisions'],
  'revision diff': ['revisions', 'revisions'],
  'revision restore': ['revisions'],
};

/** Words of arguments (by the command) and of flags (by command and flag) that are always the same. */
const fixedWords: Readonly<Record<string, readonly string[]>> = {
  completion: ['bash', 'zsh', 'fish'],
  'demo --service': ['nginx', 'gateway'],
  'demo stop': ['controller', 'node-1', 'node-2', 'node-3'],
};

function optionsOf(command: Command, program: Command): readonly Option[] {
  const help = program.createHelp();
  return [...new Set([...help.visibleOptions(command), ...program.options])];
}

function subcommands(command: Command, program: Command): readonly Command[] {
  return program.createHelp().visibleCommands(command);
}

/** The command that the words lead to, how many arguments it has got, and a flag that waits for its value. */
function walk(program: Command, words: readonly string[]) {
  let command = program;
  let given = 0;
  let waiting: Option | undefined;
  const path: string[] = [];
  for (const word of words) {
    if (waiting !== undefined) {
      waiting = undefined;
    } else if (word.startsWith('-')) {
      const option = optionsOf(command, program).find(({ long, short }) => word === long || word === short);
      if (option?.required === true) waiting = option;
    } else {
      const next = subcommands(command, program).find((c) => c.name() === word || c.aliases().includes(word));
      if (next === undefined || given > 0) given += 1;
      else {
        command = next;
        path.push(next.name());
      }
    }
  }
  return { command, path: path.join(' '), given, waiting };
}

function flagValue(option: Option | undefined, path: string): Pick<Wanted, 'words' | 'kind'> {
  const long = option?.long ?? '';
  const words = fixedWords[`${path} ${long}`] ?? option?.argChoices;
  if (words !== undefined) return { words };
  const kind = flagKinds[long];
  if (kind !== undefined) return { words: [], kind };
  const isPath = /file|dir|path|socket/.test(option?.flags ?? '');
  return isPath ? { words: [], kind: 'files' } : { words: [] };
}

function argumentValue(command: Command, path: string, given: number): Pick<Wanted, 'words' | 'kind'> {
  const taken = command.registeredArguments;
  const last = taken.at(-1);
  const place = last?.variadic === true ? Math.min(given, taken.length - 1) : given;
  if (place >= taken.length) return { words: [] };
  const fixed = fixedWords[path];
  if (fixed !== undefined) return { words: fixed };
  const kind = argumentKinds[path]?.[place] ?? 'files';
  return kind === 'nothing' ? { words: [] } : { words: [], kind };
}

/** What may stand as the last of these words, those after `shoal`; it may be empty or begun. */
export function wantedAt(program: Command, words: readonly string[]): Wanted {
  const current = words.at(-1) ?? '';
  const { command, path, given, waiting } = walk(program, words.slice(0, -1));
  if (waiting !== undefined) return { current, prefix: '', ...flagValue(waiting, path) };
  const options = optionsOf(command, program);
  const [, flag] = /^(--[a-z-]+)=/.exec(current) ?? [];
  if (flag !== undefined) {
    const value = flagValue(
      options.find(({ long }) => long === flag),
      path,
    );
    return { current, prefix: `${flag}=`, ...value };
  }
  if (current.startsWith('-')) {
    const flags = options.flatMap(({ long, short }) => [long, current.startsWith('--') ? undefined : short]);
    return { current, prefix: '', words: flags.filter((word) => word !== undefined) };
  }
  const commands = given > 0 ? [] : subcommands(command, program).map((c) => c.name());
  const argument = argumentValue(command, path, given);
  return { current, prefix: '', ...argument, words: [...commands, ...argument.words] };
}

/** The value of a flag among words, as it was given last. */
function given(words: readonly string[], flag: string): string | undefined {
  const at = words.lastIndexOf(flag);
  return at < 0 ? undefined : words[at + 1];
}

async function complete(program: Command, words: readonly string[]): Promise<string[]> {
  const { current, kind, prefix, words: own } = wantedAt(program, words);
  if (kind === 'files') return [':files'];
  const names: string[] = [];
  if (kind !== undefined) {
    const client = connect(await findCredentials(given(words, '--credentials')), { timeoutMs });
    try {
      names.push(...(await namesOf(client, kind, given(words, '--service'))));
    } finally {
      client.close();
    }
  }
  return [...own, ...names].map((word) => prefix + word).filter((word) => word.startsWith(current));
}

/** `shoal complete -- WORDS...`, for the scripts of `shoal completion`: what may stand as the last word, a line each; `:files` for files. */
export function addCompleteCommand(program: Command): void {
  program
    .command('complete [words...]', { hidden: true })
    .description('what may stand as the last of these words, for completion scripts')
    .action(async (words: string[]) => {
      // Nobody who presses Tab wants to read of an error.
      const found = await complete(program, words).catch(() => []);
      process.stdout.write(found.map((word) => `${word}\n`).join(''));
    });
}
