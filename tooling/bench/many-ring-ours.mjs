// One worker of the ring benchmark. Prints one line of JSON: seconds of each sum.
import { alone, openEngine, waitForWorkers } from '@dpo/engine';
import { clusterHere } from './many-workers.mjs';

const [megabytes, runs] = process.argv.slice(2).map(Number);
const cluster = clusterHere();
const engine = await openEngine({ kind: 'tensorflow', threads: 1, cluster });
await waitForWorkers(cluster, { seconds: 60 });
const { collective = alone } = engine;
const timeOf = async (numbers) => {
  const buffer = new Float32Array(numbers).fill(1);
  const seconds = [];
  for (let run = 0; run < runs + 1; run++) {
    await collective.gather([0]); // all begin together
    const start = performance.now();
    await collective.sum([buffer]);
    seconds.push((performance.now() - start) / 1000);
  }
  if (buffer[0] !== collective.size ** (runs + 1)) throw new Error(`The sum is ${buffer[0]}.`);
  return seconds.slice(1);
};
const result = { large: await timeOf((megabytes * 1e6) / 4), small: await timeOf(64) };
await collective.gather([]);
process.stdout.write(`${JSON.stringify(result)}\n`);
await engine.dispose();
