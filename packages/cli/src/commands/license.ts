import type { Command } from 'commander';
import { addClusterLicenseCommands } from './cluster-license.js';
import { addVendorCommands } from './license-vendor.js';

/** `shoal license ...`. */
export function addLicenseCommands(program: Command): void {
  const license = program
    .command('license')
    .description("the cluster's license; and what a vendor makes licenses with, without a controller");
  addClusterLicenseCommands(license);
  addVendorCommands(license);
}
