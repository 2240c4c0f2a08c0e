/** A piece of what the controller says: words, a command, a moment. */
export type MessagePart =
  | { readonly kind: 'words' | 'command'; readonly text: string }
  | { readonly kind: 'time'; readonly text: string; readonly at: number };

const special =
  /shoal (?:blueprint|license|node|revision|rollout|secret) [a-z]+(?: --[a-z]+(?: \d+)?| NUMBER| FILE|(?<=license rm) [\w-]+(?:\.[\w-]+)*)*|(?:at )?(?<!\bis )\d{4}-\d\d-\d\dT[\d:.]+Z/g;

/** Takes a message apart, so that commands look like commands and times are told as everywhere, but for the one that "it is". */
export function messageParts(message: string): readonly MessagePart[] {
  const parts: MessagePart[] = [];
  let end = 0;
  const words = (to: number) => {
    if (to > end) parts.push({ kind: 'words', text: message.slice(end, to) });
  };
  for (const match of message.matchAll(special)) {
    const [text] = match;
    words(match.index);
    end = match.index + text.length;
    const at = Date.parse(text.replace('at ', ''));
    parts.push(text.startsWith('shoal') ? { kind: 'command', text } : { kind: 'time', text, at });
  }
  words(message.length);
  return parts;
}
