import type { OpenEngineOptions } from '@dpo/engine';
import { z } from 'zod';

/** The options of every command that runs a model. */
export const engineOptions = {
  engine: z.enum(['auto', 'tensorflow', 'wasm', 'cpu']).default('auto').describe('What computes'),
  precision: z.enum(['float32', 'bfloat16', 'auto']).default('float32').describe('Precision of matrix products'),
  threads: z.int().positive().optional().describe('CPU threads [all cores]'),
  device: z
    .string()
    .regex(/^(auto|cpu|gpu|gpu:\d+)$/, 'must be auto, cpu, gpu or gpu:N')
    .default('auto')
    .describe('What TensorFlow computes on: auto, cpu, gpu or gpu:N'),
  memoryLimit: z.number().positive().optional().describe('GiB of the device’s memory that tensors may take'),
  xla: z.boolean().default(false).describe('Compiles by XLA: for GPUs'),
  tf32: z.boolean().default(false).describe('Rounds inputs of float32 products on GPUs to TensorFloat-32'),
} as const;

/** What was chosen of them. */
export interface EngineChoice {
  readonly engine: NonNullable<OpenEngineOptions['kind']>;
  readonly precision: NonNullable<OpenEngineOptions['precision']>;
  readonly threads?: number | undefined;
  readonly device?: string | undefined;
  readonly memoryLimit?: number | undefined;
  readonly xla?: boolean | undefined;
  readonly tf32?: boolean | undefined;
}

/** The same as `openEngine` takes them. */
export function engineSettings(options: EngineChoice): OpenEngineOptions {
  const { engine: kind, precision, threads, device, memoryLimit, xla, tf32 } = options;
  return {
    kind,
    precision,
    threads,
    device: device as OpenEngineOptions['device'],
    memoryLimit: memoryLimit === undefined ? undefined : Math.floor(memoryLimit * 2 ** 30),
    xla,
    tf32,
  };
}
