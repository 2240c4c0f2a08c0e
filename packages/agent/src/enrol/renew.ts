import {
  createKeyAndCsr,
  fromServiceError,
  type Identity__Output,
  type Logger,
  ShoalError,
} from '@shoal/common';
import { Backoff } from '../link/backoff.js';
import { renewalClient } from '../link/channel.js';
import { identityOf, type NodeIdentity, renewalDue } from './stored-identity.js';

/** What renewal needs. */
export interface RenewalOptions {
  readonly controller: string;
  readonly logger: Logger;
  identity(): NodeIdentity;
  /** Takes the renewed identity in: stores it, uses it from now on. */
  renewed(identity: NodeIdentity): Promise<void>;
  readonly now?: () => number;
}

/** Longest time that a timer is set for, milliseconds: clocks may be set meanwhile. */
const longestWait = 3600_000;

/** Renews the certificate, with a fresh key, after two thirds of its life; tries on until it works. */
export class CertificateRenewal {
  readonly #options: RenewalOptions;
  readonly #now: () => number;
  readonly #backoff = new Backoff({ first: 5000, longest: 600_000 });
  #timer: NodeJS.Timeout | undefined;
  #stopped = false;

  constructor(options: RenewalOptions) {
    this.#options = options;
    this.#now = options.now ?? Date.now;
  }

  start(): void {
    this.#schedule(renewalDue(this.#options.identity()) - this.#now());
  }

  stop(): void {
    this.#stopped = true;
    clearTimeout(this.#timer);
  }

  #schedule(waitMs: number): void {
    if (this.#stopped) return;
    this.#timer = setTimeout(() => void this.#due(), Math.min(Math.max(waitMs, 0), longestWait));
    this.#timer.unref();
  }

  async #due(): Promise<void> {
    const identity = this.#options.identity();
    const left = renewalDue(identity) - this.#now();
    if (left > 0) return this.#schedule(left);
    try {
      const fresh = await renew(this.#options.controller, identity, this.#now());
      await this.#options.renewed(fresh);
      this.#backoff.reset();
      this.#options.logger.info({ expiresAt: new Date(fresh.expiresAt) }, 'certificate renewed');
      this.#schedule(renewalDue(fresh) - this.#now());
    } catch (thrown) {
      const error = ShoalError.from(thrown);
      const expired = this.#now() > identity.expiresAt;
      const record = { code: error.code, reason: error.message, expiresAt: new Date(identity.expiresAt) };
      if (expired) {
        this.#options.logger.error(
          {
            ...record,
            hint: 'remove the node (`shoal node rm`), stop the agent, delete identity.json and enroll again',
          },
          'the certificate has expired and cannot be renewed any more',
        );
      } else this.#options.logger.warn(record, 'renewing the certificate failed; trying again');
      this.#schedule(this.#backoff.next());
    }
  }
}

async function renew(controller: string, identity: NodeIdentity, now: number): Promise<NodeIdentity> {
  const { keyPem, csrPem } = await createKeyAndCsr();
  const client = renewalClient(controller, identity);
  try {
    const answer = await new Promise<Identity__Output>((resolve, reject) => {
      client.renew({ csrPem }, { deadline: Date.now() + 10_000 }, (error, found) => {
        if (error !== null) reject(fromServiceError(error));
        else if (found === undefined) reject(new ShoalError('internal', 'the controller gave no identity'));
        else resolve(found);
      });
    });
    return identityOf(answer, keyPem, now);
  } finally {
    client.close();
  }
}
