import { BUSY } from './measure.mjs';

/** The results of data.mjs as tables in Markdown. Times are not compared when other programs disturbed a run. */
export function dataTables({ bytes, results }) {
  const { convert, iterate, tokenise, pack, large } = results;
  const peak = (runs) => Math.max(...runs.map(({ peakRssBytes }) => peakRssBytes));
  const isDisturbed = (...sides) => sides.flat().some(({ disturbance = 0 }) => disturbance > BUSY);
  const ratio = (a, b) => (isDisturbed(a, b) ? 'disturbed' : `${(a.seconds / b.seconds).toFixed(2)}×`);
  const comparison = (work, size, rate, [peerName, peer], runs) => [
    work,
    `${peerName} ${rate(size / peer.seconds)}`,
    rate(size / runs.seconds),
    isDisturbed(peer, runs) ? 'disturbed' : `**${ratio(peer, runs)}**`,
    megabytes(peak(peer)),
    megabytes(peak(runs)),
  ];
  const text = tokenise.here[0].bytes;
  const speed = rows([
    ['work', 'peer', 'ours', 'speed', 'peer, MB', 'ours, MB'],
    comparison('JSONL to Arrow, of input', bytes.input, perSecond, ['datasets', convert.datasets], convert.ours),
    comparison('the same', bytes.input, perSecond, ['pyarrow', convert.pyarrow], convert.ours),
    comparison(
      'all rows of the Arrow file as strings',
      bytes.arrow,
      perSecond,
      ['datasets', iterate.datasets],
      iterate.ours,
    ),
    ...[tokenise.native, tokenise.workers, tokenise.here].map((runs) =>
      comparison(`tokenising, ${names[runs[0].by]}`, text, perSecond, ['tokenizers', tokenise.tokenizers], runs),
    ),
  ]);
  const threads = rows([
    ['tokenising by', 'beside one thread'],
    [names.workers, ratio(tokenise.here, tokenise.workers)],
    [names.native, ratio(tokenise.here, tokenise.native)],
  ]);
  const fill = rows([
    ['pairs to a step', 'filled, packed', 'filled, plain batches', 'planning the run, s', 'packing a step, ms'],
    ...pack.map((row) => [
      String(row.batch),
      percent(row.fill),
      percent(row.plainFill),
      row.planSeconds.toFixed(2),
      (1000 * row.seconds).toFixed(2),
    ]),
  ]);
  const size = large && [
    `Two million pairs (${gigabytes(bytes.large)} GB of JSONL, ${gigabytes(bytes.largeArrow)} GB of Arrow): written at`,
    `${perSecond(bytes.large / large.convert.seconds)} of input with a peak of ${megabytes(large.convert.peakRssBytes)} MB,`,
    `gone through at ${perSecond(bytes.largeArrow / large.iterate.seconds)} with ${megabytes(large.iterate.peakRssBytes)} MB.`,
  ];
  return [speed, threads, fill, ...(size ? [size.join('\n')] : [])].join('\n\n');
}

/** The whole of docs/benchmarks-data.md. `notes`, which people write, stands below the tables. */
export function dataDocument(report, notes) {
  const { date, machine, rows: count, repeat, bytes, tokenizer, results } = report;
  const all = [...Object.values(results.convert), ...Object.values(results.tokenise)].flat();
  const versions = Object.entries(Object.assign({}, ...all.map((result) => result.versions)));
  return `# Benchmarks of data

Written by \`node tooling/bench/data.mjs\` (${date}); [tooling/bench](../tooling/bench/README.md) says how.

${count.toLocaleString('en')} preference pairs with lengths as in Anthropic's HH, made up: ${megabytes(bytes.input)} MB of JSONL, ${megabytes(bytes.arrow)} MB of
Arrow. Medians of ${repeat} runs, each in a process of its own, all sides in turn. Memory is the highest peak of the process.

${dataTables(report)}

"Speed" is the peer's time by ours; "disturbed" stands where other programs took more than ${100 * BUSY} % of the processor. The peer \`datasets\` is its \`load_dataset("json")\` with an empty cache, which is how
its users open such a file; both sides check every row. Going through, every text becomes a string of the language. Packed,
a row holds prompts once and several pairs; a plain batch holds both sequences of each pair padded to the longest, as TRL's.
Tokenising: the first 10,000 pairs, tokenizer: ${tokenizer}; the peer works on all cores, and all sides gave the same number of
tokens.

Machine: ${machine.cpu}, ${machine.cores} cores, ${gigabytes(machine.memoryBytes)} GB memory, ${machine.system};
${versions.map(([name, version]) => `${name} ${version}`).join(', ')}.

${notes.trim()}
`;
}

const names = { here: 'one thread', workers: 'worker threads', native: 'the native library' };
const rows = ([head, ...cells]) =>
  [head, head.map(() => '---'), ...cells].map((row) => `| ${row.join(' | ')} |`).join('\n');
const perSecond = (rate) => (rate < 1e9 ? `${(rate / 1e6).toPrecision(3)} MB/s` : `${(rate / 1e9).toFixed(2)} GB/s`);
const megabytes = (bytes) => (bytes / 1e6).toFixed(0);
const gigabytes = (bytes) => (bytes / 1e9).toFixed(1);
const percent = (share) => `${(100 * share).toFixed(0)} %`;
