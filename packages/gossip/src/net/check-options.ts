import {
  type Address,
  canonicalHost,
  encodeUtf8,
  type GossipConfig,
  labelHeader,
  MAX_LABEL_BYTES,
  resolveConfig,
} from '../core/index.js';
import { GossipError, messageOf } from './gossip-error.js';
import { type NetworkFilter, networkFilter } from './networks.js';
import { type GossipOptions, metaOf } from './options.js';

/** Options in the form that the parts of a member need. */
export interface CheckedOptions {
  config: GossipConfig;
  /** Its host in canonical form, if it is numeric. */
  bind: Address;
  meta: Uint8Array;
  label: Uint8Array;
  allowed: NetworkFilter;
}

/** Smallest datagrams that work without a label. */
const LEAST_UDP_BYTES = 1024;

/** Longest name in bytes, as Serf has it. */
const MAX_NAME_BYTES = 128;

const CALLBACKS = ['resolve', 'localState', 'acceptAlive', 'acceptMerge', 'ackPayload'] as const;

const KNOWN: ReadonlySet<string> = new Set<keyof GossipOptions>([
  'name',
  'bind',
  'advertise',
  'tags',
  'keys',
  'plaintext',
  'label',
  'profile',
  'overrides',
  'incarnation',
  'allowedNetworks',
  'logger',
  ...CALLBACKS,
]);

/** Checks what can be checked before anything is opened. Throws GossipError INVALID_OPTION or TAGS_TOO_LARGE, naming the field. */
export function checkOptions(options: GossipOptions): CheckedOptions {
  const unknown = Object.keys(options).find((field) => !KNOWN.has(field));
  if (unknown !== undefined) throw invalid(`${unknown} is no option`);
  const { bind } = options;
  checkText('name', options.name, 1, MAX_NAME_BYTES);
  checkText('label', options.label ?? '', 0, MAX_LABEL_BYTES);
  checkPlaces(options);
  checkChoices(options);
  try {
    const config = resolveConfig(options.profile ?? 'lan', options.overrides);
    const label = encodeUtf8(options.label ?? '');
    checkRoom(config, label);
    return {
      config,
      bind: { host: canonicalHost(bind.host) ?? bind.host, port: bind.port },
      meta: metaOf(options.tags === undefined ? {} : options.tags),
      label,
      allowed: options.allowedNetworks ? networkFilter(options.allowedNetworks) : () => true,
    };
  } catch (error) {
    throw error instanceof RangeError ? invalid(messageOf(error)) : error;
  }
}

/** One update about a node with the longest name and full tags must fit a datagram beside the label. */
function checkRoom({ udpBytes }: GossipConfig, label: Uint8Array): void {
  const least = LEAST_UDP_BYTES + labelHeader(label).length;
  if (udpBytes >= least) return;
  throw invalid(`udpBytes is ${udpBytes}, expected at least ${least} with a label of ${label.length} bytes`);
}

function checkText(field: string, value: unknown, least: number, most: number): void {
  if (typeof value !== 'string') throw invalid(`${field} is ${typeof value}, expected a string`);
  const { length } = encodeUtf8(value);
  if (length >= least && length <= most) return;
  throw invalid(`${field} has ${length} bytes, expected ${least > 0 ? `${least} to` : 'at most'} ${most}`);
}

function checkPlaces({ bind, advertise }: GossipOptions): void {
  if (typeof bind?.host !== 'string') throw invalid('bind.host is missing, expected a numeric address');
  checkPort('bind.port', bind.port);
  if (advertise?.port !== undefined) checkPort('advertise.port', advertise.port);
}

function checkPort(field: string, port: unknown): void {
  if (typeof port === 'number' && Number.isInteger(port) && port >= 0 && port <= 65_535) return;
  throw invalid(`${field} is ${port}, expected 0 to 65535`);
}

function checkChoices(options: GossipOptions): void {
  const { profile = 'lan', plaintext = 'refuse', incarnation = 0 } = options;
  checkChoice('profile', profile, ['lan', 'wan', 'local']);
  checkPlaintext(plaintext);
  if (!(Number.isInteger(incarnation) && incarnation >= 0 && incarnation <= 0xffff_ffff)) {
    throw invalid(`incarnation is ${incarnation}, expected 0 to 4294967295`);
  }
  for (const field of CALLBACKS) {
    const value: unknown = options[field];
    if (value !== undefined && typeof value !== 'function') {
      throw invalid(`${field} is ${typeof value}, expected a function`);
    }
  }
}

/** Throws GossipError INVALID_OPTION unless it is a policy. */
export function checkPlaintext(policy: string): void {
  checkChoice('plaintext', policy, ['refuse', 'accept', 'send']);
}

function checkChoice(field: string, value: string, choices: readonly string[]): void {
  if (!choices.includes(value)) throw invalid(`${field} is '${value}', expected ${choices.join(', ')}`);
}

function invalid(message: string): GossipError {
  return new GossipError('INVALID_OPTION', message);
}
