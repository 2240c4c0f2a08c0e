import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { errorStatus } from '@shoal/common';
import { test } from 'tap';
import { wantedAt } from './commands/complete.js';
import { completionScript } from './commands/completion.js';
import { parseSince } from './commands/logs.js';
import { createProgram } from './program.js';

test('every command and flag has a description', async (t) => {
  const visit = (command: ReturnType<typeof createProgram>): void => {
    t.not(command.description(), '', `${command.name()} is described`);
    for (const option of command.options) t.not(option.description, '', `${command.name()} ${option.flags}`);
    for (const sub of command.commands) visit(sub as typeof command);
  };
  visit(createProgram());
});

test('a word is completed by where it stands', async (t) => {
  const program = createProgram();
  const at = (line: string) => {
    const { words, kind } = wantedAt(program, line.split(' '));
    return kind ?? words.join(' ');
  };
  t.match(at(''), /^status node .*completion/);
  t.notMatch(at(''), '--', 'flags when a dash is typed');
  t.equal(at('completion '), 'bash zsh fish');
  t.match(at('rollout watch --'), /--revision .*--credentials --json/);
  t.match(at('rollout '), /^ls show watch /);
  for (const line of ['node show ', 'logs --node ', 'drift ', 'gossip-key ignore a ', 'logs --node=n'])
    t.equal(at(line), 'nodes', line);
  for (const line of ['logs -f --service ', 'drift repair a ']) t.equal(at(line), 'services', line);
  t.equal(at('logs --source '), 'sources');
  for (const line of ['rollout retry --revision ', 'revision diff 3 ', '--json revision restore '])
    t.equal(at(line), 'revisions', line);
  t.equal(at('secret rm '), 'secrets');
  t.equal(at('blueprint show nginx@'), 'blueprints');
  t.equal(at('demo --service '), 'nginx gateway');
  t.match(at('demo stop '), /^controller node-1 /);
  for (const line of ['apply ', '--credentials ', 'blueprint lint a ']) t.equal(at(line), 'files', line);
  for (const line of ['apply --reason ', 'node show a ', 'version ']) t.equal(at(line), '', line);
});

test('completion scripts ask the command, and an unknown shell is refused', async (t) => {
  for (const shell of ['bash', 'zsh', 'fish'])
    t.match(completionScript(shell), 'shoal complete -- ', `${shell}: asks`);
  t.throws(() => completionScript('tcsh'), { code: 'invalid_input', message: /bash, zsh, fish/ });
  const completed = async (line: string, ...found: string[]) => {
    const script = `${completionScript('bash')}
shoal() { printf '[%s]' "$@" >&2; printf '%s\\n' ${found.map((word) => `'${word}'`).join(' ')}; }
breaks="$COMP_WORDBREAKS" COMP_LINE='${line}' COMP_POINT=${line.length}
_shoal
[[ "$breaks" == "$COMP_WORDBREAKS" ]] && printf '%s\\n' "\${COMPREPLY[@]}"`;
    return new Promise<string>((resolve, reject) => {
      execFile('bash', ['--norc', '-c', script], (error, out) => (error ? reject(error) : resolve(out)));
    });
  };
  t.equal(await completed('shoal node show n', 'n1', 'n2'), 'n1\nn2\n');
  t.equal(
    await completed('shoal blueprint show web@', 'web@1.0.0'),
    '@1.0.0\n',
    'bash replaces from the @ on',
  );
  t.equal(await completed('shoal logs --node=n', '--node=n1'), 'n1\n');
});

test('without a controller nothing is completed, and nothing is said', async (t) => {
  const none = ['--credentials', '/nonexistent/credentials.json'];
  t.strictSame(await shoal('complete', '--', ...none, 'node', 'show', ''), {
    code: 0,
    stdout: '',
    stderr: '',
  });
  t.strictSame(await shoal('complete', '--', 'completion', 'z'), { code: 0, stdout: 'zsh\n', stderr: '' });
});

test('--since takes a duration back or a time', async (t) => {
  t.equal(parseSince('10m', 1_000_000), 400_000);
  t.equal(parseSince('2026-03-01T14:00:00Z', 0), Date.UTC(2026, 2, 1, 14));
  t.throws(() => parseSince('yesterday', 0), { code: 'invalid_input' });
});

const command = join(import.meta.dirname, '../bin/shoal.js');

/** Runs the command as a process: what it prints must not mix with the test's own output. */
function shoal(...args: string[]): Promise<{ code: number; stdout: string; stderr: string }> {
  return new Promise((resolve) => {
    execFile(process.execPath, [command, ...args], (error, stdout, stderr) => {
      resolve({ code: error === null ? 0 : Number(error.code), stdout, stderr });
    });
  });
}

test('wrong use exits 2 and says what was meant', async (t) => {
  t.match(await shoal('aply', 'x.yaml'), { code: 2, stderr: /Did you mean apply\?/ });
  t.match(await shoal('apply'), { code: 2, stderr: /missing required argument 'file'/ });
  t.match(await shoal('token', 'create', '--uses', 'none'), {
    code: 2,
    stderr: /"none" is not a whole number/,
  });
});

test('what is no fingerprint is refused without being repeated: it could be a key', async (t) => {
  const key = Buffer.alloc(32, 3).toString('base64');
  const { code, stdout, stderr } = await shoal('gossip-key', 'remove', key);
  t.equal(code, 2);
  t.match(stderr, /A fingerprint has 16/);
  t.notOk(`${stdout}${stderr}`.includes(key));
});

test('a time to wait is refused before anything is changed', async (t) => {
  const refused = (time: string) => shoal('gossip-key', 'install', '--timeout', time);
  t.match(await refused('soon'), { code: 2, stderr: /expected a length of time/ });
  // A timer of Node.js would end at once.
  t.match(await refused('30d'), { code: 2, stderr: /at most 24d/ });
});

test('help and version exit 0, also as JSON', async (t) => {
  t.match(await shoal('--help'), { code: 0, stdout: /Exit codes:/ });
  t.match(await shoal('help', 'rollout', 'retry'), { code: 0, stdout: /^Usage: shoal rollout retry / });
  const { code, stdout } = await shoal('version', '--json');
  t.equal(code, 0);
  t.match(JSON.parse(stdout), { shoal: /^\d+\.\d+\.\d+/, node: process.versions.node });
});

test('without a controller a command says what to do and exits by the kind of error', async (t) => {
  const none = '/nonexistent/credentials.json';
  t.match(await shoal('--credentials', none, 'status'), { code: 4, stderr: /No credentials found/ });
  const { code, stderr } = await shoal('--json', '--credentials', none, 'status');
  t.equal(code, 4);
  t.match(JSON.parse(stderr), { error: { code: 'not_found', hint: /--credentials/ } });
  t.match(await shoal('members', '--local', '/nonexistent/agent.sock'), {
    code: 6,
    stderr: /No agent answers/,
  });
});

test('a secret comes from standard input or a file, and what is wrong with it is told without it', async (t) => {
  const directory = t.testdir({ good: 'hunter2-good', binary: Buffer.from([0xff, 0xfe, 0x31, 0x32, 0x33]) });
  const set = (input: string, ...args: string[]) =>
    new Promise<{ code: number; output: string }>((resolve) => {
      const none = ['--credentials', '/nonexistent/credentials.json'];
      const child = execFile(
        process.execPath,
        [command, ...none, 'secret', 'set', ...args],
        (error, out, err) =>
          resolve({ code: error === null ? 0 : Number(error.code), output: `${out}${err}` }),
      );
      // It may have refused before it read.
      child.stdin?.on('error', () => {});
      child.stdin?.end(input);
    });
  t.match(await set('abc\n', 'key'), { code: 2, output: /shorter than 4 characters/ });
  t.match(await set(`hunter2${'x'.repeat(70_000)}`, 'key'), { code: 2, output: /larger than/ });
  t.match(await set('', 'Bad Name'), { code: 2, output: /expected a secret's name/ });
  t.match(await set('', 'key', '--file', join(directory, 'binary')), {
    code: 2,
    output: /not text in UTF-8/,
  });
  t.match(await set('', 'key', '--file', join(directory, 'none')), { code: 4, output: /There is no file/ });
  const asArgument = await set('', 'key', 'hunter2-argument');
  t.match(asArgument, { code: 2, output: /too many arguments/ });
  for (const good of [set('hunter2-good\n', 'key'), set('', 'key', '--file', join(directory, 'good'))])
    t.match(
      await good,
      { code: 4, output: /No credentials found/ },
      'it was taken, and then a controller is needed',
    );
  t.notMatch(asArgument.output, 'hunter2');
});

test('the documentation lists each exit code', async (t) => {
  const page = await readFile(join(import.meta.dirname, '../../../docs/cli.md'), 'utf8');
  const listed = [...page.matchAll(/^\| (\d) \| /gm)].map(([, exit]) => Number(exit));
  const exits = [0, ...Object.values(errorStatus).map(({ exit }) => exit)];
  t.strictSame(listed, [...new Set(exits)].sort());
});
