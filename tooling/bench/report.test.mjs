import { expect, it } from 'vitest';
import { leastDisturbed, median } from './measure.mjs';
import { mergeResults, peaksOf, phaseTable, summarise, table } from './report.mjs';
import { peerArguments, workArguments, works } from './works.mjs';

const run = (stepSeconds, gigabytes, more = {}) => ({
  stepSeconds,
  peakRssBytes: gigabytes * 1e9,
  disturbance: 0,
  ...more,
});
const peer = [run([4, 4, 9], 6), run([4, 4, 4], 5)];
const ours = [
  run([1, 1, 1], 3, { firstStepSeconds: 7, flops: 5e11, stepCpuSeconds: [1.9, 1.9, 2] }),
  run([1, 2, 1], 2, { firstStepSeconds: 9 }),
];
const training = { work: { name: 'w', kind: 'dpo', title: 'a work', batch: 2 }, peer, ours };
const generation = { work: { name: 'g', kind: 'generation', title: 'samples', rows: 8, answer: 50 }, peer, ours };

it('takes the median', () => {
  expect(median([3, 1, 2])).toBe(2);
  expect(median([4, 1, 2, 3])).toBe(2.5);
});

it('compares medians of speed and peaks of memory', () => {
  const summary = summarise(training);
  expect(summary.peer).toMatchObject({ stepSeconds: 4, perSecond: 0.5, peakRssBytes: 6e9 }); // 2 pairs in 4 s
  expect(summary.ours).toMatchObject({ stepSeconds: 1, perSecond: 2, peakRssBytes: 3e9, firstStepSeconds: 8 });
  expect([summary.speed, summary.memory]).toEqual([4, 0.5]);
});

it('counts the new tokens of all rows', () => {
  expect(summarise(generation).ours.perSecond).toBe(400); // 8 · 50 tokens in 1 s
});

it('writes a row for each work', () => {
  const alone = summarise({ ...training, peer: [] });
  // 500 GFLOP in a second; products alone reach 2000.
  const training2000 = summarise({ ...training, gigaflops: { float32: 2000 } });
  const lines = table([training2000, summarise(generation), alone]).split('\n');
  expect(lines.slice(2)).toEqual([
    '| a work | TRL 0.500 pairs/s | 2.000 pairs/s | **4.0×** | 6.0 | 3.0 | 0.50× | 1.00 | 8.0 |  | 1.90 | 25 % |',
    '| samples | transformers 100 tokens/s | 400 tokens/s | **4.0×** | 6.0 | 3.0 | 0.50× | 1.00 | 8.0 |  | 1.90 |  |',
    '| a work |  | 2.000 pairs/s |  |  | 3.0 |  | 1.00 | 8.0 |  | 1.90 |  |',
  ]);
});

it('tells phases of a step apart where programs do, by their medians', () => {
  const phases = (sampling, training) => ({ phases: { sampling, training } });
  const rloo = {
    work: { name: 'r', kind: 'rloo', title: 'an update', batch: 2, samples: 4 },
    peer: [run([9, 9], 6, phases([6, 6], [3, 3]))],
    ours: [run([2, 3], 3, { firstStepSeconds: 7, ...phases([1, 2], [1, 1]) })],
  };
  expect(summarise(rloo).ours.perSecond).toBe(3.2); // 8 samples in 2.5 s
  expect(
    phaseTable([summarise(training), summarise(rloo)])
      .split('\n')
      .slice(2),
  ).toEqual([
    '| an update | sampling | TRL 6.00 | 1.50 | **4.0×** |',
    '| an update | training | TRL 3.00 | 1.00 | **3.0×** |',
  ]);
  expect(phaseTable([summarise(training)])).toBe('');
});

it('leaves out times that other programs disturbed, and says so', () => {
  const disturbedPeer = [run([4, 4, 4], 6, { disturbance: 0.52 })];
  const summary = summarise({ ...training, peer: disturbedPeer, gigaflops: { float32: 2000 } });
  expect([summary.speed, summary.ofPeak, summary.memory]).toEqual([undefined, undefined, 0.5]);
  expect(table([summary]).split('\n')[2]).toBe(
    '| a work (no times: others took 52 % of the processor) |  |  |  | 6.0 | 3.0 | 0.50× |  |  |  | 1.90 |  |',
  );
  const quiet = summarise({ ...training, peer: [run([4, 4, 4], 6, { disturbance: 0.05 })] });
  expect(quiet.speed).toBe(4);
});

it('repeats disturbed runs, and takes the least disturbed one', async () => {
  const outcomeOf = async (...shares) => {
    const disturbances = [];
    const outcome = await leastDisturbed(
      async () => ({ disturbance: shares[disturbances.length] }),
      ({ disturbance }) => disturbances.push(disturbance),
    );
    return { disturbance: outcome.disturbance, runs: disturbances.length };
  };
  expect(await outcomeOf(0.05)).toEqual({ disturbance: 0.05, runs: 1 });
  expect(await outcomeOf(0.06, 0.01)).toEqual({ disturbance: 0.01, runs: 2 });
  expect(await outcomeOf(0.5, 0.02)).toEqual({ disturbance: 0.02, runs: 2 });
  expect(await outcomeOf(0.5, 0.3, 0.4)).toEqual({ disturbance: 0.3, runs: 3 });
});

it('gives both sides the same arguments', () => {
  const [first] = works;
  expect(workArguments({ ...first, precomputeReference: true }, 3).join(' ')).toBe(
    '--prompt 384 --answer 64 --batch 2 --precision float32 --steps 3 --precompute-reference',
  );
  const lora = works.find(({ name }) => name === 'smollm2-lora');
  expect(workArguments({ ...lora, activationCheckpointing: true }, 1).join(' ')).toBe(
    '--model smollm2 --prompt 128 --answer 64 --batch 4 --precision float32 --lora-rank 16 --steps 1 --activation-checkpointing',
  );
  const frozen = works.find(({ name }) => name === 'smollm2-lora-frozen-bfloat16');
  expect(workArguments(frozen, 1).join(' ')).toContain('--precision bfloat16 --lora-rank 16 --base-dtype bfloat16');
  const best = works.find(({ name }) => name === 'generation-128-bfloat16');
  if (best === undefined) throw new Error('The row is missing.');
  expect(workArguments(best, 1).join(' ')).toBe('--prompt 16 --answer 64 --rows 128 --precision bfloat16 --steps 1');
  expect(peerArguments(best)).toEqual(['--batches', '32,64,128']);
});

it('replaces old measurements of the same machine by new ones', () => {
  const result = (name, date) => ({ work: { name }, date });
  const older = { machine: { cpu: 'a' }, results: [result('x', 1), result('y', 1), result('gone', 1)] };
  const newer = { machine: { cpu: 'a' }, results: [result('z', 2), result('x', 2)] };
  const names = ['x', 'y', 'z'];
  expect(mergeResults(older, newer, names).results).toEqual([result('x', 2), result('y', 1), result('z', 2)]);
  const elsewhere = { ...newer, machine: { cpu: 'b' } };
  expect(mergeResults(older, elsewhere, names).results).toEqual([result('x', 2), result('z', 2)]);
  expect(mergeResults(undefined, newer, names).results).toHaveLength(2);
});

it('takes the highest rate of products of all runs', () => {
  const results = [{ gigaflops: { float32: 97 } }, { gigaflops: { float32: 147, bfloat16: 300 } }, {}];
  expect(peaksOf(results)).toEqual({ float32: 147, bfloat16: 300 });
});
