// `pnpm bench`: our training steps beside TRL's on this machine. See README.md.
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { nearest } from '@dpo/base';
import { writeFileAtomic } from '@dpo/base/files';
import { measure } from './measure.mjs';
import { peerPython } from './python.mjs';
import { document, machine, summarise, table } from './report.mjs';
import { works } from './works.mjs';

const output = fileURLToPath(new URL('../../docs/benchmarks.md', import.meta.url));
const say = (line) => process.stderr.write(`${line}\n`);

const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '3' },
    steps: { type: 'string', default: '4' },
    only: { type: 'string', multiple: true, default: [] },
    write: { type: 'boolean', default: false },
  },
});
const settings = { rounds: count('rounds'), steps: count('steps') };
const chosen = values.only.length === 0 ? works : values.only.map(workNamed);

say(`Measuring ${chosen.length} works, ${settings.rounds} rounds of ${settings.steps} steps each …`);
const results = await measure(chosen, { ...settings, python: peerPython(say), say });
process.stdout.write(`${table(results.map(summarise))}\n\n${machine(results)}\n`);
if (values.write) {
  const date = new Date().toISOString().slice(0, 10);
  await writeFileAtomic(output, document(results, { ...settings, date }));
  say(`Written to ${output}.`);
}

function count(name) {
  const value = Number(values[name]);
  if (!Number.isInteger(value) || value < 1) fail(`--${name} must be a positive integer, not ${values[name]}.`);
  return value;
}

function workNamed(name) {
  const names = works.map((work) => work.name);
  const work = works.find((candidate) => candidate.name === name);
  return work ?? fail(`There is no work "${name}". Did you mean ${nearest(name, names) ?? names.join(', ')}?`);
}

function fail(message) {
  say(`Error: ${message}`);
  process.exit(2);
}
