import type { Json, Message } from '@dpo/base';
import fc from 'fast-check';
import type { PreferencePair } from '../rows/types.js';

/** A text of 1 to 12 characters. */
export const textWord = fc.string({ unit: 'grapheme', minLength: 1, maxLength: 12 });
/** Any JSON value, of texts that Arrow can hold and zeros without a sign. */
const json = fc
  .jsonValue({ maxDepth: 3, stringUnit: 'grapheme' })
  .map((value) => JSON.parse(JSON.stringify(value)) as Json);
const extraKey = fc.oneof(
  fc.constantFrom('name', 'tool_calls', 'reasoning_content', '__proto__', 'constructor'),
  textWord.filter((key) => !['role', 'content'].includes(key)),
);
const content = fc.oneof(textWord, textWord, fc.array(json, { minLength: 1, maxLength: 2 }));
const byKey = ([a]: readonly [string, Json], [b]: readonly [string, Json]) => (a < b ? -1 : 1);
const messageOf = (role: string): fc.Arbitrary<Message> =>
  fc
    .tuple(
      content,
      fc.array(
        fc.tuple(
          extraKey,
          json.filter((value) => value !== null),
        ),
        { maxLength: 2 },
      ),
    )
    // Sorted keys: a table has one order of keys for all messages, and fingerprints depend on the order.
    .map(([words, others]) => ({ role, content: words, ...Object.fromEntries(others.sort(byKey)) }));
const toolCall = fc.record({
  role: fc.constant('assistant'),
  content: fc.constant(null),
  tool_calls: fc.array(json, { minLength: 1 }),
});
const promptMessages = fc.array(messageOf('user'), { minLength: 1, maxLength: 2 });
const answerMessages = fc.array(fc.oneof(messageOf('assistant'), toolCall), { minLength: 1, maxLength: 2 });
const templateInputs = {
  tools: fc.array(fc.dictionary(textWord, json), { minLength: 1, maxLength: 2 }),
  templateVariables: fc.dictionary(
    extraKey,
    json.filter((value) => value !== null),
    { minKeys: 1, maxKeys: 2 },
  ),
};
const optional = {
  id: textWord,
  source: textWord,
  chosenScore: fc.double({ noNaN: true, noDefaultInfinity: true }).map((x) => x + 0),
  rejectedScore: fc.double({ noNaN: true, noDefaultInfinity: true }).map((x) => x + 0),
  referenceChosenLogp: fc.double({ max: 0, noNaN: true, noDefaultInfinity: true }).map((x) => x + 0),
};
/** Lists of 1 to 8 pairs of such prompts and answers, with some of the other properties. */
export function pairsOf<Value>(
  prompt: fc.Arbitrary<Value>,
  answer: fc.Arbitrary<Value>,
  others: Record<string, fc.Arbitrary<unknown>> = optional,
): fc.Arbitrary<PreferencePair[]> {
  const pair = fc.record(
    { prompt, chosen: answer, rejected: answer, ...others },
    { requiredKeys: ['prompt', 'chosen', 'rejected'] },
  );
  return fc.array(pair, { minLength: 1, maxLength: 8 }) as unknown as fc.Arbitrary<PreferencePair[]>;
}
/** Pairs of conversations. */
export const conversations = pairsOf<readonly Message[]>(promptMessages, answerMessages, {
  ...optional,
  ...templateInputs,
});
/** Pairs of texts and of conversations, with every property that a row may have. */
export const datasets = fc.oneof(pairsOf<string>(textWord, textWord), conversations, conversations);
