// Backends for load balancers: `node balancer-backends.js PORT ADDRESS...` answers every request on each address with that
// address. Prints a line when all listen; ends when its input does.
import { createServer } from 'node:http';

const [port, ...addresses] = process.argv.slice(2);
for (const address of addresses) {
  const server = createServer((request, response) => {
    request.resume().on('end', () => response.end(address));
  });
  // Longer than any balancer keeps an idle connection: what closes is the balancers' doing.
  server.keepAliveTimeout = 600_000;
  await new Promise<void>((resolve) => server.listen(Number(port), address, resolve));
}
process.stdout.write('listening\n');
process.stdin.resume().on('end', () => process.exit(0));
