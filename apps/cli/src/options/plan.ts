import { option } from '@dpo/run/command-line';
import { z } from 'zod';

const ofPlan = (key: string) => ({
  needs: [{ any: ['plan'], says: `{${key}} is about a plan: it needs {plan}.` }],
});

/** The options of `dpo train --plan`, besides those of the training. */
export const planOptions = {
  plan: option(
    z.boolean().default(false),
    'Prints what a step of one of several workers takes, from some steps that are thrown away, and trains nothing',
  ),
  workers: option(z.int().min(2).max(1024).default(2), 'How many workers are planned', ofPlan('workers')),
  bandwidth: option(z.number().positive().default(10), 'Gbit/s between workers, each way', ofPlan('bandwidth')),
  delay: option(z.number().min(0).default(0.1), 'Milliseconds from worker to worker', ofPlan('delay')),
  json: option(z.boolean().default(false), 'The plan as one JSON object', ofPlan('json')),
} as const;
