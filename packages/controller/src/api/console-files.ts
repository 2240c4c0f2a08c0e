import { existsSync } from 'node:fs';
import { join } from 'node:path';
import staticFiles from '@fastify/static';
import { ShoalError } from '@shoal/common';
import type { FastifyInstance } from 'fastify';
import { noSuchRoute } from './operation-routes.js';

/** Headers of every answer: nothing from elsewhere, no framing, no address handed on (the first-run link is one). */
export const securityHeaders: Readonly<Record<string, string>> = {
  'content-security-policy':
    "default-src 'self'; img-src 'self' data:; object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'",
  'x-content-type-options': 'nosniff',
  'x-frame-options': 'DENY',
  'referrer-policy': 'no-referrer',
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
};

/**
 * Serves the built console from `dir`: files as they are, every other address outside the API as `index.html`, whose script shows the page. Without
 * files (not installed) those addresses say so.
 */
export async function addConsoleFiles(app: FastifyInstance, dir: string | undefined): Promise<void> {
  const installed = dir !== undefined && existsSync(join(dir, 'index.html'));
  if (installed) {
    await app.register(staticFiles, {
      root: dir,
      index: ['index.html'],
      // Vite puts a hash of the content into the names of what it builds, but for index.html and public files.
      cacheControl: false,
      setHeaders: (response, path) => {
        const hashed = path.startsWith(join(dir, 'assets/'));
        response.setHeader('cache-control', hashed ? 'public, max-age=31536000, immutable' : 'no-cache');
      },
    });
  }
  app.setNotFoundHandler(async (request, reply) => {
    const [path = ''] = request.url.split('?');
    // A page's address may end like a file's name: nodes are named like hosts.
    const isPage =
      (request.method === 'GET' || request.method === 'HEAD') && !/^\/(api|assets)(\/|$)/.test(path);
    if (isPage && installed) return reply.sendFile('index.html');
    if (!isPage) throw noSuchRoute(request);
    throw new ShoalError('not_found', 'the console is not installed', {
      hint: 'build it (npm run build), or install the package shoal-controller',
    });
  });
}
