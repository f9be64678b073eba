import { availableParallelism } from 'node:os';
import { DpoError } from '@dpo/base';
import { USAGE } from '@dpo/run/command-line';
import { z } from 'zod';
import { defineCommand } from '../command/define.js';
import { launchWorkers } from '../session/launch-workers.js';

/** Commands that several workers can do together. */
const commandsOfWorkers = ['train', 'sft'];

/** `dpo launch`: a training by several processes on this machine. */
export const launchCommand = defineCommand({
  name: 'launch',
  summary: 'Train by several processes on this machine',
  passesOn: 'command',
  options: z.strictObject({
    workers: z.number().int().min(2).max(64).describe('How many processes'),
    threads: z.number().int().positive().optional().describe('CPU threads of each process [the cores, divided]'),
    command: z.array(z.string()).default([]).describe('After --: the command, with its options'),
  }),
  details:
    'Example: dpo launch --workers 2 -- train --model ./my-model --data pairs.jsonl --output runs/first\n' +
    'Every batch is divided among the workers; the numbers are the same as from one process. When one worker ends with an\n' +
    'error, all end. On several machines each process is started with TF_CONFIG: docs/many-machines.md.',
  run: async ({ workers, threads, command }, context) => {
    const [name, ...rest] = command;
    if (name === undefined || !commandsOfWorkers.includes(name))
      throw new DpoError(
        USAGE,
        name === undefined
          ? 'dpo launch needs the command that the workers run, after --.'
          : `dpo launch cannot run ${name}: workers share ${commandsOfWorkers.join(' and ')}.`,
        { hint: 'Like this: dpo launch --workers 2 -- train --model …' },
      );
    const threadsOfEach = threads ?? Math.max(1, Math.floor(availableParallelism() / workers));
    const namesThreads = rest.some((word) => word === '--threads' || word.startsWith('--threads='));
    const args = [name, ...(namesThreads ? [] : ['--threads', String(threadsOfEach)]), ...rest];
    return launchWorkers(args, workers, context);
  },
});
