import type { OpenEngineOptions } from '@dpo/engine';
import { z } from 'zod';
import { option } from './option.js';

/** The options of every command that runs a model. */
export const engineOptions = {
  engine: option(
    z.enum(['auto', 'tensorflow', 'webgpu', 'tfjs-node', 'wasm', 'cpu']).default('auto'),
    'What computes',
    {
      onResume: 'free',
    },
  ),
  precision: option(z.enum(['float32', 'bfloat16', 'auto']).default('float32'), 'Precision of matrix products'),
  threads: option(z.int().positive().optional(), 'CPU threads [all cores]', {
    onResume: 'free',
    ofWorker: true,
  }),
  device: option(
    z
      .string()
      .regex(/^(auto|cpu|gpu|gpu:\d+)$/, 'must be auto, cpu, gpu or gpu:N')
      .default('auto'),
    'What TensorFlow or WebGPU computes on: auto, cpu, gpu or gpu:N',
    { onResume: 'free', ofWorker: true },
  ),
  memoryLimit: option(z.number().positive().optional(), 'GiB of the device’s memory that tensors may take', {
    onResume: 'free',
    ofWorker: true,
  }),
  xla: option(z.boolean().default(false), 'Compiles with XLA, for GPUs', { onResume: 'free' }),
  tf32: option(z.boolean().default(false), 'Rounds inputs of float32 products on GPUs to TensorFloat-32'),
} as const;

/** The values of {@link engineOptions}, by their keys. */
export interface EngineChoice {
  readonly engine: NonNullable<OpenEngineOptions['kind']>;
  readonly precision: NonNullable<OpenEngineOptions['precision']>;
  readonly threads?: number | undefined;
  readonly device?: string | undefined;
  readonly memoryLimit?: number | undefined;
  readonly xla?: boolean | undefined;
  readonly tf32?: boolean | undefined;
}

/** The values as `openEngine` takes them; `memoryLimit` becomes bytes. The context's notes get the engine's warnings. */
export function engineSettings(
  options: EngineChoice,
  context?: { readonly note: (line: string) => void },
): OpenEngineOptions {
  const { engine: kind, precision, threads, device, memoryLimit, xla, tf32 } = options;
  return {
    kind,
    precision,
    threads,
    device: device as OpenEngineOptions['device'],
    memoryLimit: memoryLimit === undefined ? undefined : Math.floor(memoryLimit * 2 ** 30),
    xla,
    tf32,
    onWarning: context?.note,
  };
}
