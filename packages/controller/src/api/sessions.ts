import { decodeJson, putJson } from '../store/json.js';
import type { Store } from '../store/store.js';
import { hashOf, newSecret } from './secrets.js';

const minuteMs = 60_000;
const hourMs = 60 * minuteMs;

/** A session ends this long after its last use, */
export const idleMs: number = 12 * hourMs;
/** and this long after the login, whatever happens. */
export const absoluteMs: number = 7 * 24 * hourMs;
/** The last use is written this often at most. */
const touchMs = 5 * minuteMs;

/** A login; its id is known to the browser alone, the store has its hash as key. Times in ms since the epoch. */
interface Session {
  readonly user: string;
  readonly createdAt: number;
  readonly usedAt: number;
}

const prefix = 'sessions/';

/** Logins in the store, so that they outlive a restart of the controller. */
export interface Sessions {
  /** Gives the secret id for the cookie. */
  create(user: string): Promise<string>;
  /** The user's name while the session lasts. `touch`: this counts as a use. */
  userOf(id: string, options: { readonly touch: boolean }): Promise<string | undefined>;
  end(id: string): Promise<void>;
  /** Deletes what has ended. */
  prune(): Promise<void>;
}

export function createSessions(store: Store, now: () => number): Sessions {
  const lasts = ({ createdAt, usedAt }: Session) =>
    now() < createdAt + absoluteMs && now() < usedAt + idleMs && createdAt <= now() + hourMs;
  const remove = async (key: string) => {
    await store.transact({ writes: [{ type: 'delete', key }] });
  };
  return {
    async create(user) {
      const id = newSecret();
      const session: Session = { user, createdAt: now(), usedAt: now() };
      await store.transact({ writes: [putJson(`${prefix}${hashOf(id)}`, session)] });
      return id;
    },
    async userOf(id, { touch }) {
      const key = `${prefix}${hashOf(id)}`;
      const entry = await store.get(key);
      if (entry === undefined) return undefined;
      const session = decodeJson<Session>(entry);
      if (!lasts(session)) {
        await remove(key);
        return undefined;
      }
      if (touch && now() - session.usedAt > touchMs) {
        // Compared, so that a session that was ended meanwhile doesn't come back.
        await store.transact({
          compare: [{ key, modRevision: entry.modRevision }],
          writes: [putJson(key, { ...session, usedAt: now() })],
        });
      }
      return session.user;
    },
    end: (id) => remove(`${prefix}${hashOf(id)}`),
    async prune() {
      for (const entry of await store.list(prefix, { limit: 10_000 })) {
        if (!lasts(decodeJson<Session>(entry))) await remove(entry.key);
      }
    },
  };
}
