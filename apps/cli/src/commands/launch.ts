import { availableParallelism } from 'node:os';
import { DpoError } from '@dpo/base';
import { USAGE } from '@dpo/run/command-line';
import { z } from 'zod';
import { defineCommand } from '../command/define.js';
import { launchWorkers } from '../session/launch-workers.js';

/** Commands that several workers can do together: those that share their work. */
export const commandsOfWorkers = [
  ...['train', 'sft', 'reward', 'rl', 'score', 'generate'],
  ...['eval sentiment', 'eval winrate', 'eval rewards'],
] as const;

/** `dpo launch`: a command by several processes on this machine. */
export const launchCommand = defineCommand({
  name: 'launch',
  summary: 'Run a command by several processes on this machine',
  passesOn: 'command',
  options: z.strictObject({
    workers: z.number().int().min(2).max(64).describe('How many processes'),
    threads: z.number().int().positive().optional().describe('CPU threads of each process [the cores, divided]'),
    command: z.array(z.string()).default([]).describe('After --: the command, with its options'),
  }),
  details:
    'Example: dpo launch --workers 2 -- train --model ./my-model --data pairs.jsonl --output runs/first\n' +
    'Every batch is divided among the workers; the numbers are the same as from one process. When one worker ends with an\n' +
    `error, all end. Runs ${commandsOfWorkers.join(', ')}.\n` +
    'On several machines each process is started with TF_CONFIG: docs/many-machines.md.',
  run: async ({ workers, threads, command }, context) => {
    const words = commandsOfWorkers.find((each) => each.split(' ').every((word, i) => word === command[i]))?.split(' ');
    if (words === undefined)
      throw new DpoError(
        USAGE,
        command.length === 0
          ? 'dpo launch needs the command that the workers run, after --.'
          : `dpo launch cannot run ${command[0]}: workers share ${commandsOfWorkers.join(', ')}.`,
        { hint: 'Like this: dpo launch --workers 2 -- train --model …' },
      );
    const threadsOfEach = threads ?? Math.max(1, Math.floor(availableParallelism() / workers));
    const rest = command.slice(words.length);
    const namesThreads = rest.some((word) => word === '--threads' || word.startsWith('--threads='));
    const args = [...words, ...(namesThreads ? [] : ['--threads', String(threadsOfEach)]), ...rest];
    return launchWorkers(args, workers, context);
  },
});
