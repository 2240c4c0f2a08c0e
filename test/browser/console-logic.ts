import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const source = fileURLToPath(new URL('../../../packages/console/src/', import.meta.url));

/** Parts of the console without a page, by their paths in its source: it is built for browsers by Vite; here these modules alone are, for Node. */
export async function loadLogic<Logic>(modules: readonly string[]): Promise<Logic> {
  const { outputFiles } = await build({
    stdin: {
      contents: modules.map((name) => `export * from './${name}.js';`).join('\n'),
      resolveDir: source,
    },
    bundle: true,
    format: 'esm',
    platform: 'node',
    write: false,
    logLevel: 'silent',
  });
  const [{ text = '' } = {}] = outputFiles;
  return (await import(`data:text/javascript,${encodeURIComponent(text)}`)) as Logic;
}
