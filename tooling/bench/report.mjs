import { availableParallelism, cpus, release, totalmem, type } from 'node:os';
import { median } from './measure.mjs';
import { kinds } from './works.mjs';

/** The numbers of one work: medians over all timed steps of all repetitions; the highest peak of memory. */
export function summarise({ work, peer, ours }) {
  const { unit, perStep, peerName } = kinds[work.kind];
  const side = (outcomes) => {
    const stepSeconds = median(outcomes.flatMap((outcome) => outcome.stepSeconds));
    return {
      stepSeconds,
      perSecond: perStep(work) / stepSeconds,
      peakRssBytes: Math.max(...outcomes.map(({ peakRssBytes }) => peakRssBytes)),
    };
  };
  const [a, b] = [side(peer), side(ours)];
  return {
    name: work.name,
    title: work.title,
    unit,
    peerName,
    peer: a,
    ours: { ...b, firstStepSeconds: median(ours.map(({ firstStepSeconds }) => firstStepSeconds)) },
    speed: b.perSecond / a.perSecond,
    memory: b.peakRssBytes / a.peakRssBytes,
    disturbance: Math.max(...[...peer, ...ours].map((outcome) => outcome.disturbance)),
  };
}

/** A table in Markdown. */
export function table(summaries) {
  const rows = summaries.map(({ title, unit, peerName, peer, ours, speed, memory }) => [
    title,
    `${peerName} ${rate(peer.perSecond)} ${unit}/s`,
    `${rate(ours.perSecond)} ${unit}/s`,
    `**${speed.toFixed(1)}×**`,
    gigabytes(peer.peakRssBytes),
    gigabytes(ours.peakRssBytes),
    `${memory.toFixed(2)}×`,
    ours.firstStepSeconds.toFixed(1),
  ]);
  const head = ['work', 'peer', 'ours', 'speed', 'peer, GB', 'ours, GB', 'memory', 'our first step, s'];
  return [head, head.map(() => '---'), ...rows].map((cells) => `| ${cells.join(' | ')} |`).join('\n');
}

/** What this machine is. */
export function describeMachine(flags) {
  // The vector and matrix instructions that decide the speed of matrix products.
  const features = ['avx2', 'avx512f', 'avx512_bf16', 'amx_bf16'].filter((flag) => flags.includes(flag));
  return {
    cpu: cpus()[0]?.model.trim() || process.arch,
    cores: availableParallelism(),
    features,
    memoryBytes: totalmem(),
    system: `${type()} ${release().split('-')[0]}`,
  };
}

/** The machine and the versions, in two lines. */
export function machineText({ machine, results }) {
  const { cpu, cores, features, memoryBytes, system } = machine;
  const versions = Object.assign({}, ...results.flatMap(({ ours, peer }) => [ours[0].versions, peer[0].versions]));
  const list = Object.entries(versions).map(([name, version]) => `${name} ${version}`);
  const instructions = features.length === 0 ? '' : ` (${features.join(', ')})`;
  return [
    `${cpu}, ${cores} cores${instructions}, ${gigabytes(memoryBytes)} GB memory, ${system};`,
    `${list.join(', ')}.`,
  ].join('\n');
}

/** The whole of docs/benchmarks.md. */
export function document(report) {
  const { settings, date, results } = report;
  const summaries = results.map(summarise);
  const percent = Math.round(100 * Math.max(...summaries.map(({ disturbance }) => disturbance)));
  return `# Benchmarks

Written by \`pnpm bench\` on ${date}; [tooling/bench](../tooling/bench/README.md) says how, and repeats it elsewhere.

${table(summaries)}

Rates: medians over ${settings.repeat} runs of ${settings.steps} timed steps for each side, theirs and ours in alternation, each run in a process
of its own, after steps that are not timed. A step of training is a batch with everything that belongs to it: forward,
reference, backward, clipping, update, metrics. A step of generation is all prompts with all their new tokens. Memory: the
highest peak of resident memory in any run, reading and building the model included. "First step" traces, optimises and
runs the step. Other programs took up to ${percent} % of the processor's time during a run; they slow both sides, not always alike.

Machine: ${machineText(report)}
`;
}

const gigabytes = (bytes) => (bytes / 1e9).toFixed(1);
const rate = (perSecond) => (perSecond < 10 ? perSecond.toFixed(3) : perSecond.toFixed(0));
