import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { readPreferences } from '../files/read.js';
import { writePreferences } from '../files/write.js';
import { byteTokenizer } from '../test/index.js';
import { encodePairs } from './encode.js';
import { encodeAhead } from './encode-ahead.js';

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

  it('rows are gone through for their texts, and with the tokens', async () => {
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
});
