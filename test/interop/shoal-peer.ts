/*
 * One node of our gossip as a child process, driven by the same lines of JSON as memberlist-peer (see its main.go), so
 * that it can be killed, put into a network namespace, and compared with the others.
 */
import { createInterface } from 'node:readline';
import { Gossip, type GossipConfig, type GossipLogger, type GossipOptions, type Member } from '@shoal/gossip';

interface StartOptions {
  readonly name: string;
  readonly host: string;
  readonly port: number;
  readonly profile: NonNullable<GossipOptions['profile']>;
  readonly tags: Record<string, string>;
  readonly keys: readonly string[];
  readonly label?: string;
  readonly userState?: string;
}

interface Request {
  readonly id: number;
  readonly do: string;
  readonly options: StartOptions & Partial<GossipConfig>;
  readonly addresses: string[];
  readonly tags: Record<string, string>;
  readonly to: string;
  readonly reliable: boolean;
  readonly body: string;
  readonly key: string;
}

/** Fields of the start that are options of ours; all others are overrides of the profile, or memberlist's. */
const OVERRIDES = [
  'pushPullIntervalMs',
  'gossipToTheDeadMs',
  'rejoinIntervalMs',
  'delegateVersions',
  'compress',
  'serf',
] as const satisfies readonly (keyof GossipConfig)[];

const write = (value: object): void => {
  process.stdout.write(`${JSON.stringify(value)}\n`);
};

const log =
  (level: string) =>
  (fields: object, message: string): void => {
    process.stderr.write(`[${level}] ${message} ${JSON.stringify(fields)}\n`);
  };

const logger: GossipLogger = { debug() {}, info() {}, warn: log('WARN'), error: log('ERR') };

const bytes = (text: string): Buffer => Buffer.from(text, 'base64');

async function start(options: Request['options']): Promise<Gossip> {
  const { name, host, port, profile, tags, label, keys, userState } = options;
  const overrides = Object.fromEntries(
    OVERRIDES.flatMap((field) => (options[field] === undefined ? [] : [[field, options[field]]])),
  );
  const gossip = await Gossip.start({
    name,
    bind: { host, port },
    profile,
    tags,
    overrides,
    keys: keys.map(bytes),
    logger,
    ...(label !== undefined && { label }),
    ...(userState !== undefined && { localState: () => bytes(userState) }),
  });
  gossip.on('message', ({ body }) => write({ event: 'user', body: Buffer.from(body).toString('base64') }));
  gossip.on('remoteState', ({ state }) =>
    write({ event: 'state', body: Buffer.from(state).toString('base64') }),
  );
  gossip.on('change', ({ type, member, from }) => {
    if (from !== name) return;
    if (type === 'suspect') write({ event: 'suspect', node: { name: member.name } });
    if (type === 'fail') write({ event: 'dead', node: { name: member.name } });
  });
  return gossip;
}

function written({ name, address, port, state, tags, incarnation }: Member): object {
  return { name, address: `${address}:${port}`, state, tags, incarnation };
}

function keysOf(gossip: Gossip): string[] {
  return gossip.keyring.list().map((key) => Buffer.from(key).toString('base64'));
}

let running: Gossip | undefined;

async function handle(request: Request): Promise<unknown> {
  if (request.do === 'start') {
    running = await start(request.options);
    return null;
  }
  const gossip = running;
  if (!gossip) throw new Error(`${request.do}: the node is not started`);
  switch (request.do) {
    case 'join':
      return (await gossip.join(request.addresses)).joined;
    case 'members':
      return gossip.members().map(written);
    case 'health':
      return gossip.stats();
    case 'setMeta':
      return gossip.setTags(request.tags);
    case 'broadcast':
      return gossip.broadcast(bytes(request.body));
    case 'send':
      return gossip.send(request.to, bytes(request.body), { reliable: request.reliable });
    case 'leave':
      return gossip.leave();
    case 'listKeys':
      return keysOf(gossip);
    case 'installKey':
      gossip.keyring.install(bytes(request.key));
      return keysOf(gossip);
    case 'useKey':
      gossip.keyring.use(bytes(request.key));
      return keysOf(gossip);
    case 'removeKey':
      gossip.keyring.remove(bytes(request.key));
      return keysOf(gossip);
    default:
      throw new Error(`request '${request.do}' is not known`);
  }
}

createInterface({ input: process.stdin })
  .on('line', (line) => {
    const request = JSON.parse(line) as Request;
    handle(request).then(
      (result) => write({ id: request.id, result }),
      (error: unknown) =>
        write({ id: request.id, error: error instanceof Error ? error.message : String(error) }),
    );
  })
  .on('close', () => process.exit(0));
