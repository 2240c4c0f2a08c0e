import {
  type Address,
  canonicalHost,
  encodeUtf8,
  type GossipConfig,
  kindOf,
  labelHeader,
  MAX_LABEL_BYTES,
  printable,
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

const LEVELS = ['debug', 'info', 'warn', 'error'] as const;

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
  checkObject('options', options, "like { name: 'node-1', bind: { host: '10.0.0.1', port: 9896 } }");
  const unknown = Object.keys(options).find((field) => !KNOWN.has(field));
  if (unknown !== undefined) throw invalid(`${unknown} is no option`, `options are ${[...KNOWN].join(', ')}`);
  const { bind } = options;
  checkText('name', options.name, 1, MAX_NAME_BYTES);
  checkPrintable('name', options.name);
  checkText('label', options.label ?? '', 0, MAX_LABEL_BYTES);
  checkPlaces(options);
  checkChoices(options);
  checkFunctions(options);
  checkList('keys', options.keys, 'Uint8Arrays', 'keys: [key]');
  checkList('allowedNetworks', options.allowedNetworks, 'networks', "allowedNetworks: ['10.0.0.0/8']");
  if (options.overrides !== undefined) {
    checkObject('overrides', options.overrides, 'like { probeIntervalMs: 1000 }');
  }
  try {
    const config = resolveConfig(options.profile ?? 'lan', options.overrides);
    const label = encodeUtf8(options.label ?? '');
    checkRoom(config, label);
    return {
      config,
      bind: { host: canonicalHost(bind.host) ?? bind.host, port: bind.port },
      meta: metaOf(options.tags === undefined ? {} : options.tags),
      label,
      allowed: options.allowedNetworks !== undefined ? networkFilter(options.allowedNetworks) : () => true,
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
  if (typeof value !== 'string') throw invalid(`${field} is ${kindOf(value)}, expected a string`);
  const { length } = encodeUtf8(value);
  if (length >= least && length <= most) return;
  throw invalid(`${field} has ${length} bytes, expected ${least > 0 ? `${least} to` : 'at most'} ${most}`);
}

/** Names go into logs, onto terminals and into lists one a line. */
function checkPrintable(field: string, text: string): void {
  if (printable(text) === text) return;
  throw invalid(`${field} is '${printable(text)}', expected no control or format characters`);
}

function checkPlaces({ bind, advertise }: GossipOptions): void {
  checkObject('bind', bind, "like { host: '10.0.0.1', port: 9896 }");
  if (typeof bind.host !== 'string') {
    throw invalid(
      `bind.host is ${kindOf(bind.host)}, expected a numeric address`,
      "'0.0.0.0' takes all of IPv4",
    );
  }
  checkPort('bind.port', bind.port);
  if (advertise === undefined) return;
  checkObject('advertise', advertise, "like { host: '203.0.113.7', port: 9896 }");
  const { host, port } = advertise;
  if (host !== undefined && typeof host !== 'string') {
    throw invalid(`advertise.host is ${kindOf(host)}, expected an address or a host name`);
  }
  if (port !== undefined) checkPort('advertise.port', port);
}

function checkPort(field: string, port: unknown): void {
  if (typeof port === 'number' && Number.isInteger(port) && port >= 0 && port <= 65_535) return;
  if (typeof port === 'number') throw invalid(`${field} is ${port}, expected 0 to 65535`);
  const hint = typeof port === 'string' ? 'Number(port)' : 'port 0 takes a free one';
  throw invalid(`${field} is ${kindOf(port)}, expected a number from 0 to 65535`, hint);
}

function checkChoices({ profile = 'lan', plaintext = 'refuse', incarnation = 0 }: GossipOptions): void {
  checkChoice('profile', profile, ['lan', 'wan', 'local']);
  checkPlaintext(plaintext);
  if (Number.isInteger(incarnation) && incarnation >= 0 && incarnation <= 0xffff_ffff) return;
  const found = typeof incarnation === 'number' ? incarnation : kindOf(incarnation);
  throw invalid(`incarnation is ${found}, expected 0 to 4294967295`);
}

function checkFunctions(options: GossipOptions): void {
  for (const field of CALLBACKS) {
    if (options[field] !== undefined) checkFunction(field, options[field]);
  }
  if (options.logger === undefined) return;
  const hint = 'a pino logger fits, and so does console';
  checkObject('logger', options.logger, hint);
  for (const level of LEVELS) checkFunction(`logger.${level}`, options.logger[level], hint);
}

function checkFunction(field: string, value: unknown, hint?: string): void {
  if (typeof value === 'function') return;
  throw invalid(`${field} is ${kindOf(value)}, expected a function`, hint);
}

function checkObject(field: string, value: unknown, hint: string): void {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return;
  throw invalid(`${field} is ${kindOf(value)}, expected an object`, hint);
}

function checkList(field: string, value: unknown, of: string, hint: string): void {
  if (value === undefined || Array.isArray(value)) return;
  throw invalid(`${field} is ${kindOf(value)}, expected a list of ${of}`, hint);
}

/** Throws GossipError INVALID_OPTION unless it is a policy. */
export function checkPlaintext(policy: string): void {
  checkChoice('plaintext', policy, ['refuse', 'accept', 'send']);
}

function checkChoice(field: string, value: unknown, choices: readonly string[]): void {
  const found = typeof value === 'string' ? `'${printable(value)}'` : kindOf(value);
  if (!choices.some((choice) => choice === value)) {
    throw invalid(`${field} is ${found}, expected ${choices.join(', ')}`);
  }
}

function invalid(message: string, hint?: string): GossipError {
  return new GossipError('INVALID_OPTION', message, hint);
}
