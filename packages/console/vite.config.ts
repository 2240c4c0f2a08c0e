import { defineConfig } from 'vite';

/**
 * The controller serves the output under the policy `default-src 'self'`: so nothing is inlined, neither scripts nor
 * small assets as data: URLs.
 */
export default defineConfig({
  oxc: { jsx: { runtime: 'automatic', importSource: 'preact' } },
  build: {
    target: ['chrome123', 'firefox128', 'safari17.5'],
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    sourcemap: false,
    reportCompressedSize: true,
  },
});
