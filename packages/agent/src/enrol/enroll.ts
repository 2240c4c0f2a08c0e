import { readFile } from 'node:fs/promises';
import { setTimeout as pause } from 'node:timers/promises';
import {
  type EnrollRequest,
  fetchCaByFingerprint,
  fromServiceError,
  type Identity__Output,
  type JoinToken,
  type KeyAndCsr,
  type Logger,
  parseAddress,
  parseJoinToken,
  ShoalError,
  type SignedDocument__Output,
  version,
} from '@shoal/common';
import type { AgentConfig } from '../config.js';
import { Backoff } from '../link/backoff.js';
import { defaultControllerPort, enrollmentClient, explainConnection } from '../link/channel.js';
import type { StandingProblem } from '../standing-problem.js';
import { identityOf, type NodeIdentity } from './stored-identity.js';

/** What enrolment gives: an identity, and the first lease. */
export interface Enrolled {
  readonly identity: NodeIdentity;
  readonly lease: SignedDocument__Output | null;
}

/** The cluster part of the configuration, when there is one. */
export type ClusterConfig = NonNullable<AgentConfig['cluster']>;

/** The join token of the configuration: from the file that it names, or itself. Undefined: none is configured. Throws `invalid_input`. */
export async function readToken(cluster: ClusterConfig): Promise<JoinToken | undefined> {
  if (cluster.token !== undefined) return parseJoinToken(cluster.token);
  if (cluster.tokenFile === undefined) return undefined;
  const text = await readFile(cluster.tokenFile, 'utf8').catch((cause: NodeJS.ErrnoException) => {
    throw new ShoalError(
      'failed_precondition',
      `can't read the join token's file ${cluster.tokenFile}: ${cause.code}`,
      {
        cause,
      },
    );
  });
  return parseJoinToken(text);
}

/** How enrolment is tried. */
export interface EnrollOptions {
  readonly node: AgentConfig['node'];
  readonly cluster: ClusterConfig;
  readonly logger: Logger;
  readonly signal: AbortSignal;
  /** The key to enroll with, the same at each try, and its request. */
  key(): Promise<KeyAndCsr>;
  /** Stores the identity; when that fails, it is enrolled again. */
  keep(identity: NodeIdentity): Promise<void>;
  /** Holds why the last try failed, until one works. */
  readonly problem?: StandingProblem;
  readonly backoff?: Backoff;
  /** Wait after an answer that only an operator can change, milliseconds. Default 60000. */
  readonly refusedMs?: number;
  readonly timeoutMs?: number;
}

/**
 * Enrolls, trying until it works or `signal` aborts. While the controller is away it is tried with growing waits; an answer that only an operator can
 * change (token expired, name taken, no room in the license, ...) is logged with what to do, and tried again each minute: a token file may be replaced, or a
 * larger license installed meanwhile.
 */
export async function enrollUntilDone(options: EnrollOptions): Promise<Enrolled> {
  const { logger, signal, refusedMs = 60_000 } = options;
  const backoff = options.backoff ?? new Backoff();
  let told = '';
  for (;;) {
    signal.throwIfAborted();
    try {
      const enrolled = await enrollOnce(options);
      await options.keep(enrolled.identity);
      options.problem?.clear();
      return enrolled;
    } catch (thrown) {
      signal.throwIfAborted();
      const error = explainConnection(ShoalError.from(thrown));
      const away = error.code === 'unavailable' || error.code === 'deadline_exceeded';
      options.problem?.set('joining the cluster', error);
      const waitMs = away ? backoff.next() : refusedMs;
      const record = {
        code: error.code,
        reason: error.message,
        hint: error.hint,
        retryInMs: Math.round(waitMs),
      };
      if (away) logger.warn(record, 'the controller cannot be reached; enrolling again later');
      else if (error.message !== told)
        logger.error(record, 'enrolling was refused; it is tried again each minute');
      told = error.message;
      await pause(waitMs, undefined, { signal });
    }
  }
}

async function enrollOnce(options: EnrollOptions): Promise<Enrolled> {
  const { cluster, node, timeoutMs = 10_000 } = options;
  const token = await readToken(cluster);
  if (token === undefined) {
    throw new ShoalError('failed_precondition', 'this node is not enrolled and no join token is configured', {
      hint: 'make one with `shoal token create` and set cluster.token or cluster.tokenFile in agent.yaml',
    });
  }
  const { keyPem, csrPem } = await options.key();
  const { host, port } = parseAddress(cluster.controller, defaultControllerPort);
  // The CA first: nothing secret is said to a server that presents another one.
  const caPem = await fetchCaByFingerprint({ host, port, fingerprint: token.caFingerprint, timeoutMs });
  const request: EnrollRequest = {
    secret: token.secret,
    clusterId: token.clusterId,
    node: node.name,
    site: node.site,
    csrPem,
    agentVersion: version,
  };
  const answer = await callEnroll(cluster.controller, caPem, request, timeoutMs);
  return { identity: identityOf(answer, keyPem, Date.now()), lease: answer.lease };
}

async function callEnroll(
  controller: string,
  caPem: string,
  request: EnrollRequest,
  timeoutMs: number,
): Promise<Identity__Output> {
  const client = enrollmentClient(controller, caPem);
  try {
    return await new Promise<Identity__Output>((resolve, reject) => {
      client.enroll(request, { deadline: Date.now() + timeoutMs }, (error, answer) => {
        if (error !== null) reject(fromServiceError(error));
        else if (answer === undefined) reject(new ShoalError('internal', 'the controller gave no identity'));
        else resolve(answer);
      });
    });
  } finally {
    client.close();
  }
}
