// Measures matrix products on this machine, in a process of its own. Prints one line of JSON: GFLOP/s by precision.
import { openEngine } from '@dpo/engine';
import { productRate } from './products.mjs';

const engine = await openEngine({ kind: 'tensorflow' });
const gigaflops = {};
for (const precision of /** @type {import('@dpo/engine').Precision[]} */ (['float32', ...process.argv.slice(2)]))
  gigaflops[precision] = await productRate(engine, { precision });
process.stdout.write(`${JSON.stringify({ gigaflops })}\n`);
await engine.dispose();
