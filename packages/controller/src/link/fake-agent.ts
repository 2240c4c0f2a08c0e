import { once } from 'node:events';
import { type ClientDuplexStream, credentials } from '@grpc/grpc-js';
import {
  type AgentMessage,
  applyDelta,
  type BatchAck__Output,
  type ControllerMessage__Output,
  createKeyAndCsr,
  fetchCaByFingerprint,
  fromServiceError,
  type Identity__Output,
  type Manifest,
  type ManifestDelta__Output,
  type ManifestHead,
  manifestContent,
  manifestHash,
  manifestOfHead,
  type NodeReport,
  type Offer__Output,
  parseAddress,
  parseJoinToken,
  type SignedDocument__Output,
  services,
  verifyDocument,
} from '@shoal/common';

type Grpc = ReturnType<typeof services>;
/** What a fake agent does with an offer. */
export type Behavior = 'converge' | 'fail' | 'hold';

/** The identity of a fake agent, to be kept over restarts of either side. */
export interface FakeIdentity extends Pick<Identity__Output, 'certificatePem' | 'caPem' | 'node'> {
  readonly keyPem: string;
  readonly manifestPublicKeyPem: string;
}

/** Enrolls as an agent does: compares the CA, then sends secret and signing request. */
export async function enroll(
  address: string,
  token: string,
  node: string,
  site = 'default',
): Promise<FakeIdentity> {
  const { caFingerprint, clusterId, secret } = parseJoinToken(token);
  const { host, port } = parseAddress(address);
  const caPem = await fetchCaByFingerprint({ host, port, fingerprint: caFingerprint, timeoutMs: 5000 });
  const { keyPem, csrPem } = await createKeyAndCsr();
  const client = new (services().Enrollment)(address, credentials.createSsl(Buffer.from(caPem)));
  try {
    const identity = await new Promise<Identity__Output>((resolve, reject) => {
      const request = { secret, clusterId, node, site, csrPem, agentVersion: '0.0.1' };
      client.Enroll(request, (error, answer) =>
        answer === undefined ? reject(fromServiceError(error)) : resolve(answer),
      );
    });
    return { ...identity, keyPem };
  } finally {
    client.close();
  }
}

const idle: NodeReport = { full: true, state: 'IDLE', services: [], runningHash: '', runningRevision: 0 };

/** A node for tests: speaks the link's protocol, converges in no time, or fails, or never answers. */
export class FakeAgent {
  readonly identity: FakeIdentity;
  behavior: Behavior = 'converge';
  report: NodeReport = idle;
  /** Whether it says that it takes deltas, as it connects; `refused`: it does, and asks for the whole one each time. */
  deltas: 'none' | 'taken' | 'refused' = 'none';
  /** Serial of the last lease that it says it has, as it connects. */
  leaseSerial = 0;
  readonly offers: Manifest[] = [];
  readonly received: ControllerMessage__Output[] = [];
  readonly #link: InstanceType<Grpc['Link']>;
  #stream: ClientDuplexStream<AgentMessage, ControllerMessage__Output> | undefined;
  #sequence = 0;
  /** Number of the last offer. */
  #attempt = 0;
  #ended: Promise<Error | undefined> = Promise.resolve(undefined);

  constructor(address: string, identity: FakeIdentity) {
    this.identity = identity;
    const [ca, key, certificate] = [identity.caPem, identity.keyPem, identity.certificatePem].map((pem) =>
      Buffer.from(pem),
    );
    this.#link = new (services().Link)(address, credentials.createSsl(ca, key, certificate));
  }

  /** Opens the control stream; resolves with the welcome. */
  async connect(site = 'default'): Promise<ControllerMessage__Output> {
    const stream = this.#link.Control();
    this.#stream = stream;
    this.#sequence = 0;
    this.#ended = new Promise((resolve) => {
      stream.once('error', resolve);
      stream.once('end', () => resolve(undefined));
    });
    stream.on('error', () => undefined);
    stream.on('data', (message: ControllerMessage__Output) => this.#take(message));
    const first = once(stream, 'data') as Promise<[ControllerMessage__Output]>;
    const hello = {
      agentVersion: '0.0.1',
      instanceId: 'x',
      facts: { kernel: 'test' },
      site,
      gossipAddress: '127.20.9.9:9896',
      manifestDeltas: this.deltas !== 'none',
      leaseSerial: this.leaseSerial,
    };
    this.send({ hello, report: this.report });
    return (await first)[0];
  }

  send(message: AgentMessage, sequence: number = this.#sequence + 1): void {
    this.#sequence = sequence;
    this.#stream?.write({ ...message, sequence });
  }

  /** Sends a full report with these parts changed. */
  tell(part: NodeReport): void {
    this.report = { ...this.report, ...part };
    this.send({ report: this.report });
  }

  #take(message: ControllerMessage__Output): void {
    this.received.push(message);
    if (message.reportFullState) this.send({ report: this.report });
    if (message.members !== null) {
      const member = {
        name: 'm',
        address: '127.20.0.9',
        port: 1,
        state: 'alive',
        tags: {},
        incarnation: 1,
        since: 2,
      };
      this.send({ membersResult: { id: message.members.id, membersJson: JSON.stringify([member]) } });
    }
    if (message.check !== null) {
      const differences = [{ service: 'web', step: 'conf', difference: '+new' }];
      this.send({ checkResult: { id: message.check.id, differences } });
    }
    if (message.offer !== null) this.#offered(message.offer);
  }

  #offered({ manifest, delta, hash, revision, attempt }: Offer__Output): void {
    if (delta !== null && this.deltas === 'refused') {
      this.send({ fullOffer: { revision, hash, reason: 'test' } });
      return;
    }
    const offered = delta === null ? this.#whole(manifest) : this.#rebuilt(delta);
    if (offered === undefined) return;
    this.#attempt = attempt;
    this.offers.push(offered);
    const event = {
      revision,
      hash,
      service: 'web',
      step: 'conf',
      kind: 'started',
      text: 'checking',
      atMs: Date.now(),
    };
    this.send({ stepEvents: [event] });
    if (this.behavior === 'hold') this.tell({ state: 'CONVERGING', convergingHash: hash });
    if (this.behavior === 'fail') {
      const failure = {
        service: 'web',
        step: 'conf',
        message: 'nginx -t failed',
        output: 'nginx: [emerg]',
        undone: true,
      };
      this.tell({
        state: 'FAILED',
        failedHash: hash,
        failedRevision: revision,
        failedAttempt: attempt,
        attempt,
        failure,
        convergingHash: '',
      });
    }
    if (this.behavior === 'converge') this.finish(hash, revision);
  }

  #rebuilt({ base, parts, size, head }: ManifestDelta__Output): Manifest | undefined {
    const held = this.offers.find((manifest) => manifestHash(manifest) === base);
    if (held === undefined || head === null) return undefined;
    const verified = verifyDocument<ManifestHead>(head, this.identity.manifestPublicKeyPem, 'manifest');
    return manifestOfHead(verified, applyDelta(Buffer.from(manifestContent(held)), parts, size));
  }

  #whole(signed: SignedDocument__Output | null): Manifest | undefined {
    if (signed === null) return undefined;
    return verifyDocument<Manifest>(signed, this.identity.manifestPublicKeyPem, 'manifest');
  }

  /** Reports that a manifest is in force. */
  finish(hash: string, revision: number): void {
    this.tell({
      state: 'IDLE',
      runningHash: hash,
      runningRevision: revision,
      failedHash: '',
      failedRevision: 0,
      failure: null,
      convergingHash: '',
      attempt: this.#attempt,
    });
  }

  /** Ships one batch of log lines; resolves with the acknowledgment. */
  async shipLogs(spoolId: string, sequences: readonly number[]): Promise<BatchAck__Output> {
    const stream = this.#link.ShipLogs();
    const acked = once(stream, 'data') as Promise<[BatchAck__Output]>;
    const records = sequences.map((sequence) => ({
      sequence,
      atMs: 1000 + sequence,
      service: 'web',
      source: 'access',
      line: `line ${sequence}`,
    }));
    stream.write({ spoolId, records });
    const [ack] = await acked;
    stream.end();
    await once(stream, 'end');
    return ack;
  }

  /** Cuts the control stream. */
  disconnect(): void {
    this.#stream?.cancel();
  }

  /** How the control stream ended: by this error, or in peace. */
  ended(): Promise<Error | undefined> {
    return this.#ended;
  }

  close(): void {
    this.disconnect();
    this.#link.close();
  }
}
