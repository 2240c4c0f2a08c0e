import { test } from 'tap';
import { completionScript } from './commands/completion.js';
import { parseSince } from './commands/logs.js';
import { createProgram } from './program.js';
import { runMain } from './run-main.js';

test('every command and flag has a description', async (t) => {
  const visit = (command: ReturnType<typeof createProgram>): void => {
    t.not(command.description(), '', `${command.name()} is described`);
    for (const option of command.options) t.not(option.description, '', `${command.name()} ${option.flags}`);
    for (const sub of command.commands) visit(sub as typeof command);
  };
  visit(createProgram());
});

test('completion scripts know every command, and an unknown shell is refused', async (t) => {
  for (const shell of ['bash', 'zsh', 'fish']) {
    const script = completionScript(createProgram(), shell);
    for (const word of ['status', 'apply', 'revision', 'diff', 'on-nodes'])
      t.match(script, word, `${shell}: ${word}`);
  }
  t.throws(() => completionScript(createProgram(), 'tcsh'), {
    code: 'invalid_input',
    message: /bash, zsh, fish/,
  });
});

test('--since takes a duration back or a time', async (t) => {
  t.equal(parseSince('10m', 1_000_000), 400_000);
  t.equal(parseSince('2026-03-01T14:00:00Z', 0), Date.UTC(2026, 2, 1, 14));
  t.throws(() => parseSince('yesterday', 0), { code: 'invalid_input' });
});

test('wrong use exits 2, help and version exit 0', async (t) => {
  const out = t.capture(process.stdout, 'write');
  const err = t.capture(process.stderr, 'write');
  t.equal(await runMain(['node', 'shoal', '--help']), 0);
  t.equal(await runMain(['node', 'shoal', 'version', '--json']), 0);
  t.match(JSON.parse(String(out().at(-1)?.args[0])), { shoal: /^\d+\.\d+\.\d+/ });
  t.equal(await runMain(['node', 'shoal', 'aply', 'x.yaml']), 2);
  t.equal(await runMain(['node', 'shoal', 'apply']), 2);
  t.equal(await runMain(['node', 'shoal', 'token', 'create', '--uses', 'none']), 2);
  t.match(
    err()
      .map((call) => String(call.args[0]))
      .join(''),
    /Did you mean apply\?/,
  );
});

test('without a controller a command says what to do and exits by the kind of error', async (t) => {
  const err = t.capture(process.stderr, 'write');
  t.equal(await runMain(['node', 'shoal', '--credentials', '/nonexistent/credentials.json', 'status']), 4);
  t.match(String(err().at(-1)?.args[0]), /No credentials found/);
  t.equal(await runMain(['node', 'shoal', 'members', '--local', '/nonexistent/agent.sock']), 6);
});
