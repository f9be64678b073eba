import { z } from 'zod';

/** The options of every command that runs a model. */
export const engineOptions = {
  engine: z.enum(['auto', 'tensorflow', 'wasm', 'cpu']).default('auto').describe('What computes'),
  precision: z.enum(['float32', 'bfloat16', 'auto']).default('float32').describe('Precision of matrix products'),
  threads: z.int().positive().optional().describe('CPU threads [all cores]'),
} as const;
