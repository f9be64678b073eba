import { type Engine, findLibrary, openEngine, openPortable } from '@dpo/engine';
import { afterAll, describe, it } from 'vitest';
import { oneOfEach } from '../test/_fixtures-for-tests.js';
import { expectNumbersOfPlainJavaScript } from './_engines-for-tests.js';

const engines: [string, Engine][] = [['the portable engine', await openPortable()]];
const library = await findLibrary();
if (library !== undefined) engines.push(['the compiled engine', await openEngine()]);
/** Compiles regions of any size. */
const fused = library === undefined ? undefined : await openEngine({ regions: 'always' });
afterAll(async () => {
  for (const [, engine] of engines) await engine.dispose();
  await fused?.dispose();
});

describe.each(engines)('%s computes as plain JavaScript does', (_, engine) => {
  it.each([...oneOfEach, 'llama-dynamic'])('%s', (name) => expectNumbersOfPlainJavaScript(engine, name));
});

// XLA takes seconds for a model. `blocks/regions.test.ts` has every region.
it.skipIf(fused === undefined).each(['gpt2', 'llama', 'gemma2'])(
  'the compiled engine with regions of any size computes as plain JavaScript does: %s',
  (name) => expectNumbersOfPlainJavaScript(fused as Engine, name),
);
