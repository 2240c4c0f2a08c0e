import type { Command } from 'commander';
import { addVendorCommands } from './license-vendor.js';

/** `shoal license ...`. */
export function addLicenseCommands(program: Command): void {
  const license = program
    .command('license')
    .description('licenses: what a vendor makes them with, without a controller');
  addVendorCommands(license);
}
