import type { JSX } from 'preact';
import { messageParts } from '../lib/message-parts.js';
import { may } from '../state/roles.js';
import { session } from '../state/session.js';
import { useStore } from '../state/store.js';
import { Link } from './link.js';
import { Time } from './text.js';

/**
 * What the controller says, with its commands as such and its times as they are told everywhere. What asks for a license leads to where the console installs
 * it, for those who may; not so where `plain`, as in that place itself.
 */
export function Message({ text, plain = false }: { text: string; plain?: boolean }): JSX.Element {
  const mayLicense = useStore(
    session,
    (state) => state.kind === 'known' && may(state.session.user?.role ?? 'viewer', 'admin'),
  );
  return (
    <>
      {messageParts(text).map((part, index) => {
        if (part.kind === 'command') return <code key={index}>{part.text}</code>;
        if (part.kind === 'time') return <Time key={index} at={part.at} />;
        if (part.kind === 'words') return part.text;
        if (mayLicense && !plain) {
          return (
            <Link key={index} to={part.to}>
              {part.text}
            </Link>
          );
        }
        return (
          <span key={index}>
            {part.text}: <code>{part.command}</code>
          </span>
        );
      })}
    </>
  );
}
