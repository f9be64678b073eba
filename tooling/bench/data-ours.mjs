// Our side of the data benchmark: one task in a process of its own. Prints the numbers as a line of JSON.
import { batches, convertPreferences, planPacking, readPreferences } from '@dpo/data';
import { loadTokenizer, openBatchEncoder } from '@dpo/models';
import { lengthsOf, plainFill } from './data-text.mjs';

const [task, ...args] = process.argv.slice(2);
const timeOf = async (work) => {
  const start = performance.now();
  const value = await work();
  return { value, seconds: (performance.now() - start) / 1000 };
};

const tasks = {
  convert: async (input, output) => ({ seconds: (await timeOf(() => convertPreferences(input, output))).seconds }),

  async iterate(path) {
    const opening = await timeOf(() => readPreferences(path));
    const { seconds, value } = await timeOf(() => {
      let units = 0;
      for (const { prompt, chosen, rejected } of opening.value)
        units += prompt.length + chosen.length + rejected.length;
      return units;
    });
    return { seconds, units: value, openSeconds: opening.seconds };
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
    const { value, seconds } = await timeOf(() => encoder.encode(texts));
    await encoder.close();
    return { seconds, bytes, by: encoder.by, tokens: value.reduce((sum, ids) => sum + ids.length, 0) };
  },

  async pack(batchSize) {
    const lengths = lengthsOf(3200);
    const tokens = (length) => new Int32Array(length);
    const deal = batches(lengths.length, { batchSize: Number(batchSize), shuffle: true, seed: 0 });
    const steps = Math.floor(lengths.length / Number(batchSize));
    const rowsOf = (step) => [...deal.rows(step + 1)].map((row) => lengths[row]);
    const lengthsOfSteps = Array.from({ length: steps }, (_, step) => rowsOf(step));
    const groups = lengthsOfSteps.map((batch) =>
      batch.map(({ prompt, chosen, rejected }) => ({
        prompt: tokens(prompt),
        answers: [tokens(chosen), tokens(rejected)],
      })),
    );
    const planning = await timeOf(() => planPacking(groups));
    const packing = await timeOf(() => groups.flatMap((step) => planning.value.pack(step).map(({ batch }) => batch)));
    const all = lengthsOfSteps
      .flat()
      .reduce((sum, { prompt, chosen, rejected }) => sum + prompt + chosen + rejected, 0);
    const cells = packing.value.reduce((sum, { packedRows, length }) => sum + packedRows * length, 0);
    return {
      seconds: packing.seconds / steps,
      planSeconds: planning.seconds,
      fill: all / cells,
      plainFill: plainFill(lengthsOfSteps),
    };
  },
};

const result = await tasks[task](...args);
const { maxRSS, userCPUTime, systemCPUTime } = process.resourceUsage();
const usage = { peakRssBytes: maxRSS * 1024, cpuSeconds: (userCPUTime + systemCPUTime) / 1e6 };
process.stdout.write(`${JSON.stringify({ ...result, ...usage, versions: { Node: process.versions.node } })}\n`);
