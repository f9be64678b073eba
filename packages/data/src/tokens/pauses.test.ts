import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { inPieces } from '@dpo/base';
import { planPacking, planPackingSteps } from '@dpo/base/packing';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { readPreferences } from '../files/read.js';
import { writePreferences } from '../files/write.js';
import { byteTokenizer } from '../test/index.js';
import { encodePairs } from './encode.js';
import { encodeAhead } from './encode-ahead.js';
import { encodeAnswers } from './encode-rows.js';

const pairs = Array.from({ length: 20 }, (_, i) => ({ prompt: `Q${i}`, chosen: 'yes', rejected: 'no' }));
const tokenizer = byteTokenizer();

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'dpo-pauses-'));
  for (const ending of ['arrow', 'jsonl']) await writePreferences(pairs, join(folder, `pairs.${ending}`));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

// Each row takes a second by this clock.
let clock = 0;
beforeEach(() => {
  vi.spyOn(performance, 'now').mockImplementation(() => {
    clock += 1000;
    return clock;
  });
});
afterEach(() => {
  vi.restoreAllMocks();
});

/** A signal that fires in the first pause. */
function soon(): AbortSignal {
  const control = new AbortController();
  setImmediate(() => control.abort(new Error('stop')));
  return control.signal;
}

describe('a signal is heard while', () => {
  it.each(['arrow', 'jsonl'])('rows of %s are checked', async (ending) => {
    const reading = readPreferences(join(folder, `pairs.${ending}`), { signal: soon() });
    await expect(reading).rejects.toThrow('stop');
  });

  it('the fingerprint is computed', async () => {
    const dataset = await readPreferences(join(folder, 'pairs.arrow'));
    await expect(dataset.fingerprintInPieces(soon())).rejects.toThrow('stop');
    expect(await dataset.fingerprintInPieces()).toBe((await readPreferences(join(folder, 'pairs.jsonl'))).fingerprint);
  });

  it('rows are read for their texts, and assembled with their tokens', async () => {
    const dataset = await readPreferences(join(folder, 'pairs.arrow'));
    let control = new AbortController();
    const stop = () => void setImmediate(() => control.abort(new Error('stop')));
    const encode = vi.fn(async (texts: readonly (string | { readonly before: string; readonly text: string })[]) =>
      texts.map((text) =>
        typeof text === 'string' ? tokenizer.encode(text) : tokenizer.encodeAfter(text.before, text.text),
      ),
    );
    stop();
    const first = encodeAhead(dataset, encodePairs, tokenizer, { encode }, { signal: control.signal });
    await expect(first).rejects.toThrow('stop');
    expect(encode).not.toHaveBeenCalled();
    control = new AbortController();
    const options = { signal: control.signal, onProgress: stop };
    await expect(encodeAhead(dataset, encodePairs, tokenizer, { encode }, options)).rejects.toThrow('stop');
    expect(encode).toHaveBeenCalledOnce();
  });

  it('each judged answer gets the answer of another prompt', () => {
    const rows = pairs.map(({ prompt, chosen }) => ({ prompt, completion: chosen, label: true }));
    const steps = encodeAnswers.steps(rows, tokenizer);
    let count = 0;
    while (steps.next().done !== true) count++;
    // For each row one step to encode it, two to find the other answer, and one to assemble the example.
    expect(count).toBe(4 * rows.length);
  });

  it('the packing of a run is planned', async () => {
    const groups = pairs.map((pair) => ({
      prompt: Int32Array.from(tokenizer.encode(pair.prompt)),
      answers: [pair.chosen, pair.rejected].map((text) => Int32Array.from(tokenizer.encode(text))),
    }));
    const run = [groups.slice(0, 10), groups.slice(10)];
    await expect(inPieces(planPackingSteps(run), soon())).rejects.toThrow('stop');
    expect((await inPieces(planPackingSteps(run))).shapes).toEqual(planPacking(run).shapes);
  });
});
