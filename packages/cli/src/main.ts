import { runMain } from './run-main.js';

void runMain(process.argv).then((code) => {
  process.exitCode = code;
});
