import type { Duration } from '../spec/spec.js';

/** What every step has. Texts marked "template" are Liquid, rendered on the agent (docs/blueprints.md lists the variables). */
interface StepBase {
  /** Unique in its service: letters, digits, `-`. */
  readonly id: string;
  /** Liquid condition, e.g. `supervisor == 'systemd'`; the step is skipped where it doesn't hold. */
  readonly when?: string;
  /** How long each of checking, applying and undoing it may take; then it fails. Default: `defaultStepTimeout`. */
  readonly timeout?: Duration;
}

/** Permissions of what a step makes. */
interface Permissions {
  /** Octal, e.g. `"0755"`. */
  readonly mode?: string;
  /** User and group by name; default: the agent's own. */
  readonly owner?: string;
  readonly group?: string;
}

/** What a change asks of the service's process. */
type Notify = 'reload' | 'restart';

/** A directory exists with these permissions. Undo removes it when this step made it and it is empty. */
export interface DirectoryStep extends StepBase, Permissions {
  readonly type: 'directory';
  /** Template; absolute. */
  readonly path: string;
}

/** A file holds this text. It is written beside its place, validated there, then renamed over it. Undo restores what was there. */
export interface FileStep extends StepBase, Permissions {
  readonly type: 'file';
  /** Template; absolute. */
  readonly path: string;
  /** Literal text (a template too). Exactly one of `content` and `template`. */
  readonly content?: string;
  /** In a blueprint: file name below its `templates/`. In a manifest: that file's name and text. */
  readonly template?: string | TemplateSource;
  /** Command (each word a template; `{{ staged }}` is the file's staged path) that must exit 0 before anything of the service is touched. */
  readonly validate?: readonly string[];
  /** Default: nothing. */
  readonly notify?: Notify;
}

/** A symbolic link leads to `target`. A file or link in its place is replaced. Undo restores what was there. */
export interface LinkStep extends StepBase {
  readonly type: 'link';
  /** Template; absolute. */
  readonly path: string;
  /** Template; absolute, or relative to the link's directory. It needn't exist. */
  readonly target: string;
  readonly notify?: Notify;
}

/** A group exists. Undo removes it when this step made it. */
export interface GroupStep extends StepBase {
  readonly type: 'group';
  readonly name: string;
  /** A group that has another id already is an error. Default: the next free one. */
  readonly gid?: number;
  /** The id is taken from those of system groups. Default false. */
  readonly system?: boolean;
}

/** A user exists, with no password. Undo removes it when this step made it, and puts back what it changed of one that was there. */
export interface UserStep extends StepBase {
  readonly type: 'user';
  readonly name: string;
  /** A user who has another id already is an error. Default: the next free one. */
  readonly uid?: number;
  /** Name of the primary group. Default: a group with the user's name. */
  readonly group?: string;
  /** Names of groups that the user is a member of, among others. */
  readonly groups?: readonly string[];
  /** Template; absolute. The directory itself isn't made. Default: the system's. */
  readonly home?: string;
  /** Absolute. Default for a new user: `/usr/sbin/nologin`. */
  readonly shell?: string;
  /** The id is taken from those of system users. Default false. */
  readonly system?: boolean;
}

/** A Debian package is installed (apt). Undo removes it when this step installed it. */
export interface PackageStep extends StepBase {
  readonly type: 'package';
  readonly name: string;
  /** Template; exact version. Default, or when it comes out empty: any installed one, else the newest. */
  readonly version?: string;
  /** `apt` (default) is the one that works; the others are known by name and refused. */
  readonly manager?: 'apt' | 'yum' | 'dnf';
}

/** A file from the network holds the content with this checksum. Undo restores what was there. */
export interface DownloadStep extends StepBase, Permissions {
  readonly type: 'download';
  /** Template; http or https. */
  readonly url: string;
  /** Template; SHA-256 of the file in hex. */
  readonly sha256: string;
  /** Template; absolute. */
  readonly path: string;
  /** Longest file that is taken. Default `defaultDownloadBytes`. */
  readonly maxBytes?: number;
  readonly notify?: Notify;
}

/** A directory holds what an archive on the host holds, and nothing else. Undo restores the directory that was there. */
export interface ArchiveStep extends StepBase {
  readonly type: 'archive';
  /** Template; absolute path of a `.tar`, `.tar.gz`, `.tgz` or `.zip`. */
  readonly source: string;
  /** Template; absolute. The directory belongs to this step: one that it didn't make has to be empty. */
  readonly path: string;
  /** How many leading directories are taken off the names in a tar archive. Default 0. */
  readonly strip?: number;
  /** Template; a path below `path` that has to be there afterwards. */
  readonly creates?: string;
  readonly owner?: string;
  readonly group?: string;
  /** Most bytes that the files may have together. Default `defaultArchiveBytes`. */
  readonly maxBytes?: number;
  /** Most files, directories and links. Default `defaultArchiveEntries`. */
  readonly maxEntries?: number;
  readonly notify?: Notify;
}

/** One line of `/etc/hosts` gives an address these names. Other lines are left as they are. Undo restores the line that was there. */
export interface HostsStep extends StepBase {
  readonly type: 'hosts';
  /** Template; an IPv4 or IPv6 address. */
  readonly address: string;
  /** Each a template. */
  readonly names: readonly string[];
}

/** Something answers: exactly one of `port`, `url` and `command`. It is asked each `interval`, until `timeout`. Nothing to undo. */
export interface WaitStep extends StepBase {
  readonly type: 'wait';
  /** Template `port` or `host:port`: a TCP connection is accepted. Default host 127.0.0.1. */
  readonly port?: number | string;
  /** Template: GET answers 2xx or 3xx. */
  readonly url?: string;
  /** Each word a template: exits with 0. */
  readonly command?: readonly string[];
  /** Default `1s`. */
  readonly interval?: Duration;
}

/** A drop-in of a systemd unit, `/etc/systemd/system/UNIT.d/NAME.conf`, holds this text, and systemd knows. Undo restores what was there. */
export interface DropinStep extends StepBase {
  readonly type: 'dropin';
  /** Template, e.g. `nginx.service`. */
  readonly unit: string;
  /** Without `.conf`. */
  readonly name: string;
  /** Exactly one of `content` and `template`, as of a file. */
  readonly content?: string;
  readonly template?: string | TemplateSource;
  /** Default `restart`. */
  readonly notify?: Notify | 'nothing';
}

/** A systemd unit is enabled or not, started or not. Undo restores both. */
export interface UnitStep extends StepBase {
  readonly type: 'unit';
  /** Template, e.g. `nginx.service`. */
  readonly unit: string;
  readonly enabled?: boolean;
  readonly state?: 'started' | 'stopped';
}

/** A command runs unless `check` exits 0. */
export interface ExecStep extends StepBase {
  readonly type: 'exec';
  /** Each word a template; no shell. */
  readonly command: readonly string[];
  /** Exit 0: it holds already, don't run. Run again afterwards as verification. Without it the command runs at each convergence of a new manifest. */
  readonly check?: readonly string[];
  readonly undo?: readonly string[];
  readonly directory?: string;
  readonly environment?: Readonly<Record<string, string>>;
}

/** The service's process runs with the files that are on disk: started, reloaded or restarted as those that changed ask for. Last step of a service. */
export interface ServiceStep extends StepBase {
  readonly type: 'service';
  /** Command that must exit 0 before a start, reload or restart. */
  readonly validate?: readonly string[];
}

export type Step =
  | ArchiveStep
  | DirectoryStep
  | DownloadStep
  | DropinStep
  | ExecStep
  | FileStep
  | GroupStep
  | HostsStep
  | LinkStep
  | PackageStep
  | ServiceStep
  | UnitStep
  | UserStep
  | WaitStep;
export type StepType = Step['type'];

/** Name and text of a Liquid template. */
export interface TemplateSource {
  readonly name: string;
  readonly text: string;
}

/** Longest file that a download step takes, in bytes: 1 GiB. */
export const defaultDownloadBytes: number = 1024 ** 3;
/** Most bytes that an archive step unpacks: 2 GiB. */
export const defaultArchiveBytes: number = 2 * 1024 ** 3;
/** Most entries that an archive step unpacks. */
export const defaultArchiveEntries: number = 100_000;

/** How long a step without `timeout` may take; null: as long as starting and stopping the process may. */
export const defaultStepTimeout: Readonly<Record<StepType, Duration | null>> = {
  archive: '5m',
  directory: '1m',
  download: '10m',
  dropin: '1m',
  exec: '1m',
  file: '1m',
  group: '1m',
  hosts: '1m',
  link: '1m',
  package: '15m',
  service: null,
  unit: '2m',
  user: '1m',
  wait: '1m',
};

/** Why packages of another manager than apt aren't installed. */
export function unsupportedManager(manager: string | undefined): string {
  return `packages of ${manager} aren't supported yet: apt is the one manager that is`;
}
