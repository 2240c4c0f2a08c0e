import process from 'node:process';
import { digestOf } from '../digest.mjs';
import { root } from './repository.mjs';

const inputs = [
  'package.json',
  'package-lock.json',
  'LICENSE',
  'packages',
  'blueprints',
  'deploy',
  'scripts/package',
];

/** A digest of all that goes into the packages, the text of the trusted license keys among it: it changes when they have to be made again. */
export function inputsDigest(version, licenseKeys) {
  return digestOf(root, inputs, `${version} ${process.version} ${process.arch} ${licenseKeys}`);
}
