import { stopSchema } from '@dpo/run/command-line';
import { z } from 'zod';

/** The options of every command that samples. */
export const samplingOptions = {
  maxNewTokens: z.int().positive().default(128).describe('Longest answer, in tokens'),
  temperature: z.number().min(0).default(1).describe('0 always takes the likeliest token'),
  topP: z
    .number()
    .positive()
    .max(1)
    .optional()
    .describe('Draws from the likeliest tokens that hold this much probability'),
  topK: z.int().positive().optional().describe('Draws from this many likeliest tokens'),
  stop: stopSchema.describe('Ends an answer before this text; \\n in it is a line break'),
  samples: z.int().positive().default(1).describe('Answers to each prompt'),
  seed: z.int().default(0).describe('The same seed draws the same answers'),
} as const;
