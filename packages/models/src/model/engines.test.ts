import { type Engine, findLibrary, openEngine, openPortable } from '@dpo/engine';
import { afterAll, describe, it } from 'vitest';
import { oneOfEach } from '../test/_fixtures-for-tests.js';
import { expectNumbersOfPlainJavaScript } from './_engines-for-tests.js';

const engines: [string, Engine][] = [['the portable engine', await openPortable()]];
if ((await findLibrary()) !== undefined) {
  engines.push(['the compiled engine', await openEngine()]);
  engines.push(['the compiled engine with fused regions', await openEngine({ regions: 'always' })]);
}
afterAll(async () => {
  for (const [, engine] of engines) await engine.dispose();
});

describe.each(engines)('%s computes as plain JavaScript does', (_, engine) => {
  it.each([...oneOfEach, 'llama-dynamic'])('%s', (name) => expectNumbersOfPlainJavaScript(engine, name));
});
