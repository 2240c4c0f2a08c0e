import type { Host } from '../../test/lab/lab.js';
import type { Tool } from './tool.js';

const directory = '/root/ansible';

/** What Ansible works with. */
export interface AnsibleOptions {
  readonly controller: Host;
  readonly nodes: readonly Host[];
  /** The file as it is on the hosts, with `{{ change }}` where the value belongs. */
  readonly template: string;
}

/** `ansible-playbook` with a template and a handler that reloads: pipelining on, connections kept, one fork a host. */
export class AnsibleTool implements Tool {
  readonly name: string;
  readonly #options: AnsibleOptions;
  readonly #gatherFacts: boolean;

  constructor(options: AnsibleOptions, gatherFacts: boolean) {
    this.#options = options;
    this.#gatherFacts = gatherFacts;
    this.name = `Ansible, gather_facts ${gatherFacts ? 'on' : 'off'}`;
  }

  rounds(asked: number): number {
    return asked;
  }

  async begin(): Promise<void> {
    const { controller, nodes, template } = this.#options;
    await controller.write(`${directory}/ansible.cfg`, config(nodes.length));
    await controller.write(`${directory}/hosts`, `[web]\n${nodes.map(({ name }) => `${name}\n`).join('')}`);
    await controller.write(`${directory}/nginx.conf.j2`, template);
    await controller.write(`${directory}/site.yml`, playbook(this.#gatherFacts));
    // The first run makes the connections that those after it share.
    await this.apply('warm');
  }

  async edit(): Promise<void> {}

  async apply(change: string): Promise<void> {
    await this.#options.controller.exec(
      `cd ${directory} && exec ansible-playbook site.yml -e change=${change}`,
      { timeoutMs: 180_000 },
    );
  }

  async end(): Promise<void> {
    for (const { name } of this.#options.nodes) {
      const command = `cd ${directory} && ssh -o ControlPath=${directory}/cp/%C -O exit root@${name}`;
      await this.#options.controller.exec(command, { check: false });
    }
  }
}

/** The interpreter is named, so that no run looks for it. */
function config(forks: number): string {
  return `[defaults]
inventory = hosts
forks = ${Math.max(5, forks)}
remote_user = root
host_key_checking = False
interpreter_python = /usr/bin/python3
[ssh_connection]
pipelining = True
control_path_dir = ${directory}/cp
control_path = %(directory)s/%%C
ssh_args = -o ControlMaster=auto -o ControlPersist=600s
`;
}

/** By the module systemd: the generic one would first ask each host which service manager it has. */
function playbook(gatherFacts: boolean): string {
  return `- hosts: web
  gather_facts: ${gatherFacts}
  tasks:
    - name: configuration
      template: { src: nginx.conf.j2, dest: /etc/nginx/nginx.conf, mode: "0644" }
      notify: reload
  handlers:
    - name: reload
      systemd: { name: nginx, state: reloaded }
`;
}

/** Installs Ansible on the controller's host and ssh servers on the nodes, and lets the one into the others. Gives Ansible's version. */
export async function installAnsible(controller: Host, nodes: readonly Host[]): Promise<string> {
  await Promise.all([
    controller.install('ansible-core', 'openssh-client'),
    ...nodes.map((node) => node.install('openssh-server', 'python3')),
  ]);
  await controller.exec(
    'mkdir -p -m 700 /root/.ssh && ssh-keygen -q -t ed25519 -N "" -f /root/.ssh/id_ed25519',
  );
  const key = await controller.read('/root/.ssh/id_ed25519.pub');
  for (const node of nodes) {
    await node.write('/root/.ssh/authorized_keys', key, 0o600);
    await node.exec('chmod 700 /root /root/.ssh && systemctl restart ssh');
  }
  const shown = await controller.exec('ansible --version');
  return /core ([\d.]+)/.exec(shown.stdout)?.[1] ?? 'unknown';
}
