import { ShoalError } from '@shoal/common';
import type { Command } from 'commander';

/** A word that can stand next, and what follows it. */
interface Node {
  readonly path: string;
  readonly words: readonly string[];
}

/** Commands whose argument is a name that only the controller knows, and the command that prints these names, a line each. */
const asked: Readonly<Record<string, string>> = {
  'blueprint show': 'shoal blueprint ls --names',
  'blueprint rm': 'shoal blueprint ls --names',
};

function flagsOf(command: Command): string[] {
  return command.options.flatMap((o) =>
    [o.long, o.short].filter((f): f is string => f !== undefined && f !== null),
  );
}

/** Every command of the tree with the words that can follow it: its subcommands and flags. */
function nodes(command: Command, inherited: readonly string[], path: string[] = []): Node[] {
  const own = [...flagsOf(command), '--help'];
  const all = [...new Set([...inherited, ...own])];
  const here = { path: path.join(' '), words: [...command.commands.map((c) => c.name()), ...all] };
  return [here, ...command.commands.flatMap((c) => nodes(c, inherited, [...path, c.name()]))];
}

function bash(tree: readonly Node[]): string {
  const cases = tree
    .map((n) => {
      const names = asked[n.path];
      const more = names === undefined ? '' : ` $(${names} 2>/dev/null)`;
      return `    "${n.path}") words="${n.words.join(' ')}${more}" ;;`;
    })
    .join('\n');
  return `# bash completion for shoal; install: shoal completion bash > /etc/bash_completion.d/shoal
COMP_WORDBREAKS="\${COMP_WORDBREAKS//@}" # a blueprint's name@version is one word
_shoal() {
  local current="\${COMP_WORDS[COMP_CWORD]}" path="" words="" word known
  known=" ${tree.map((n) => n.path.replaceAll(' ', '/')).join(' ')} "
  for word in "\${COMP_WORDS[@]:1:COMP_CWORD-1}"; do
    local next="\${path:+$path/}$word"
    [[ "$known" == *" $next "* ]] && path="$next"
  done
  case "\${path//\\// }" in
${cases}
  esac
  mapfile -t COMPREPLY < <(compgen -W "$words" -- "$current")
  [[ \${#COMPREPLY[@]} -eq 0 ]] && mapfile -t COMPREPLY < <(compgen -f -- "$current")
}
complete -o filenames -F _shoal shoal
`;
}

function zsh(tree: readonly Node[]): string {
  return `#compdef shoal
# zsh completion for shoal; install: shoal completion zsh > "\${fpath[1]}/_shoal"
autoload -U +X bashcompinit && bashcompinit
${bash(tree)}`;
}

function fish(tree: readonly Node[]): string {
  const lines = tree.flatMap((n) => {
    const depth = n.path === '' ? [] : n.path.split(' ');
    const seen = depth.map((word) => `__fish_seen_subcommand_from ${word}`);
    const unseen = n.path === '' ? ['__fish_use_subcommand'] : [];
    const condition = [...seen, ...unseen].join('; and ');
    return n.words
      .filter((w) => !w.startsWith('-'))
      .map((w) => `complete -c shoal -n '${condition}' -f -a ${w}`)
      .concat(
        n.words
          .filter((w) => w.startsWith('--'))
          .map((w) => `complete -c shoal -n '${condition}' -l ${w.slice(2)}`),
      );
  });
  for (const [path, names] of Object.entries(asked)) {
    const seen = path.split(' ').map((word) => `__fish_seen_subcommand_from ${word}`);
    lines.push(`complete -c shoal -n '${seen.join('; and ')}' -f -a '(${names} 2>/dev/null)'`);
  }
  return `# fish completion for shoal; install: shoal completion fish > ~/.config/fish/completions/shoal.fish\n${lines.join('\n')}\n`;
}

const shells: Readonly<Record<string, (tree: readonly Node[]) => string>> = { bash, zsh, fish };

/** The completion script of a shell, from the commands themselves. @throws ShoalError `invalid_input` for an unknown shell */
export function completionScript(program: Command, shell: string): string {
  const write = shells[shell];
  if (write === undefined) {
    throw new ShoalError(
      'invalid_input',
      `No completion for "${shell}"; expected one of ${Object.keys(shells).join(', ')}`,
    );
  }
  return write(nodes(program, [...flagsOf(program), '--help']));
}

/** `shoal completion <shell>`. */
export function addCompletionCommand(program: Command): void {
  program
    .command('completion <shell>')
    .description(`print the completion script for ${Object.keys(shells).join(', ')}`)
    .action((shell: string) => {
      process.stdout.write(completionScript(program, shell));
    });
}
