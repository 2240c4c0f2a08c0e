// Loaded before each test file (.taprc). tap notes which files a process, and each process that it starts, has loaded: to
// measure coverage and to run only what changed. Neither is used here, and it costs each process half a second of
// processor time, more than all else that `shoal` does to start. So it never begins, and what tests start is started as
// users start it. With a tap of other insides nothing is spared, and nothing breaks.
const modules = require('node:module');

const recorder = '/@tapjs/processinfo/';

// What its hooks find here they take for begun.
globalThis[Symbol.for('@tapjs/processinfo.ProcessInfoNodeData')] = { files: [], sources: {} };

const { register } = modules;
modules.register = (specifier, ...rest) => {
  if (!String(specifier).includes(recorder)) register(specifier, ...rest);
};

// For the processes that this one starts.
process.execArgv = process.execArgv.filter((argument) => !argument.includes(recorder));
const flag = new RegExp(`"?--import=[^"\\s]*${recorder}[^"\\s]*"?`, 'g');
const options = (process.env.NODE_OPTIONS ?? '').replace(flag, '').trim();
if (options === '') delete process.env.NODE_OPTIONS;
else process.env.NODE_OPTIONS = options;
