import type { StepRecord } from '@dpo/core';
import { expect, it } from 'vitest';
import { openSinks } from './open-sinks.js';
import type { Sink } from './sink.js';

const start = { folder: 'run', afterStep: 3, steps: 9 };
const record = { step: 4, loss: 1 } as unknown as StepRecord;
const warning = { code: 'gradient-not-finite', step: 4, message: 'Odd.', hint: 'Look.' } as const;

function recorder(name: string, lines: string[]): Required<Sink> {
  return {
    record: ({ step }, { margins }) => void lines.push(`${name} record ${step} ${margins.join()}`),
    samples: (step, text) => void lines.push(`${name} samples ${step} ${text}`),
    warning: ({ code }, repeated) => void lines.push(`${name} ${code} ${repeated}`),
    close: () => void lines.push(`${name} close`),
  };
}

it('calls sinks one after the other, functions that open sinks included, and only the calls that a sink has', async () => {
  const lines: string[] = [];
  const sink = await openSinks(
    [
      recorder('a', lines),
      async ({ afterStep, steps }) => recorder(`b ${afterStep}/${steps}`, lines),
      { record: () => void lines.push('c') },
    ],
    start,
  );
  await sink.record(record, { margins: [1, 2] });
  await sink.samples(4, 'text');
  await sink.warning(warning, true);
  await sink.close();
  expect(lines).toEqual([
    ...['a record 4 1,2', 'b 3/9 record 4 1,2', 'c', 'a samples 4 text', 'b 3/9 samples 4 text'],
    ...['a gradient-not-finite true', 'b 3/9 gradient-not-finite true', 'a close', 'b 3/9 close'],
  ]);
});

it('closes the sinks before a sink that cannot be opened', async () => {
  const lines: string[] = [];
  const failing = () => Promise.reject(new Error('no page'));
  await expect(openSinks([recorder('a', lines), failing, recorder('b', lines)], start)).rejects.toThrow('no page');
  expect(lines).toEqual(['a close']);
});
