import { execFileSync } from 'node:child_process';
import type { LoadReport } from '../test/load/report.js';
import { type Balancer, balancers, describeLoad, type Trial, tryBalancer } from './balancer-trial.js';
import type { BenchOptions } from './main.js';
import { type Figure, machine, type Report } from './report.js';

const requestsPerSecond = 500;

/** Which load balancer drains and reloads more cleanly: both as the blueprints run them, the same load, one after the other. */
export async function compareBalancers(options: BenchOptions): Promise<Report> {
  const drains = options.trials ?? 10;
  const input = { drains, reloads: drains, requestsPerSecond };
  const trials = new Map<Balancer, Trial>();
  for (const balancer of balancers) {
    options.progress(
      `${balancer}: ${drains} drains, ${drains} reloads under ${requestsPerSecond} requests/s ...`,
    );
    const trial = await tryBalancer(balancer, input);
    trials.set(balancer, trial);
    options.progress(
      `drained and put back: ${describeLoad(trial.drains)}\nreloaded: ${describeLoad(trial.reloads)}`,
    );
  }
  return {
    benchmark: 'balancers',
    date: new Date().toISOString().slice(0, 10),
    machine: machine(),
    versions: {
      shoal: options.version,
      haproxy: versionOf(['haproxy', '-v'], /version (\S+)/),
      nginx: versionOf(['nginx', '-v'], /nginx\/(\S+)/),
    },
    setup: { ...input, 'kept connections': 40, 'own connections': '30 %', POST: '10 %' },
    figures: [...trials].flatMap(([balancer, { drains: d, reloads: r }]) => [
      ...figuresOf(`${balancer}, drained and put back`, d),
      ...figuresOf(`${balancer}, reloaded`, r),
    ]),
  };
}

function figuresOf(what: string, report: LoadReport): Figure[] {
  const { requests, strictFailures, standardFailures, latencyMs, worstLagMs } = report;
  return [
    { name: `${what}: requests`, value: requests, unit: '' },
    { name: `${what}: failed, strict client`, value: strictFailures, unit: '', aim: 0 },
    { name: `${what}: failed, standard client`, value: standardFailures, unit: '', aim: 0 },
    { name: `${what}: latency p50`, value: latencyMs.p50, unit: 'ms' },
    { name: `${what}: latency p99`, value: latencyMs.p99, unit: 'ms' },
    { name: `${what}: latency max`, value: latencyMs.max, unit: 'ms' },
    { name: `${what}: generator late by at most`, value: worstLagMs, unit: 'ms' },
  ];
}

function versionOf([program = '', ...args]: readonly string[], pattern: RegExp): string {
  const output = execFileSync('sh', ['-c', '"$@" 2>&1', 'sh', program, ...args], {
    encoding: 'utf8',
    env: { ...process.env, PATH: `${process.env['PATH']}:/usr/sbin` },
  });
  return pattern.exec(output)?.[1] ?? 'unknown';
}
