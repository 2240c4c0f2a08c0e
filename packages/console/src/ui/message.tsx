import type { JSX } from 'preact';
import { messageParts } from '../lib/message-parts.js';
import { Time } from './text.js';

/** What the controller says, with its commands as such and its times as they are told everywhere. */
export function Message({ text }: { text: string }): JSX.Element {
  return (
    <>
      {messageParts(text).map((part, index) => {
        if (part.kind === 'command') return <code key={index}>{part.text}</code>;
        if (part.kind === 'time') return <Time key={index} at={part.at} />;
        return part.text;
      })}
    </>
  );
}
