/** A piece of what the controller says: words, a command, a moment, or something about a license that a page of the console does. */
export type MessagePart =
  | { readonly kind: 'words'; readonly text: string }
  | { readonly kind: 'command'; readonly text: string }
  | { readonly kind: 'time'; readonly text: string; readonly at: number }
  /** `command`: what does the same in a terminal; `to`: where the console does it. */
  | { readonly kind: 'license'; readonly text: string; readonly command: string; readonly to: string };

const id = '[\\w-]+(?:\\.[\\w-]+)*';
const special = new RegExp(
  [
    // What is asked for and the command for it: `install its successor: shoal ...`, `install one for more sites (shoal ...)`.
    '(?<install>[Ii]nstall [^:;,.()]+)(?:: | \\()shoal license install FILE\\)?',
    `(?<remove>[Rr]emove (?:it|this one)): shoal license rm (?<id>${id})`,
    `shoal (?:blueprint|license|node|revision|rollout|secret) [a-z]+(?: --[a-z]+(?: \\d+)?| NUMBER| FILE|(?<=license rm) ${id})*`,
    '(?:at )?(?<!\\bis )\\d{4}-\\d\\d-\\d\\dT[\\d:.]+Z',
  ].join('|'),
  'g',
);

/** Takes a message apart, so that commands look like commands and times are told as everywhere, but for the one that "it is". */
export function messageParts(message: string): readonly MessagePart[] {
  const parts: MessagePart[] = [];
  let end = 0;
  const words = (to: number) => {
    if (to > end) parts.push({ kind: 'words', text: message.slice(end, to) });
  };
  for (const match of message.matchAll(special)) {
    words(match.index);
    end = match.index + match[0].length;
    parts.push(partOf(match));
  }
  words(message.length);
  return parts;
}

function partOf({ 0: text, groups = {} }: RegExpMatchArray): MessagePart {
  const { install, remove, id: license = '' } = groups;
  if (install !== undefined) {
    return {
      kind: 'license',
      text: install,
      command: 'shoal license install FILE',
      to: '/license?install',
    };
  }
  if (remove !== undefined) {
    const to = `/license?remove=${encodeURIComponent(license)}`;
    return { kind: 'license', text: remove, command: `shoal license rm ${license}`, to };
  }
  if (text.startsWith('shoal')) return { kind: 'command', text };
  return { kind: 'time', text, at: Date.parse(text.replace('at ', '')) };
}
