import { readFileSync } from 'node:fs';
import { availableParallelism, cpus, release, totalmem, type } from 'node:os';
import { median } from './measure.mjs';

/** The numbers of one work: medians over all timed steps of all rounds; the highest peak of memory. */
export function summarise({ work, trl, ours }) {
  const side = (rounds) => ({
    pairsPerSecond: work.batch / median(rounds.flatMap(({ stepSeconds }) => stepSeconds)),
    peakRssBytes: Math.max(...rounds.map(({ peakRssBytes }) => peakRssBytes)),
  });
  const [a, b] = [side(trl), side(ours)];
  return {
    work,
    trl: a,
    ours: { ...b, firstStepSeconds: median(ours.map(({ firstStepSeconds }) => firstStepSeconds)) },
    speed: b.pairsPerSecond / a.pairsPerSecond,
    memory: b.peakRssBytes / a.peakRssBytes,
  };
}

/** A table in Markdown. */
export function table(summaries) {
  const rows = summaries.map(({ work, trl, ours, speed, memory }) => [
    work.title,
    trl.pairsPerSecond.toFixed(3),
    ours.pairsPerSecond.toFixed(3),
    `${speed.toFixed(1)}×`,
    gigabytes(trl.peakRssBytes),
    gigabytes(ours.peakRssBytes),
    `${memory.toFixed(2)}×`,
    ours.firstStepSeconds.toFixed(1),
  ]);
  const head = ['work', 'TRL pairs/s', 'ours pairs/s', 'speed', 'TRL GB', 'ours GB', 'memory', 'our first step, s'];
  return [head, head.map(() => '---'), ...rows].map((cells) => `| ${cells.join(' | ')} |`).join('\n');
}

/** The machine and the versions, in one paragraph. */
export function machine(results) {
  const { trl, ours } = results[0];
  const versions = { ...ours[0].versions, ...trl[0].versions };
  const list = Object.entries(versions).map(([name, version]) => `${name} ${version}`);
  const features = cpuFeatures();
  return [
    `${cpus()[0]?.model.trim() || process.arch}, ${availableParallelism()} cores${features === '' ? '' : ` (${features})`},`,
    `${gigabytes(totalmem())} GB memory, ${type()} ${release().split('-')[0]}; ${list.join(', ')}.`,
  ].join('\n');
}

/** The whole of docs/benchmarks.md. */
export function document(results, { rounds, steps, date }) {
  const loads =
    'Other work on the machine slows both sides, not always alike: trust ratios more than absolute numbers.';
  return `# Benchmarks

Written by \`pnpm bench\` on ${date}; [tooling/bench](../tooling/bench/README.md) says how, and repeats it elsewhere.

${table(results.map(summarise))}

Pairs per second: medians over ${rounds} rounds of ${steps} timed steps for each side, TRL and ours in alternation, each
round in a process of its own, after two steps that are not timed. Memory: the highest peak of resident memory in any
round, reading and building the model included. "First step" traces, optimises and runs the step. ${loads}

Machine: ${machine(results)}
`;
}

const gigabytes = (bytes) => (bytes / 1e9).toFixed(1);

/** The vector and matrix instructions that decide the speed of matrix products. */
function cpuFeatures() {
  try {
    const flags = new Set(/^flags\s*:(.*)$/m.exec(readFileSync('/proc/cpuinfo', 'utf8'))?.[1]?.trim().split(' '));
    return ['avx2', 'avx512f', 'avx512_bf16', 'amx_bf16'].filter((flag) => flags.has(flag)).join(', ');
  } catch {
    return ''; // Only Linux has the file.
  }
}
