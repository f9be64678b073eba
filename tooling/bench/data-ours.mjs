// Our side of the data benchmark: one task in a process of its own, its numbers as a line of JSON.
import { batches, convertPreferences, planPacking, readPreferences } from '@dpo/data';
import { loadTokenizer, openBatchEncoder } from '@dpo/models';
import { lengthsOf, plainFill } from './data-text.mjs';

const [task, ...args] = process.argv.slice(2);
const timed = async (work) => {
  const started = performance.now();
  const value = await work();
  return { value, seconds: (performance.now() - started) / 1000 };
};

const tasks = {
  convert: async (input, output) => ({ seconds: (await timed(() => convertPreferences(input, output))).seconds }),

  async iterate(path) {
    const opened = await timed(() => readPreferences(path));
    const { seconds, value } = await timed(() => {
      let units = 0;
      for (const { prompt, chosen, rejected } of opened.value) units += prompt.length + chosen.length + rejected.length;
      return units;
    });
    return { seconds, units: value, openSeconds: opened.seconds };
  },

  async tokenise(path, folder, way, rows) {
    const texts = [];
    const dataset = await readPreferences(path);
    for (let row = 0; row < Math.min(dataset.length, Number(rows)); row++) {
      const { prompt, chosen, rejected } = dataset.at(row);
      texts.push(prompt, chosen, rejected);
    }
    const bytes = texts.reduce((sum, text) => sum + Buffer.byteLength(text), 0);
    const tokenizer = await loadTokenizer(folder);
    const options = { here: { native: false, threads: 1 }, workers: { native: false }, native: {} }[way];
    const encoder = await openBatchEncoder(tokenizer, options);
    const { value, seconds } = await timed(() => encoder.encode(texts));
    await encoder.close();
    return { seconds, bytes, by: encoder.by, tokens: value.reduce((sum, ids) => sum + ids.length, 0) };
  },

  async pack(batchSize) {
    const lengths = lengthsOf(3200);
    const tokens = (length) => new Int32Array(length);
    const deal = batches(lengths.length, { batchSize: Number(batchSize), shuffle: true, seed: 0 });
    const steps = Math.floor(lengths.length / Number(batchSize));
    const rowsOf = (step) => [...deal.rows(step + 1)].map((row) => lengths[row]);
    const given = Array.from({ length: steps }, (_, step) => rowsOf(step));
    const groups = given.map((batch) =>
      batch.map(({ prompt, chosen, rejected }) => ({
        prompt: tokens(prompt),
        answers: [tokens(chosen), tokens(rejected)],
      })),
    );
    const planned = await timed(() => planPacking(groups));
    const packed = await timed(() => groups.flatMap((step) => planned.value.pack(step).map(({ batch }) => batch)));
    const all = given.flat().reduce((sum, { prompt, chosen, rejected }) => sum + prompt + chosen + rejected, 0);
    const cells = packed.value.reduce((sum, { rows, length }) => sum + rows * length, 0);
    return {
      seconds: packed.seconds / steps,
      planSeconds: planned.seconds,
      fill: all / cells,
      plainFill: plainFill(given),
    };
  },
};

const result = await tasks[task](...args);
const { maxRSS, userCPUTime, systemCPUTime } = process.resourceUsage();
const used = { peakRssBytes: maxRSS * 1024, cpuSeconds: (userCPUTime + systemCPUTime) / 1e6 };
process.stdout.write(`${JSON.stringify({ ...result, ...used, versions: { Node: process.versions.node } })}\n`);
