// `node tooling/bench/data.mjs`: reading, iterating, tokenising and packing of preference data, beside Python's libraries. See README.md.
import { spawnSync } from 'node:child_process';
import { copyFile, mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { writeFileAtomic } from '@dpo/base/files';
import { cpuFlags } from '@dpo/engine';
import { dataDocument, dataTables } from './data-report.mjs';
import { writePairs } from './data-text.mjs';
import { leastDisturbed, median, runOnce as run } from './measure.mjs';
import { readOptions, say } from './options.mjs';
import { peerPython } from './python.mjs';
import { describeMachine } from './report.mjs';

const file = (name) => fileURLToPath(new URL(name, import.meta.url));
const options = {
  rows: { type: 'string', default: '200000' },
  repeat: { type: 'string', default: '3' },
  tokenizer: { type: 'string' },
  large: { type: 'boolean', default: false },
  write: { type: 'boolean', default: false },
};
const { values, count } = readOptions(options);
const [rows, repeat] = [count('rows'), count('repeat')];
const folder = await mkdtemp(join(tmpdir(), 'dpo-bench-data-'));
const at = (name) => join(folder, name);
try {
  const python = peerPython(say);
  const tokenizer = values.tokenizer ?? (await smallTokenizer());
  say(`Writing ${rows} pairs …`);
  await writePairs(at('pairs.jsonl'), rows);
  const bytes = { input: (await stat(at('pairs.jsonl'))).size };

  const offline = { HF_DATASETS_OFFLINE: '1', HF_HUB_OFFLINE: '1', HF_DATASETS_DISABLE_PROGRESS_BARS: '1' };
  const ours = (...args) => run([process.execPath, file('data-ours.mjs')], args);
  const peer = (...args) => run([python, file('data_peer.py')], args, { ...process.env, ...offline });
  const results = {
    convert: await alternate('JSONL to Arrow', {
      ours: () => ours('convert', at('pairs.jsonl'), at('ours.arrow')),
      datasets: () => afresh(at('cache'), () => peer('convert', at('pairs.jsonl'), at('cache'))),
      pyarrow: () => peer('pyarrow-convert', at('pairs.jsonl'), at('pyarrow.arrow')),
    }),
  };
  await peer('convert', at('pairs.jsonl'), at('peer'));
  const theirs = (await readdir(at('peer'), { recursive: true })).find((name) => name.endsWith('.arrow'));
  if (theirs === undefined) throw new Error('datasets wrote no Arrow file.');
  bytes.arrow = (await stat(at('ours.arrow'))).size;
  results.iterate = await alternate('all rows of the Arrow file', {
    ours: () => ours('iterate', at('ours.arrow')),
    datasets: () => peer('iterate', join(at('peer'), theirs)),
  });
  checkEqual('texts', results.iterate.ours[0].units, results.iterate.datasets[0].units);
  const some = String(Math.min(rows, 10000));
  results.tokenise = await alternate('tokenising', {
    here: () => ours('tokenise', at('ours.arrow'), tokenizer, 'here', some),
    workers: () => ours('tokenise', at('ours.arrow'), tokenizer, 'workers', some),
    native: () => ours('tokenise', at('ours.arrow'), tokenizer, 'native', some),
    tokenizers: () => peer('tokenise', at('pairs.jsonl'), tokenizer, some),
  });
  const counts = Object.values(results.tokenise).map(([{ tokens }]) => tokens);
  for (const tokens of counts) checkEqual('tokens', tokens, counts[0]);
  results.pack = [];
  for (const batch of [8, 32, 64, 96]) results.pack.push({ batch, ...(await ours('pack', String(batch))) });
  if (values.large) {
    say('Writing 2,000,000 pairs …');
    await writePairs(at('large.jsonl'), 2_000_000);
    bytes.large = (await stat(at('large.jsonl'))).size;
    results.large = {
      convert: await ours('convert', at('large.jsonl'), at('large.arrow')),
      iterate: await ours('iterate', at('large.arrow')),
    };
    bytes.largeArrow = (await stat(at('large.arrow'))).size;
  }

  const report = {
    date: new Date().toISOString().slice(0, 10),
    machine: describeMachine(await cpuFlags()),
    ...{ rows, repeat, bytes, results },
    tokenizer:
      values.tokenizer === undefined ? 'a small byte-level one of the tests' : values.tokenizer.split('/').at(-1),
  };
  process.stdout.write(`${dataTables(report)}\n`);
  if (values.write) {
    const output = file('../../docs/benchmarks-data.md');
    const notes = await readFile(file('data-notes.md'), 'utf8');
    await writeFileAtomic(output, (temporary) => writeFile(temporary, dataDocument(report, notes)));
    say(`Written to ${output}.`);
  }
} finally {
  await rm(folder, { recursive: true, force: true });
}

/** Runs each side `repeat` times, in turn, so that whatever slows the machine for a while slows all sides. */
async function alternate(name, sides) {
  /** @type {Record<string, any>} */
  const results = Object.fromEntries(Object.keys(sides).map((side) => [side, []]));
  for (let round = 1; round <= repeat; round++)
    for (const [side, work] of Object.entries(sides)) {
      // The side before may have left data to be written to the disk.
      const quietly = () => {
        spawnSync('sync');
        return work();
      };
      const result = await leastDisturbed(quietly, ({ seconds, disturbance }) => {
        const share = `${(100 * disturbance).toFixed(0)} % of the processor taken by others`;
        say(`  ${round}/${repeat} ${name}, ${side}: ${seconds.toFixed(2)} s, ${share}`);
      });
      results[side].push(result);
    }
  for (const runs of Object.values(results)) runs.seconds = median(runs.map(({ seconds }) => seconds));
  return results;
}

/** Runs work without the cache in the folder, which would make the second run a copy of the first. */
async function afresh(path, work) {
  await rm(path, { recursive: true, force: true });
  return work();
}

/** The folder of a tokenizer from the repository; `--tokenizer` takes a model's. */
async function smallTokenizer() {
  await mkdir(at('tokenizer'));
  await copyFile(file('../parity/fixtures/tokenizer/smollm.tokenizer.json'), at('tokenizer/tokenizer.json'));
  return at('tokenizer');
}

function checkEqual(what, a, b) {
  if (a !== b) throw new Error(`The sides differ in their ${what}: ${a} and ${b}. Nothing is comparable then.`);
}
