import { execFileSync } from 'node:child_process';
import { existsSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type { Host, Lab } from '../../test/lab/lab.js';
import { cacheDirectory } from './lab-modules.js';
import type { Tool } from './tool.js';

/** Where hosts see Salt: Debian 12 has no package of it, its own package index has one for Python. */
const mount = '/opt/salt';

/** The version that is measured. */
export const saltVersion = '3008.3';

/** The directory that hosts have to see, by where they see it; fetched once. Throws an Error when it can't be. */
export function saltBinds(progress: (text: string) => void): Record<string, string> {
  const directory = join(cacheDirectory(), `salt-${saltVersion}`);
  if (!existsSync(directory)) {
    progress(`Fetching Salt ${saltVersion} (once) ...`);
    const partial = `${directory}.partial`;
    rmSync(partial, { recursive: true, force: true });
    const install = ['-m', 'pip', 'install', '--quiet', '--target', partial, `salt==${saltVersion}`];
    execFileSync('python3', install, { stdio: ['ignore', 'ignore', 'pipe'], timeout: 900_000 });
    renameSync(partial, directory);
  }
  return { [mount]: directory };
}

/** What Salt works with. */
export interface SaltOptions {
  readonly lab: Lab;
  readonly controller: Host;
  readonly nodes: readonly Host[];
  /** The file as it is on the hosts, with `{{ change }}` where the value belongs. */
  readonly template: string;
}

/** `salt '*' state.apply`: a master and its minions, warm. */
export class SaltTool implements Tool {
  readonly name = 'Salt, state.apply';
  readonly #options: SaltOptions;

  constructor(options: SaltOptions) {
    this.#options = options;
  }

  rounds(asked: number): number {
    return asked;
  }

  async begin(): Promise<void> {
    const { lab, controller, nodes, template } = this.#options;
    await controller.install('python3');
    await controller.write('/etc/salt/master', 'user: root\nauto_accept: True\n');
    await controller.write('/srv/salt/web.sls', state);
    await controller.write(
      '/srv/salt/nginx.conf',
      template.replace('{{ change }}', "{{ pillar['change'] }}"),
    );
    await controller.exec(unit('salt-master'));
    for (const node of nodes) {
      await node.install('python3');
      await node.write('/etc/salt/minion', `master: ${controller.name}\nid: ${node.name}\n`);
      await node.exec(unit('salt-minion'));
    }
    const answers = async (): Promise<boolean> => {
      const { stdout } = await controller.exec(`${salt('salt')} --out=json --static '*' test.ping`, {
        check: false,
        timeoutMs: 60_000,
      });
      return (stdout.match(/true/g) ?? []).length === nodes.length;
    };
    await lab.waitFor(answers, { what: 'all minions to answer', timeoutMs: 180_000 });
    await this.apply('warm');
  }

  async edit(): Promise<void> {}

  async apply(change: string): Promise<void> {
    const pillar = `pillar='{"change": "${change}"}'`;
    await this.#options.controller.exec(`${salt('salt')} '*' state.apply web ${pillar}`, {
      timeoutMs: 180_000,
    });
  }

  async end(): Promise<void> {
    const { controller, nodes } = this.#options;
    await controller.exec('systemctl stop salt-master');
    for (const node of nodes) await node.exec('systemctl stop salt-minion');
  }
}

const state = `/etc/nginx/nginx.conf:
  file.managed:
    - source: salt://nginx.conf
    - template: jinja
    - mode: "0644"
nginx:
  service.running:
    - reload: True
    - watch:
      - file: /etc/nginx/nginx.conf
`;

function salt(program: string): string {
  return `PYTHONPATH=${mount} exec python3 ${mount}/bin/${program}`;
}

function unit(program: string): string {
  return `systemd-run --quiet --unit=${program} --setenv=PYTHONPATH=${mount} python3 ${mount}/bin/${program}`;
}
