import type { PoolMemory, Step } from '@shoal/common';
import { poolMemory, ShoalError } from '@shoal/common';
import { t } from 'tap';
import { digestOf } from './context.js';
import { renderStep } from './render-step.js';
import type { RenderedStep } from './rendered.js';
import { Renderer } from './renderer.js';

const params = {
  big: 'x'.repeat(3 * 1024 * 1024),
  empty: '',
  up: '/../etc',
  unit: 'nginx',
  port: '99999',
  url: 'file:///etc/shadow',
};

function renderer(): Renderer {
  return new Renderer({
    params,
    service: { name: 'web', directory: '/var/lib/shoal/services/web', nodes: 1 },
    [poolMemory]: {} as PoolMemory,
    [digestOf]: (text) => text,
  });
}

const render = (step: Step, using = renderer()): Promise<RenderedStep> => renderStep(step, using, 'web');

const sha256 = 'A1'.repeat(32);
const download: Step = {
  type: 'download',
  id: 'd',
  url: 'https://example.com/x.tgz',
  sha256,
  path: '/opt/x.tgz',
};

t.test('what the blueprint left open is the default', async (t) => {
  t.match(await render(download), { mode: 0o644, maxBytes: 1024 ** 3, timeoutMs: 600_000, notify: null });
  t.match(await render({ type: 'wait', id: 'w', port: 80 }), {
    for: { kind: 'port', host: '127.0.0.1', port: 80 },
    intervalMs: 1000,
    timeoutMs: 60_000,
  });
  t.match(await render({ type: 'wait', id: 'w', port: '[::1]:80', timeout: '5s' }), {
    for: { host: '::1', port: 80 },
    timeoutMs: 5000,
  });
  t.match(await render({ type: 'dropin', id: 'd', unit: 'a.service', name: 'x', content: 'y' }), {
    path: '/etc/systemd/system/a.service.d/x.conf',
    notify: 'restart',
  });
  t.match(await render({ type: 'hosts', id: 'h', address: '::1', names: ['a.b'] }), { marker: 'web/h' });
  t.notOk('timeoutMs' in (await render({ type: 'service', id: 's' })));
});

t.test('an archive that a step before downloads is known by its checksum', async (t) => {
  const using = renderer();
  await render(download, using);
  const archive: Step = { type: 'archive', id: 'a', source: '/opt/x.tgz', path: '/opt/x' };
  t.match(await render(archive, using), { sha256: sha256.toLowerCase(), format: 'tar', strip: 0 });
  t.match(await render(archive), { sha256: null });
});

t.test('values are judged again once they are rendered', async (t) => {
  const faults: readonly (readonly [Step, string])[] = [
    [
      { type: 'link', id: 'x', path: '/opt{{ params.up }}', target: 'y' },
      'expected an absolute path without "..", found "/opt/../etc"',
    ],
    [
      { type: 'link', id: 'x', path: '{{ params.empty }}', target: 'y' },
      'expected an absolute path without "..", found ""',
    ],
    [
      { type: 'link', id: 'x', path: '/opt/\u0007', target: 'y' },
      'expected an absolute path without "..", found "/opt/\\u0007"',
    ],
    [
      { type: 'link', id: 'x', path: '/opt/x', target: '{{ params.empty }}' },
      'expected what the link leads to, found ""',
    ],
    [
      { type: 'unit', id: 'x', unit: '{{ params.unit }}' },
      'expected a systemd unit such as "nginx.service", found "nginx"',
    ],
    [
      { type: 'dropin', id: 'x', unit: '../x.service', name: 'n', content: '' },
      'expected a systemd unit such as "nginx.service", found "../x.service"',
    ],
    [{ ...download, url: '{{ params.url }}' }, 'expected an http or https URL, found "file:"'],
    [
      { ...download, sha256: '{{ params.unit }}' },
      'expected a SHA-256 of 64 hexadecimal digits, found "nginx"',
    ],
    [
      { type: 'archive', id: 'x', source: '/a.rar', path: '/a' },
      'expected an archive named .tar, .tar.gz, .tgz or .zip, found "/a.rar"',
    ],
    [{ type: 'archive', id: 'x', source: '/a.zip', path: '/a', strip: 1 }, "a zip archive can't be stripped"],
    [
      { type: 'archive', id: 'x', source: '/a.tar', path: '/a', creates: '{{ params.up }}' },
      'expected a path below the directory, without "..", found "/../etc"',
    ],
    [
      { type: 'hosts', id: 'x', address: '{{ params.unit }}', names: ['a'] },
      'expected an IP address, found "nginx"',
    ],
    [{ type: 'hosts', id: 'x', address: '::1', names: ['a b'] }, 'expected a host\'s name, found "a b"'],
    [{ type: 'wait', id: 'x', port: '{{ params.port }}' }, 'expected a port, or host:port, found "99999"'],
    [{ type: 'user', id: 'x', name: 'a', home: '/a:/b' }, 'expected a path without ":", found "/a:/b"'],
    [
      { type: 'package', id: 'x', name: 'nginx', manager: 'dnf' },
      "packages of dnf aren't supported yet: apt is the one manager that is",
    ],
    [
      { type: 'teleport', id: 'x' } as unknown as Step,
      'this version of Shoal doesn\'t know steps of the type "teleport"',
    ],
  ];
  for (const [step, message] of faults) await t.rejects(render(step), { message }, message);
});

t.test('what all templates of a service render to is limited, not only each', async (t) => {
  const using = renderer();
  const content = '{{ params.big }}';
  let rendered = 0;
  try {
    for (; rendered < 20; rendered++) await render({ type: 'file', id: 'f', path: '/f', content }, using);
  } catch (thrown) {
    t.equal(ShoalError.from(thrown).message, 'the service renders to more than 16777216 characters');
  }
  t.equal(rendered, 5, 'of 3 Mi characters each');
});
