import { randomBytes } from 'node:crypto';
import { createReadStream, mkdirSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type CommandOptions, type CommandResult, run } from './command.js';
import type { Fabric } from './fabric.js';
import { bootMachine, consoleEnd, type Machine } from './machine.js';
import { diskMount, ownName, type RunRecord, runCgroup } from './run-record.js';
import { waitFor } from './wait-for.js';

/** What a host is made of. */
export interface HostOptions {
  name: string;
  /** Its place in the lab, from 0. */
  index: number;
  /** Read-only mounts: path on the host → directory on this machine. */
  binds: Readonly<Record<string, string>>;
}

/** A Debian host under its own systemd, with its own address and disk. The disk outlives a power cut. */
export class Host {
  readonly name: string;
  readonly address: string;
  readonly #record: RunRecord;
  readonly #fabric: Fabric;
  readonly #options: HostOptions;
  #machine: Machine | undefined;
  #isolated = false;

  constructor(record: RunRecord, fabric: Fabric, options: HostOptions) {
    this.name = options.name;
    this.address = fabric.hostAddress(options.index);
    this.#record = record;
    this.#fabric = fabric;
    this.#options = options;
  }

  /** Whether it has power. */
  get running(): boolean {
    return this.#machine !== undefined;
  }

  /** Makes the disk (a layer of its own above the base) and plugs in the network; `etcHosts` becomes /etc/hosts. */
  async create(base: string, etcHosts: string): Promise<void> {
    const disk = join(this.#record.workDir, this.name);
    const [upper, work, root] = [join(disk, 'upper'), join(disk, 'work'), diskMount(this.#record, this.name)];
    for (const directory of [upper, work, root]) mkdirSync(directory, { recursive: true });
    const layers = `lowerdir=${base},upperdir=${upper},workdir=${work}`;
    await run(['mount', '-t', 'overlay', 'overlay', '-o', layers, root]);
    writeFileSync(join(root, 'etc/hosts'), etcHosts);
    writeFileSync(join(root, 'etc/hostname'), `${this.name}\n`);
    writeFileSync(join(root, 'etc/machine-id'), `${randomBytes(16).toString('hex')}\n`);
    await this.#fabric.attach(ownName(this.#record, this.name), this.#options.index);
  }

  /**
   * Switches it on and waits until systemd has finished starting (`running`, or `degraded`: a unit failed).
   * @throws Error when it is on already, or isn't up after 60 s.
   */
  async boot(): Promise<void> {
    if (this.#machine !== undefined) throw new Error(`${this.name} is running already`);
    await this.#fabric.setPort(this.#options.index, !this.#isolated);
    const machine = ownName(this.#record, this.name);
    const console = join(this.#record.workDir, this.name, 'console');
    this.#machine = await bootMachine({
      machine,
      hostname: this.name,
      root: diskMount(this.#record, this.name),
      namespace: machine,
      cgroup: `${runCgroup(this.#record)}/${this.name}`,
      console,
      binds: this.#options.binds,
    });
    await waitFor(async () => /^(running|degraded)$/.test(await this.state()), {
      what: `${this.name} to finish booting`,
      timeoutMs: 60_000,
      intervalMs: 100,
    }).catch((error: Error) => {
      throw new Error(`${error.message}\n${consoleEnd(console)}`);
    });
  }

  /** What systemd says of the whole host: `starting`, `running`, `degraded`, … */
  async state(): Promise<string> {
    const { stdout, stderr } = await this.exec(['systemctl', 'is-system-running'], { check: false });
    return (stdout || stderr).trim();
  }

  /**
   * Pulls the plug: the network falls silent first (no connection is closed), then all processes stop. What was
   * written to the disk stays.
   */
  async powerCut(): Promise<void> {
    const machine = this.#require();
    await this.#fabric.setPort(this.#options.index, false);
    this.#machine = undefined;
    await machine.kill();
  }

  /** Pulls the network cable, or (false) plugs it in again. */
  async isolate(isolated: boolean): Promise<void> {
    this.#isolated = isolated;
    if (this.running) await this.#fabric.setPort(this.#options.index, !isolated);
  }

  /** Runs a command on the host as root; a string goes to `sh -c`. Options as for a local command. */
  async exec(command: string | readonly string[], options: CommandOptions = {}): Promise<CommandResult> {
    const argv = typeof command === 'string' ? ['sh', '-c', command] : command;
    return await run([...this.enter(), ...argv], { env: {}, ...options });
  }

  /** The words before a command that run it on the host, for a test that spawns it by itself. */
  enter(): string[] {
    const path = 'PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';
    const env = ['env', '-i', path, 'HOME=/root', 'LANG=C.UTF-8', 'DEBIAN_FRONTEND=noninteractive'];
    return ['/usr/bin/nsenter', '--all', `--target=${this.#require().leader}`, '--', ...env];
  }

  /** Writes a file, making its directory; `mode` defaults to 0644. The file is never readable by more than that. */
  async write(path: string, content: string | Buffer, mode = 0o644): Promise<void> {
    await this.#store(path, mode, content);
  }

  /** The text of a file. */
  async read(path: string): Promise<string> {
    return (await this.exec(['cat', path])).stdout;
  }

  /** Copies a file of this machine to the host, with its mode. */
  async copyIn(file: string, path: string): Promise<void> {
    await this.#store(path, statSync(file).mode & 0o777, createReadStream(file));
  }

  /** The main process id of a unit, as the host counts; 0 when it has none. */
  async mainPid(unit: string): Promise<number> {
    return Number((await this.exec(['systemctl', 'show', '--property=MainPID', '--value', unit])).stdout);
  }

  /** Sends a signal (`KILL`, `TERM`, …) to a process of the host. */
  async kill(pid: number, signal: string): Promise<void> {
    await this.exec(['kill', `-${signal}`, String(pid)]);
  }

  /** Stops a process without its noticing: its sockets stay open, nothing is answered. */
  freeze(pid: number): Promise<void> {
    return this.kill(pid, 'STOP');
  }

  /** Lets a frozen process go on. */
  thaw(pid: number): Promise<void> {
    return this.kill(pid, 'CONT');
  }

  /** Installs packages, from the host's own repository or by path (`/opt/shoal/shoal_0.1.0_amd64.deb`). */
  async install(...packages: string[]): Promise<CommandResult> {
    return await this.exec(['apt-get', '-q', '-y', 'install', ...packages], { timeoutMs: 120_000 });
  }

  async #store(path: string, mode: number, input: NonNullable<CommandOptions['input']>): Promise<void> {
    const script = 'mkdir -p "$(dirname "$1")" && umask 077 && cat > "$1" && chmod "$2" "$1"';
    await this.exec(['sh', '-c', script, 'sh', path, mode.toString(8)], { input, timeoutMs: 60_000 });
  }

  #require(): Machine {
    if (this.#machine === undefined) throw new Error(`${this.name} is switched off`);
    return this.#machine;
  }
}
