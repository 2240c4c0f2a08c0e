const root = new URL('../../..', import.meta.url).pathname;
const cluster = (await import(
  `${root}test/dist/lab/cluster.js`
)) as typeof import('../../test/lab/cluster.js');
const base = (await import(`${root}test/dist/lab/base.js`)) as typeof import('../../test/lab/base.js');

/** What benchmarks on real hosts take of the lab, which another project compiles. */
export const createCluster: typeof cluster.createCluster = cluster.createCluster;
/** As the lab has it. */
export const ensureBase: typeof base.ensureBase = base.ensureBase;
/** As the lab has it. */
export const cacheDirectory: typeof base.cacheDirectory = base.cacheDirectory;
