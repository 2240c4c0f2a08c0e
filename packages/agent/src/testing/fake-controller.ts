import type { handleBidiStreamingCall, handleUnaryCall, ServerDuplexStream } from '@grpc/grpc-js';
import { Metadata, Server, ServerCredentials, status } from '@grpc/grpc-js';
import {
  type AgentMessage__Output,
  type BatchAck,
  CertificateAuthority,
  type ControllerMessage,
  createSigningKey,
  type EnrollRequest__Output,
  encodeJoinToken,
  type Identity,
  type Lease,
  type LogBatch__Output,
  type Manifest,
  manifestHash,
  ShoalError,
  type StatBatch__Output,
  services,
  signDocument,
  toServiceError,
} from '@shoal/common';

type ControlCall = ServerDuplexStream<AgentMessage__Output, ControllerMessage>;
type Bulk<B> = handleBidiStreamingCall<B, BatchAck>;

/** How a fake controller behaves. */
export interface FakeOptions {
  /** host of the gRPC door; port 0 takes a free one. */
  readonly host: string;
  readonly gossipSeeds?: readonly string[];
  /** Of the identity that it gives. Default: none. */
  readonly gossipKeys?: readonly Buffer[];
  /** Life of node certificates, days. Default 1. */
  readonly certificateDays?: number;
}

/** A controller for the agent's tests: real CA, real gRPC, everything else is what the test says. It keeps its state while it is down. */
export class FakeController {
  readonly clusterId: string = 'c-test';
  readonly secret: string = 'secret-of-the-token';
  readonly signing: ReturnType<typeof createSigningKey> = createSigningKey();
  readonly ca: CertificateAuthority;
  readonly enrolled: EnrollRequest__Output[] = [];
  /** What the agents said on their control streams, all streams. */
  readonly messages: AgentMessage__Output[] = [];
  /** Records that are held, by sequence number; what came twice is dropped. */
  readonly lines: Map<number, string> = new Map();
  readonly lineFields: Map<number, Record<string, string>> = new Map();
  readonly samples: StatBatch__Output['samples'] = [];
  renewals = 0;
  streams = 0;
  /** What Enroll answers instead of an identity. */
  refuse: ShoalError | undefined;
  /** Control streams are refused with this retry-after, milliseconds. */
  retryAfterMs: number | undefined;
  /** What the lease of an identity has that is not usual. */
  firstLease: Partial<Lease> = {};
  /** Sent with each welcome, fresh. Default: none. */
  welcomeLease: Partial<Lease> | undefined;
  /** Nobody is welcome: all are told that they were removed. */
  removes = false;
  /** Sent in answer to each hello, after the welcome. */
  offer: ControllerMessage['offer'] | undefined;
  readonly #options: FakeOptions;
  #port = 0;
  #server: Server | undefined;
  #control: ControlCall | undefined;
  #sequence = 0;

  private constructor(options: FakeOptions, ca: CertificateAuthority) {
    this.#options = options;
    this.ca = ca;
  }

  static async start(options: FakeOptions): Promise<FakeController> {
    const fake = new FakeController(
      options,
      await CertificateAuthority.create({ clusterName: 'test', now: Date.now() }),
    );
    await fake.up();
    return fake;
  }

  get address(): string {
    return `${this.#options.host}:${this.#port}`;
  }

  get token(): string {
    const { clusterId, secret, ca } = this;
    return encodeJoinToken({ clusterId, caFingerprint: ca.fingerprint, id: 't1', secret });
  }

  /** True while an agent is linked. */
  get linked(): boolean {
    return this.#control !== undefined;
  }

  /** Starts, on the port that it had before. */
  async up(): Promise<void> {
    const { certificatePem, keyPem } = await this.ca.issueServer({ hosts: [this.#options.host], days: 1 });
    const server = new Server({ 'grpc.max_receive_message_length': 16 * 1024 * 1024 });
    server.addService(services().Enrollment.service, {
      Enroll: ((call, done) =>
        void this.#enroll(call.request).then(
          (answer) => done(null, answer),
          (error: unknown) => done(toServiceError(error)),
        )) as handleUnaryCall<EnrollRequest__Output, Identity>,
      Renew: ((call, done) => {
        this.renewals += 1;
        void this.#identity(call.request.csrPem, 'node-1').then((answer) => done(null, answer));
      }) as handleUnaryCall<{ csrPem: string }, Identity>,
    });
    server.addService(services().Link.service, {
      Control: (call: ControlCall) => this.#controlled(call),
      ShipLogs: this.#shipLogs,
      ShipStats: this.#shipStats,
    });
    const pair = { cert_chain: Buffer.from(certificatePem), private_key: Buffer.from(keyPem) };
    const tls = ServerCredentials.createSsl(Buffer.from(this.ca.certificatePem), [pair], false);
    this.#port = await new Promise<number>((resolve, reject) => {
      server.bindAsync(this.address, tls, (error, port) => (error === null ? resolve(port) : reject(error)));
    });
    this.#server = server;
  }

  /** Is gone at once, as after kill -9. */
  down(): void {
    this.#server?.forceShutdown();
    this.#server = undefined;
    this.#control = undefined;
  }

  /** Says something on the control stream. */
  send(message: ControllerMessage, sequence?: number): void {
    this.#sequence += 1;
    this.#control?.write({ ...message, sequence: sequence ?? this.#sequence });
  }

  /** An offer of a manifest, signed. */
  offerOf(
    manifest: Manifest,
    key: string = this.signing.privateKeyPem,
  ): NonNullable<ControllerMessage['offer']> {
    return {
      manifest: signDocument(manifest, key),
      hash: manifestHash(manifest),
      revision: manifest.revision,
      retryFailed: false,
    };
  }

  lease(part: Partial<Lease> = {}): { payload: Buffer; signature: Buffer } {
    const now = Date.now();
    const lease: Lease = {
      format: 2,
      clusterId: this.clusterId,
      node: 'node-1',
      serial: now,
      tier: 'premium',
      limits: { rps: 100 },
      features: [],
      licenseId: 'license-1',
      licenseExpiresAt: now + 30 * 86_400_000,
      issuedAt: now,
      expiresAt: now + 3600_000,
      graceMs: 0,
      ...part,
    };
    return signDocument(lease, this.signing.privateKeyPem);
  }

  async #enroll(request: EnrollRequest__Output): Promise<Identity> {
    this.enrolled.push(request);
    if (this.refuse !== undefined) throw this.refuse;
    if (request.secret !== this.secret) throw new ShoalError('unauthenticated', 'the join token is unknown');
    return await this.#identity(request.csrPem, request.node);
  }

  async #identity(csrPem: string, node: string): Promise<Identity> {
    const { clusterId } = this;
    const days = this.#options.certificateDays ?? 1;
    const { certificatePem } = await this.ca.issueNode({ csrPem, clusterId, node, days });
    return {
      clusterId,
      clusterName: 'test',
      node,
      certificatePem,
      caPem: this.ca.certificatePem,
      manifestPublicKeyPem: this.signing.publicKeyPem,
      gossipKeys: [...(this.#options.gossipKeys ?? [])],
      gossipSeeds: [...(this.#options.gossipSeeds ?? [])],
      lease: this.lease({ node, ...this.firstLease }),
    };
  }

  #controlled(call: ControlCall): void {
    this.streams += 1;
    if (this.retryAfterMs !== undefined) {
      const metadata = new Metadata();
      metadata.set('retry-after-ms', String(this.retryAfterMs));
      call.emit('error', { code: status.RESOURCE_EXHAUSTED, details: 'too many links', metadata });
      return;
    }
    this.#control = call;
    this.#sequence = 0;
    call.on('data', (message: AgentMessage__Output) => {
      this.messages.push(message);
      if (message.hello !== null) this.#welcome();
    });
    const over = () => {
      if (this.#control === call) this.#control = undefined;
    };
    call.on('end', () => {
      over();
      call.end();
    });
    call.on('cancelled', over);
    call.on('error', over);
  }

  #welcome(): void {
    if (this.removes) {
      this.send({ removed: true });
      return;
    }
    this.send({
      welcome: {
        clusterId: this.clusterId,
        controllerVersion: '0.1.0',
        gossipSeeds: [...(this.#options.gossipSeeds ?? [])],
        reportIntervalS: 10,
      },
      ...(this.welcomeLease === undefined ? {} : { lease: this.lease(this.welcomeLease) }),
      ...(this.offer === undefined ? {} : { offer: this.offer }),
    });
  }

  readonly #shipLogs: Bulk<LogBatch__Output> = (call) => {
    call.on('data', (batch: LogBatch__Output) => {
      for (const record of batch.records) {
        this.lines.set(record.sequence, record.line);
        this.lineFields.set(record.sequence, record.fields);
      }
      call.write({ spoolId: batch.spoolId, sequence: batch.records.at(-1)?.sequence ?? 0 });
    });
    call.on('end', () => call.end());
    call.on('error', () => undefined);
  };

  readonly #shipStats: Bulk<StatBatch__Output> = (call) => {
    call.on('data', (batch: StatBatch__Output) => {
      this.samples.push(...batch.samples);
      call.write({ spoolId: batch.spoolId, sequence: batch.samples.at(-1)?.sequence ?? 0 });
    });
    call.on('end', () => call.end());
    call.on('error', () => undefined);
  };
}
