import { execFileSync } from 'node:child_process';

/** What a network's members have sent to each other so far, IP headers included. */
export interface TrafficSample {
  readonly udp: Traffic;
  readonly tcp: Traffic;
}

/** Packets, and the bytes in them from the IP header on. */
export interface Traffic {
  readonly packets: number;
  readonly bytes: number;
}

/** Both sides of a TCP connection count; one of them may be 127.0.0.1, from where nothing of a gossip binds its calls. */
function rules(network: string): string[] {
  const range = `${network}.0/24`;
  const table = network.replaceAll('.', '_');
  return [
    `add counter inet traffic udp_${table}`,
    `add counter inet traffic tcp_${table}`,
    `add rule inet traffic sent ip daddr ${range} meta l4proto udp counter name udp_${table} accept`,
    `add rule inet traffic sent ip daddr ${range} meta l4proto tcp counter name tcp_${table} accept`,
    `add rule inet traffic sent ip saddr ${range} meta l4proto tcp counter name tcp_${table} accept`,
  ];
}

/** Has the kernel count what is sent to members of these /24 networks (three bytes of each), once per packet. */
export function countTraffic(networks: readonly string[]): void {
  const input = [
    'add table inet traffic',
    'add chain inet traffic sent { type filter hook output priority 0; }',
    ...networks.flatMap(rules),
  ];
  execFileSync('nft', ['-f', '-'], { input: `${input.join('\n')}\n` });
}

/** What `countTraffic` has counted so far for a network. */
export function sampleTraffic(network: string): TrafficSample {
  const { nftables } = JSON.parse(execFileSync('nft', ['-j', 'list', 'counters'], { encoding: 'utf8' })) as {
    nftables: { counter?: { name: string; packets: number; bytes: number } }[];
  };
  const find = (protocol: string): Traffic => {
    const name = `${protocol}_${network.replaceAll('.', '_')}`;
    const found = nftables.find(({ counter }) => counter?.name === name)?.counter;
    if (found === undefined) throw new Error(`nft has no counter ${name}`);
    return { packets: found.packets, bytes: found.bytes };
  };
  return { udp: find('udp'), tcp: find('tcp') };
}
