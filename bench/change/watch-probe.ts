// Polls hosts in the lab's network: `node watch-probe.js URL...`. Each line `{"want": VALUE}` on standard input asks for the moment at which every URL
// answered with the header `x-change: VALUE`; answered by a line `{"want": VALUE, "at": [milliseconds since the epoch, one a URL]}`. Ends when its input does.
import { Agent, get } from 'node:http';
import { createInterface } from 'node:readline';

/** Rest between an answer and the next question to the same host, in milliseconds. */
const restMs = 5;
const urls = process.argv.slice(2);
const agent = new Agent({ keepAlive: true });

function look(url: string): Promise<string | undefined> {
  return new Promise((resolve) => {
    const request = get(url, { agent, timeout: 2000 }, (response) => {
      response.resume().on('end', () => resolve(String(response.headers['x-change'])));
      response.on('error', () => resolve(undefined));
    });
    request.on('timeout', () => request.destroy());
    // A reload closes kept connections: the next question takes a fresh one.
    request.on('error', () => resolve(undefined));
  });
}

async function firstServed(url: string, want: string): Promise<number> {
  for (;;) {
    if ((await look(url)) === want) return Date.now();
    await new Promise((resolve) => setTimeout(resolve, restMs));
  }
}

for await (const line of createInterface({ input: process.stdin })) {
  const { want } = JSON.parse(line) as { want: string };
  const at = await Promise.all(urls.map((url) => firstServed(url, want)));
  process.stdout.write(`${JSON.stringify({ want, at })}\n`);
}
agent.destroy();
