import { rungNames } from '@dpo/eval';
import { place } from '@dpo/run/command-line';
import { z } from 'zod';

/** The options of `dpo eval winrate` for a judge behind an address. */
export const endpointOptions = {
  judgeModel: z.string().optional().describe('The name of the model at the address'),
  judgeKeyEnv: z
    .string()
    .regex(/^[A-Za-z_]\w*$/, 'must be the name of a variable of the environment, never the key itself')
    .default('OPENAI_API_KEY')
    .describe("The environment's variable that holds the key"),
  judgeReply: z
    .enum(['auto', ...rungNames])
    .default('auto')
    .describe('How the judge is asked for its verdict [the first way that works]'),
  judgeTemperature: z.number().min(0).default(0).describe('Temperature of the judge'),
  judgeTokens: z.int().positive().default(1024).describe('Longest reply of the judge, in tokens'),
  judgeTimeout: z.number().positive().default(300).describe('Longest time for a reply, in seconds'),
  concurrency: z.int().positive().max(256).default(4).describe('Most questions at a time'),
  prices: place('input')
    .optional()
    .describe('A JSON file of prices: {"MODEL": {"input": 1, "output": 2}} to a million tokens'),
  maxCost: z.number().min(0).optional().describe('Money that may be spent, in the currency of --prices'),
  cache: z.boolean().default(true).describe('Keeps replies that were paid for'),
} as const;
