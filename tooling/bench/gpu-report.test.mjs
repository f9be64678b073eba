import { expect, it } from 'vitest';
import { gpuTable, reportOf } from './gpu-report.mjs';

const results = [
  { work: { kind: 'parity', mode: 'float32' }, numbers: { difference: 0.000012 } },
  { work: { kind: 'products', mode: 'float32' }, numbers: { gigaflops: 50_000 } },
  {
    work: { kind: 'step', mode: 'float32' },
    numbers: { stepSeconds: 0.25, pairsPerSecond: 64, gigaflops: 20_000, memoryBytes: 12e9, firstStepSeconds: 9 },
  },
  { work: { kind: 'step', mode: 'bfloat16' }, error: 'ended with 1: no\nmore' },
];

it('writes a row for each mode, with its failures', () => {
  expect(gpuTable(results).split('\n').slice(2)).toEqual([
    '| float32 | 50.00 | 0.250 | 64.0 | 20.00 | 12.0 | 9.0 |  | 1.2e-5 |',
    '| bfloat16 |  | failed | failed | failed | failed | failed |  |  |',
  ]);
});

it('says what was measured, and that small cases say nothing of GPUs', () => {
  const machine = { cpu: 'a processor', cores: 4, engine: 'TensorFlow', gpu: undefined };
  const step = { shape: 'gpt2', batch: 2, prompt: 32, answer: 16 };
  const sampling = { shape: 'smollm2', rows: 4, answer: 8 };
  const text = reportOf({ date: '2000-01-01', small: true, machine, step, sampling, results });
  expect(text).toContain('these numbers say nothing of GPUs');
  expect(text).toContain('2 pairs of 32 + 16 + 16 tokens');
  expect(text).toContain('Failed: step, bfloat16: ended with 1: no\n');
});
