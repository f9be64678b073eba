import { availableParallelism, cpus, release, totalmem, type } from 'node:os';
import { BUSY, median } from './measure.mjs';
import { kinds } from './works.mjs';

/**
 * The numbers of one work: medians over all timed steps of all repetitions, and the highest peak of memory. Without a peer, its
 * numbers and the ratios are undefined. `ofPeak` is our step's share of the rate of the machine's matrix products (`gigaflops`,
 * in GFLOP/s by precision). When other programs took more than `BUSY` of the processor during a run, the summary is `disturbed`
 * and has no times: the processor's seconds and the memory alone.
 */
export function summarise({ work, peer, ours, gigaflops = {} }) {
  const { unit, perStep, peerName } = kinds[work.kind];
  const side = (outcomes) => {
    const stepSeconds = median(outcomes.flatMap((outcome) => outcome.stepSeconds));
    // Programs that do not measure the processor's time of each step leave it out, and so do older results.
    const cpuSeconds = outcomes.flatMap(({ stepCpuSeconds = [] }) => stepCpuSeconds);
    return {
      stepSeconds,
      cpuSeconds: cpuSeconds.length === 0 ? undefined : median(cpuSeconds),
      perSecond: perStep(work) / stepSeconds,
      peakRssBytes: Math.max(...outcomes.map(({ peakRssBytes }) => peakRssBytes)),
    };
  };
  const a = peer.length === 0 ? undefined : side(peer);
  const b = side(ours);
  const peak = gigaflops[work.precision ?? 'float32'];
  const { flops } = ours[0];
  const disturbance = Math.max(...[...peer, ...ours].map((outcome) => outcome.disturbance));
  const isDisturbed = disturbance > BUSY;
  const phases = Object.keys(ours[0].phases ?? {}).map((name) => ({
    name,
    ours: phaseSeconds(ours, name),
    peer: peer.length === 0 ? undefined : phaseSeconds(peer, name),
  }));
  return {
    name: work.name,
    title: work.title,
    unit,
    peerName,
    peer: a,
    ours: { ...b, firstStepSeconds: median(ours.map(({ firstStepSeconds }) => firstStepSeconds)) },
    speed: isDisturbed ? undefined : a && b.perSecond / a.perSecond,
    memory: a && b.peakRssBytes / a.peakRssBytes,
    ofPeak: isDisturbed || flops === undefined || peak === undefined ? undefined : flops / b.stepSeconds / (peak * 1e9),
    disturbance,
    disturbed: isDisturbed,
    phases,
  };
}

/** The median seconds of a phase of a step. */
function phaseSeconds(outcomes, name) {
  return median(outcomes.flatMap(({ phases }) => phases[name]));
}

/** A table of the phases of works that have phases, in Markdown; an empty text when there is no such work. */
export function phaseTable(summaries) {
  const rows = summaries.flatMap(({ title, peerName, phases, disturbed }) =>
    phases.map(({ name, ours, peer }) => [
      title,
      name,
      peer === undefined || disturbed ? '' : `${peerName} ${peer.toFixed(2)}`,
      disturbed ? '' : ours.toFixed(2),
      peer === undefined || disturbed ? '' : `**${(peer / ours).toFixed(1)}×**`,
    ]),
  );
  if (rows.length === 0) return '';
  const head = ['work', 'phase', 'peer, s', 'ours, s', 'speed'];
  return [head, head.map(() => '---'), ...rows].map((cells) => `| ${cells.join(' | ')} |`).join('\n');
}

/** A table in Markdown. */
export function table(summaries) {
  const rows = summaries.map(({ title, unit, peerName, peer, ours, speed, memory, ofPeak, disturbance, disturbed }) => [
    disturbed ? `${title} (no times: others took ${(100 * disturbance).toFixed(0)} % of the processor)` : title,
    peer === undefined || disturbed ? '' : `${peerName} ${rate(peer.perSecond)} ${unit}/s`,
    disturbed ? '' : `${rate(ours.perSecond)} ${unit}/s`,
    speed === undefined ? '' : `**${speed.toFixed(1)}×**`,
    peer === undefined ? '' : gigabytes(peer.peakRssBytes),
    gigabytes(ours.peakRssBytes),
    memory === undefined ? '' : `${memory.toFixed(2)}×`,
    disturbed ? '' : ours.stepSeconds.toFixed(2),
    disturbed ? '' : ours.firstStepSeconds.toFixed(1),
    peer?.cpuSeconds === undefined ? '' : peer.cpuSeconds.toFixed(2),
    ours.cpuSeconds === undefined ? '' : ours.cpuSeconds.toFixed(2),
    ofPeak === undefined ? '' : `${(100 * ofPeak).toFixed(0)} %`,
  ]);
  const head = ['work', 'peer', 'ours', 'speed', 'peer, GB', 'ours, GB', 'memory'];
  head.push('our step, s', 'our first step, s', 'peer, CPU s', 'ours, CPU s', 'of matmul peak');
  return [head, head.map(() => '---'), ...rows].map((cells) => `| ${cells.join(' | ')} |`).join('\n');
}

/** The machine: processor, memory, system. */
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

/** The highest rates of matrix products of all runs, since every disturbance lowers a rate. */
export function peaksOf(results) {
  const peaks = {};
  for (const { gigaflops = {} } of results)
    for (const [precision, rate] of Object.entries(gigaflops)) peaks[precision] = Math.max(rate, peaks[precision] ?? 0);
  return peaks;
}

/** The machine and the versions, in a few lines. */
export function machineText({ machine, results }) {
  const { cpu, cores, features, memoryBytes, system } = machine;
  const versions = Object.assign({}, ...results.flatMap(({ ours, peer }) => [ours[0].versions, peer[0]?.versions]));
  const list = Object.entries(versions).map(([name, version]) => `${name} ${version}`);
  const instructions = features.length === 0 ? '' : ` (${features.join(', ')})`;
  const peaks = peaksOf(results);
  const products = Object.entries(peaks)
    .map(([precision, value]) => `${precision} ${value.toFixed(0)} GFLOP/s`)
    .join(', ');
  return [
    `${cpu}, ${cores} cores${instructions}, ${gigabytes(memoryBytes)} GB memory, ${system};`,
    ...(products === '' ? [] : [`matrix products of 2048 × 2048: ${products};`]),
    `${list.join(', ')}.`,
  ].join('\n');
}

/**
 * Replaces older measurements by newer ones of the same works, in the order of `names`. Older measurements of another machine are left
 * out, since a table is of one machine.
 */
export function mergeResults(older, newer, names) {
  const areEqual = (a, b) => JSON.stringify(a) === JSON.stringify(b);
  const olderResults = older !== undefined && areEqual(older.machine, newer.machine) ? older.results : [];
  const newNames = new Set(newer.results.map(({ work }) => work.name));
  const results = [...olderResults.filter(({ work }) => !newNames.has(work.name)), ...newer.results];
  const place = ({ work }) => names.indexOf(work.name);
  return {
    machine: newer.machine,
    results: results.filter((result) => place(result) >= 0).sort((a, b) => place(a) - place(b)),
  };
}

/** The whole of docs/benchmarks.md. `notes`, which people write, stands below the table. */
export function document(report, notes = '') {
  const { results } = report;
  const gigaflops = peaksOf(results);
  const summaries = results.map((result) => summarise({ ...result, gigaflops }));
  const percent = Math.round(100 * Math.max(...summaries.map(({ disturbance }) => disturbance)));
  const dates = [...new Set(results.map(({ date }) => date))].sort().join(', ');
  const most = (pick) => Math.max(...results.map(pick));
  const least = (pick) => Math.min(...results.map(pick));
  const span = (pick) => (least(pick) === most(pick) ? `${most(pick)}` : `${least(pick)} to ${most(pick)}`);
  return `# Benchmarks

Written by \`pnpm bench\` (${dates}); [tooling/bench](../tooling/bench/README.md) says how, and repeats it elsewhere.

${[table(summaries), phaseTable(summaries)].filter((part) => part !== '').join('\n\n')}

Rates: medians over all timed steps (runs of each side: ${span(({ ours }) => ours.length)}; timed steps of a run:
${span(({ ours }) => ours[0].stepSeconds.length)}), theirs and ours in alternation, each run in a process of its own, after steps that are not timed.
A step of training is a batch with everything that belongs to it: forward, reference, backward, clipping, update, metrics. A
step of generation is all prompts with all their new tokens. Memory: the highest peak of resident memory in any run, reading
and building the model included. "First step" traces, optimises and runs the step. "CPU s": the processor's seconds of a step,
of all threads, which other programs disturb little. "Of matmul peak": the operations of the
step's matrix products ([flops.mjs](../tooling/bench/flops.mjs)) by its time, beside the most that large matrix products
reached alone.
Other programs took up to ${percent} % of the processor's time during a run; they slow both sides, not always alike. A run during
which they took more than ${100 * BUSY} % is made again; a row that was disturbed even so has no times.

Machine: ${machineText(report)}
${notes === '' ? '' : `\n${notes.trim()}\n`}`;
}

const gigabytes = (bytes) => (bytes / 1e9).toFixed(1);
const rate = (perSecond) => (perSecond < 10 ? perSecond.toFixed(3) : perSecond.toFixed(0));
