import { writeDataset } from '../files/write.js';
import { checkKind, preferenceFormat } from '../rows/row-format.js';
import type { PreferencePair } from '../rows/types.js';

const CHUNK = 1000;

/**
 * Writes the pairs of a builder to a file whose format the name `output` says, as `writePreferences` does, without holding all
 * pairs in memory. `pairs` is iterated more than once and must give the same pairs each time. Returns the number of rows.
 * @throws DpoError the errors of the builder and of `writePreferences`
 */
export async function writeBuiltPreferences(
  pairs: AsyncIterable<PreferencePair>,
  output: string,
): Promise<{ readonly rows: number }> {
  async function* chunks() {
    let chunk: PreferencePair[] = [];
    let row = 0;
    let chat: boolean | undefined;
    for await (const value of pairs) {
      const place = { row: row++ };
      const pair = preferenceFormat.parse(preferenceFormat.record(value), place);
      chat ??= preferenceFormat.chat(pair);
      checkKind(preferenceFormat, pair, chat, place);
      chunk.push(pair);
      if (chunk.length < CHUNK) continue;
      yield chunk;
      chunk = [];
    }
    if (chunk.length > 0) yield chunk;
  }
  return { rows: await writeDataset(preferenceFormat, { chunks }, output) };
}
