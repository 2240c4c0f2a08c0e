import { ShoalError } from '@shoal/common';
import type { Command } from 'commander';

const bash = `# bash completion for shoal; install: shoal completion bash > /etc/bash_completion.d/shoal
_shoal() {
  # Of the line itself: COMP_WORDS is cut at characters, such as the @ of a blueprint's name@version, that are none of ours.
  local line="\${COMP_LINE:0:COMP_POINT}" current before candidate
  local -a typed=()
  read -ra typed <<< "$line"
  [[ "$line" == *[[:space:]] ]] && typed+=("")
  current="\${typed[\${#typed[@]}-1]}"
  # bash replaces what follows a =, and from an @ on.
  before=""
  [[ "$current" == *=* && "$COMP_WORDBREAKS" == *=* ]] && before="\${current%"\${current##*=}"}"
  [[ "$current" == *@* && "$COMP_WORDBREAKS" == *@* ]] && before="\${current%@*}"
  COMPREPLY=()
  while IFS= read -r candidate; do
    if [[ "$candidate" == ":files" ]]; then
      compopt -o filenames
      while IFS= read -r candidate; do COMPREPLY+=("$candidate"); done < <(compgen -f -- "\${current##*=}")
    else
      COMPREPLY+=("\${candidate#"$before"}")
    fi
  done < <(shoal complete -- "\${typed[@]:1}" 2>/dev/null)
}
complete -F _shoal shoal
`;

const zsh = `#compdef shoal
# zsh completion for shoal; install: shoal completion zsh > "\${fpath[1]}/_shoal"
_shoal() {
  local -a found
  found=("\${(@f)$(shoal complete -- "\${(@)words[2,CURRENT]}" 2>/dev/null)}")
  if [[ "\${found[1]}" == ":files" ]]; then _files; else compadd -- "\${(@)found:#}"; fi
}
compdef _shoal shoal
[[ "\${funcstack[1]}" == "_shoal" ]] && _shoal "$@"
`;

const fish = `# fish completion for shoal; install: shoal completion fish > ~/.config/fish/completions/shoal.fish
function __shoal_complete
  set -l before (commandline -opc)
  set -e before[1]
  set -l current (commandline -ct)
  set -l found (shoal complete -- $before "$current" 2>/dev/null)
  if test "$found" = ":files"
    __fish_complete_path "$current"
  else
    printf '%s\\n' $found
  end
end
complete -c shoal -f -a '(__shoal_complete)'
`;

const shells: Readonly<Record<string, string>> = { bash, zsh, fish };

/** The completion script of a shell; what can stand where, it asks the command itself. @throws ShoalError `invalid_input` for an unknown shell */
export function completionScript(shell: string): string {
  const script = shells[shell];
  if (script === undefined) {
    throw new ShoalError(
      'invalid_input',
      `No completion for "${shell}"; expected one of ${Object.keys(shells).join(', ')}`,
    );
  }
  return script;
}

/** `shoal completion <shell>`. */
export function addCompletionCommand(program: Command): void {
  program
    .command('completion <shell>')
    .description(`print the completion script for ${Object.keys(shells).join(', ')}`)
    .action((shell: string) => {
      process.stdout.write(completionScript(shell));
    });
}
