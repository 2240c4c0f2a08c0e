import { webcrypto } from 'node:crypto';

type X509 = typeof import('@peculiar/x509');

let loading: Promise<X509> | undefined;

/** The X.509 library, loaded at first use: it takes 14 MB, and only what issues certificates needs it. */
export function loadX509(): Promise<X509> {
  loading ??= load();
  return loading;
}

async function load(): Promise<X509> {
  // The library's dependency injection refuses to load without the metadata functions that this puts on Reflect.
  await import('reflect-metadata');
  const x509 = await import('@peculiar/x509');
  x509.cryptoProvider.set(webcrypto as unknown as Parameters<typeof x509.cryptoProvider.set>[0]);
  return x509;
}
