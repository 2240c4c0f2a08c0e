import { spawnSync } from 'node:child_process';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { startAgent } from '@shoal/agent';
import { createLogger } from '@shoal/common';
import { TestVendor } from '@shoal/common/testing';
import { startController } from '@shoal/controller';
import t, { type Test } from 'tap';
import { parse } from 'yaml';
import { temporaryDirectory } from '../demo.js';

const root = join(import.meta.dirname, '../../..');
const rules = join(root, 'deploy/prometheus/shoal-alerts.yml');
const network = '127.73.1';
const day = 86_400_000;

const promtool = (...args: string[]) => spawnSync('promtool', args, { encoding: 'utf8' });
const skip = promtool('--version').status !== 0 && process.env['CI'] !== 'true' ? 'no promtool here' : false;

t.test('Prometheus takes the rules, and they say what they should', { skip }, async (t) => {
  for (const args of [
    ['check', 'rules', '--lint-fatal', rules],
    ['check', 'config', '--syntax-only', join(root, 'deploy/prometheus/prometheus.yml')],
    ['test', 'rules', join(root, 'test/integration/alerts.yml')],
  ]) {
    const { status, stdout, stderr, error } = promtool(...args);
    t.equal(status, 0, `promtool ${args.join(' ')}: ${stdout}${stderr}${error?.message ?? ''}`);
  }
});

/** A page of metrics: the series, with their values. */
function seriesOf(page: string): Map<string, number> {
  const lines = page.split('\n').filter((line) => line !== '' && !line.startsWith('#'));
  return new Map(lines.map((line) => [line.replace(/ \S+$/, ''), Number(/\S+$/.exec(line)?.[0])]));
}

/** What a controller tells whose license, and its grace, are over. */
async function controllerSeries(t: Test, directory: string): Promise<Map<string, number>> {
  const past = Date.now() - 30 * day;
  const vendor = await TestVendor.create(() => past);
  const license = join(directory, 'license');
  await writeFile(license, await vendor.issue({ expiresAt: past + 10 * day }));
  const dataDir = join(directory, 'controller');
  const controller = await startController({
    env: {},
    config: {
      dataDir,
      license,
      http: { listen: `${network}.1:0` },
      grpc: { listen: `${network}.1:0` },
      gossip: { listen: `${network}.1:9896` },
    },
    logger: createLogger({ name: 'test', level: 'silent' }),
    trustedLicenseKeys: vendor.trust,
  });
  t.teardown(() => controller.stop());
  const token = (await readFile(join(dataDir, 'metrics-token'), 'utf8')).trim();
  const headers = { authorization: `Bearer ${token}` };
  return seriesOf(await (await fetch(`http://${controller.addresses.http}/metrics`, { headers })).text());
}

async function agentSeries(t: Test, directory: string): Promise<Map<string, number>> {
  const agent = await startAgent({
    env: {},
    flags: {
      'node.name': 'n1',
      dataDir: join(directory, 'agent'),
      'cluster.controller': `${network}.9:9`,
      'gossip.listen': `${network}.2:9896`,
      'metrics.listen': `${network}.2:9899`,
      supervisor: 'process',
      'log.level': 'silent',
    },
  });
  t.teardown(() => agent.stop());
  return seriesOf(await (await fetch(`http://${network}.2:9899/metrics`)).text());
}

t.test('the alerts ask for what the controller and the agents tell', async (t) => {
  const directory = await temporaryDirectory(t);
  const controller = await controllerSeries(t, directory);
  const series = [...controller.keys(), ...(await agentSeries(t, directory)).keys()];
  const { groups } = parse(await readFile(rules, 'utf8')) as {
    groups: { rules: { alert: string; expr: string }[] }[];
  };
  const asked = groups.flatMap((group) => group.rules);
  t.ok(asked.length > 0);
  for (const { alert, expr } of asked) {
    for (const [, name = '', label, values = ''] of expr.matchAll(
      /\b(shoal_\w+)(?:\{(\w+)=~?"([^"]*)"\})?/g,
    )) {
      for (const value of values.split('|')) {
        const part = label === undefined ? '' : `${label}="${value}"`;
        const told = series.some((one) => one.split('{')[0] === name && one.includes(part));
        t.ok(told, `${alert}: ${name}{${part}}`);
      }
    }
  }

  await t.test('of a license that is over one alert is told', async (t) => {
    t.equal(controller.get('shoal_license_status{status="expired",tier="free"}'), 1);
    t.equal(controller.get('shoal_license_problems'), 0);
  });
});
