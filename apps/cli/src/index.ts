export { processContext } from './command/context.js';
export type { Command, Context } from './command/define.js';
export { EXIT, runCommand } from './command/run.js';
export { commands } from './commands/index.js';
