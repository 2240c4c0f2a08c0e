import { readFileSync } from 'node:fs';
import { Agent } from 'node:http';
import { join } from 'node:path';
import type { MemberView, Params } from '@shoal/common';
import { t } from 'tap';
import { ask, Backend } from './backend.test.support.js';
import {
  answering,
  balancers,
  certificate,
  dataDirectory,
  fewer,
  manifest,
  programs,
  serving,
  setMembers,
  without,
} from './balancers.test.support.js';
import { member, startHost, until } from './harness.test.support.js';

// The blueprints nginx-lb and haproxy with the real programs, before backends that drain, die and come back.

for (const balancer of balancers) {
  t.test(
    `${balancer} accepts what any parameters render to`,
    { skip: without(...programs[balancer]) },
    async (t) => {
      const { certificate: tlsCertificate, key: tlsKey } = certificate(t);
      const paths = [
        { path: '/api', service: 'backend', port: 18401 },
        { path: '/api/v1.0', service: 'gateway', port: 18400, rewrite: '/' },
        { path: '/old', service: 'gateway', port: 18400, rewrite: '/new' },
      ];
      const many = Array.from({ length: 40 }, (_, i) => serving(`m${i}`, `10.1.0.${i + 1}`));
      const cases: readonly (readonly [Params, readonly MemberView[]])[] = [
        [{}, [serving('a', '10.0.0.1')]],
        [{}, []],
        [{ paths }, [serving('a', '10.0.0.1', 'gateway:h,backend:h'), serving('b', '10.0.0.2', 'backend:u')]],
        [{ paths, tlsCertificate, tlsKey }, [serving('a', '10.0.0.1', 'backend:?')]],
        [{ sticky: 'ip', retryOn: [] }, many],
        [
          { sticky: 'cookie', tries: 1, maxFails: 0, paths },
          [serving('a', 'fd00::1', 'gateway:h,backend:h')],
        ],
        [{ tlsCertificate, tlsKey, tlsRedirect: false, tlsProtocols: ['TLSv1.3'], tlsPort: 8443 }, many],
        [{ listenOn: 'node', healthPath: '', maxBodySize: '0' }, [serving('a', '10.0.0.1')]],
        [{ ipv6: true, maxBodySize: '10m', retryOn: [500, 502, 503, 504] }, [serving('a', '10.0.0.1')]],
        [
          balancer === 'haproxy'
            ? { checkPath: '/__health', threads: 1 }
            : { serverName: 'a.example b.example' },
          many,
        ],
      ];
      for (const [params, members] of cases) {
        const name = JSON.stringify([Object.keys(params), members.length]);
        const own = member('lb', '127.41.0.1');
        const host = await startHost(t, {
          dataDir: dataDirectory(t),
          address: '127.41.0.1',
          members: [own, ...members],
        });
        const differences = await host.converger.check(manifest(balancer, 1, params));
        const refused = differences.filter(({ problem }) => problem !== undefined);
        t.same(refused, [], name);
        t.ok(
          differences.some(({ step }) => step === 'config'),
          name,
        );
        await host.converger.stop();
      }
      const refusing = await startHost(t, { dataDir: dataDirectory(t), address: '127.41.0.1' });
      const refused = await refusing.converger.check(
        manifest(balancer, 1, { extraConfig: 'no_such_directive on;' }),
      );
      t.match(refused.at(-1), { step: 'config', problem: /refused.*no_such_directive/s });
    },
  );
}

for (const balancer of balancers) {
  t.test(`under systemd ${balancer} gets its packages and its place in /etc`, async (t) => {
    // What the blueprint asks for there; the lab does it for real.
    const host = await startHost(t, {
      dataDir: dataDirectory(t),
      supervisor: 'systemd',
      members: [serving('a', '10.0.0.1')],
      run: async (command) => {
        const lines = command[1] === 'show' ? ['LoadState=not-found', 'ActiveState=inactive'] : [];
        const code = command[0] === 'dpkg-query' ? 1 : 0;
        return { code, signal: null, missing: false, timedOut: false, lines };
      },
    });
    const differences = await host.converger.check(manifest(balancer, 1, {}));
    const of = (step: string) => differences.find((difference) => difference.step === step)?.difference ?? '';
    const program = balancer === 'haproxy' ? 'haproxy' : 'nginx';
    t.match(of('package'), `package ${program}`);
    t.match(of('config'), new RegExp(`/etc/${program}/${program}\\.(cfg|conf)`));
    t.match(of('unit'), new RegExp(`${program}\\.service .*enable, start`));
    if (balancer !== 'haproxy') return;
    t.match(of('unit-file'), '-S /run/haproxy-master.sock -f /etc/haproxy/shoal-members.cfg');
    t.match(of('socat'), 'package socat');
    t.match(of('members'), 'server s1 10.0.0.1:18400');
    const order = differences.map(({ step }) => step);
    t.ok(order.indexOf('unit-file') < order.indexOf('package'), 'the package starts the service at once');
    t.ok(
      order.indexOf('tell') < order.indexOf('members'),
      'undone last, by then the former members are in the file',
    );
  });
}

const firstAddress = { 'nginx-lb': '127.41.1', haproxy: '127.41.2' };

for (const balancer of balancers) {
  t.test(`${balancer} sends to those that serve`, { skip: without(...programs[balancer]) }, async (t) => {
    const network = firstAddress[balancer];
    const own = `${network}.9`;
    const [one, two] = [new Backend(`${network}.1`), new Backend(`${network}.2`)];
    await Promise.all([one.start(), two.start()]);
    t.teardown(() => Promise.all([one.die(), two.die()]));
    const both = [serving('one', `${network}.1`), serving('two', `${network}.2`)];
    const names = both.map(({ address }) => address.replace('9896', '18400'));
    const host = await startHost(t, {
      dataDir: dataDirectory(t),
      address: own,
      members: [member('lb', own), ...both],
    });
    const { certificate: tlsCertificate, key: tlsKey } = certificate(t);
    const base: Params = { listenOn: 'node', listenPort: 8080, tlsPort: 8443, ...fewer[balancer] };
    const url = `http://${own}:8080/`;
    const report = await host.converge(manifest(balancer, 1, base));
    t.match(report, { state: 'IDLE', failedHash: '' }, report.failure?.output ?? '');
    t.same(await answering(url), names);
    const process = () => readFileSync(join(host.dataDir, 'run', 'lb.pid'), 'utf8');
    const pid = process();

    t.test('who drains is out at once, and in again afterwards', async (t) => {
      const [first, second] = both as [MemberView, MemberView];
      await setMembers(host, [first, serving('two', `${network}.2`, 'gateway:h', 'gateway')]);
      two.requests.length = 0;
      t.same(await answering(url), names.slice(0, 1));
      t.same(two.requests, []);
      await setMembers(host, [first, second]);
      t.same(await answering(url), names);
    });

    t.test('who dies is out, and no request fails meanwhile', async (t) => {
      await two.die();
      t.same(await answering(url, 30), names.slice(0, 1));
      const posted = await ask(url, { method: 'POST', body: 'x' });
      t.match(posted, { status: 200 }, 'what never reached a node may be sent to another');
      await setMembers(host, [serving('one', `${network}.1`)]);
      await two.start();
      await setMembers(host, both);
      await until('the one that is back to be in', async () => (await answering(url)).length === 2);
    });

    t.test('an answer 503 of one is asked of the other, but not for a POST', async (t) => {
      two.status = 503;
      t.teardown(() => {
        two.status = 200;
      });
      const answers = await Promise.all(Array.from({ length: 6 }, () => ask(url)));
      t.same([...new Set(answers.map(({ status }) => status))], [200]);
      one.requests.length = 0;
      two.requests.length = 0;
      await until('a POST to reach the one that answers 503', async () => {
        const { status } = await ask(url, { method: 'POST', body: 'x' });
        return status === 503;
      });
      t.equal(two.requests.filter((line) => line === 'POST /').length, 1);
    });

    t.test('paths lead to other services, the longest first, rewritten', async (t) => {
      const other = new Backend(`${network}.1`, 18401);
      await other.start();
      t.teardown(() => other.die());
      const paths = [
        { path: '/a', service: 'gateway', port: 18400 },
        { path: '/a/b', service: 'other', port: 18401, rewrite: '/c' },
        { path: '/root', service: 'other', port: 18401, rewrite: '/' },
        { path: '/nobody', service: 'nobody', port: 1 },
      ];
      host.members = [member('lb', own), serving('one', `${network}.1`, 'gateway:h,other:h')];
      const changed = await host.converge(manifest(balancer, 2, { ...base, paths }));
      t.equal(changed.failedHash, '', changed.failure?.output ?? '');
      const bodyOf = async (path: string) => (await ask(`http://${own}:8080${path}`)).body;
      t.equal(await bodyOf('/a/x?y=1'), `${names[0]} /a/x?y=1`);
      t.equal(await bodyOf('/a/b'), `${network}.1:18401 /c`);
      t.equal(await bodyOf('/a/b/d?y=1'), `${network}.1:18401 /c/d?y=1`);
      t.equal(await bodyOf('/a/bc'), `${names[0]} /a/bc`);
      t.equal(await bodyOf('/root/x'), `${network}.1:18401 /x`);
      t.equal(await bodyOf('/root'), `${network}.1:18401 /`);
      t.match(await ask(`http://${own}:8080/nobody/x`), { status: 503, headers: { 'retry-after': '5' } });
      t.equal(await bodyOf('/healthz'), 'ok\n');
    });

    t.test('a cookie keeps a client on its node', async (t) => {
      host.members = [member('lb', own), ...both];
      await host.converge(manifest(balancer, 3, { ...base, sticky: 'cookie', stickyCookie: 'stay' }));
      await until('both to be in', async () => (await answering(url, 20)).length === 2);
      for (let client = 0; client < 4; client++) {
        const first = await ask(url);
        const cookie = String(first.headers['set-cookie']?.[0] ?? '').split(';')[0] ?? '';
        t.match(cookie, /^stay=./);
        const again = await Promise.all([1, 2, 3, 4].map(() => ask(url, { headers: { cookie } })));
        t.same([...new Set(again.map(({ body }) => body))], [first.body]);
        t.notOk(again[0]?.headers['set-cookie']);
      }
    });

    t.test('HTTPS with a certificate that comes as a text, and HTTP that leads there', async (t) => {
      const report = await host.converge(manifest(balancer, 4, { ...base, tlsCertificate, tlsKey }));
      t.equal(report.failedHash, '', report.failure?.output ?? '');
      t.match(await ask(`https://${own}:8443/x`), { status: 200, body: /\/x$/ });
      t.match(await ask(`${url}x?y=1`), { status: 308, headers: { location: `https://${own}:8443/x?y=1` } });
      const wrong = await host.converge(
        manifest(balancer, 5, { ...base, tlsCertificate: '-----BEGIN NONSENSE', tlsKey }),
      );
      t.match(wrong.failure, { undone: true, message: /refused|exited with 1/ });
      t.match(await ask(`https://${own}:8443/x`), { status: 200 });
    });

    t.test('its figures and its access log are there', async (t) => {
      const [observed] = host.converger.observed();
      const figures = await ask(observed?.metrics[0]?.url ?? '');
      t.match(
        figures.body,
        balancer === 'haproxy' ? /haproxy_backend_http_requests_total/ : /Active connections/,
      );
      const lines = () =>
        balancer === 'haproxy'
          ? host.output
          : readFileSync(join(host.dataDir, 'services/lb/access.log'), 'utf8').split('\n');
      const fields = await until('the line of a request', () => {
        const parsed = lines().flatMap((text) =>
          text.startsWith('{') ? [JSON.parse(text) as Record<string, unknown>] : [],
        );
        return parsed.find(({ path }) => path === '/a/b/d?y=1');
      });
      t.match(fields, {
        method: 'GET',
        path: '/a/b/d?y=1',
        status: '200',
        upstream: `${network}.1:18401`,
        pool: /^other_18401/,
      });
      t.ok(Number(fields['duration']) >= 0 && Number(fields['duration']) < 5, String(fields['duration']));
    });

    if (balancer === 'haproxy') {
      t.test(
        'a reload answers idle connections once more, and failed checks leave no empty pool',
        async (t) => {
          const agent = new Agent({ keepAlive: true, maxSockets: 1 });
          t.teardown(() => agent.destroy());
          await host.converge(manifest(balancer, 50, base));
          t.match(await ask(url, { agent }), { status: 200 });
          const checks = { checkPath: '/check', checkInterval: '100ms' };
          const changed = await host.converge(manifest(balancer, 51, { ...base, ...checks }));
          t.equal(changed.failedHash, '', changed.failure?.output ?? '');
          t.match(await ask(url, { agent }), { status: 200, headers: { connection: 'close' } });
          one.status = 500;
          two.status = 500;
          const figures = host.converger.observed()[0]?.metrics[0]?.url ?? '';
          const down = /haproxy_backend_active_servers\{proxy="gateway_18400"\} 0/;
          await until('all to fail their checks', async () => down.test((await ask(figures)).body));
          t.match(await ask(url), { status: 500, body: /18400 \/$/ }, 'they are used all the same');
          one.status = 200;
          two.status = 200;
        },
      );
    }

    t.test('when nobody is left, it stays as it was; the process is the same all the time', async (t) => {
      await host.converge(manifest(balancer, 6, base));
      host.members = [member('lb', own)];
      host.events.length = 0;
      await host.converge(manifest(balancer, 7, { ...base, maxFails: 3 }));
      t.same(await answering(url), names);
      t.equal(process(), pid);
    });
  });
}
