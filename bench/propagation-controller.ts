// A controller that trusts another vendor than its build does: `node propagation-controller.js CONFIG TRUST`, the list of trusted keys as JSON.
import { runController } from '@shoal/controller';

const [configFile = '', trust = ''] = process.argv.slice(2);
await runController({ configFile, env: process.env, trustedLicenseKeys: JSON.parse(trust) });
