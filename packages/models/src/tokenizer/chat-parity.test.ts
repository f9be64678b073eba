import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { Json, Message, TemplateVariables } from '@dpo/base';
import { describe, expect, it } from 'vitest';
import { parseTemplate, type Template } from '../jinja/template.js';
import { chatOf } from './chat.js';
import { loadTokenizer } from './load-tokenizer.js';

interface Conversation {
  readonly prompt: readonly Message[];
  readonly answer: readonly Message[];
  readonly variables?: TemplateVariables;
}

/** `null` when Jinja raises. An answer is also `null` when the whole text does not begin with the prompt's text. */
interface Expected {
  readonly prompt: string | null;
  readonly whole: string | null;
  readonly answer: string | null;
  readonly generations?: readonly (readonly [number, number])[];
  /** How many tokens the whole text has. */
  readonly tokens?: number;
  /** The runs of the assistant's tokens, such as `3-7 12-20`. */
  readonly mask?: string;
}

interface TrlTemplate {
  readonly template: string;
  readonly special: readonly string[];
  readonly ends: readonly string[];
  readonly expected: readonly Expected[];
}

// Texts by transformers' Jinja with TRL's templates, made by tooling/parity/templates.py.
const fixture = new URL('../../../../tooling/parity/fixtures/templates/trl.json', import.meta.url);
const { conversations, templates, tokens } = JSON.parse(readFileSync(fixture, 'utf8')) as {
  readonly tokens: Readonly<Record<string, string>>;
  readonly conversations: readonly Conversation[];
  readonly templates: Readonly<Record<string, TrlTemplate>>;
};
const now = new Date(2026, 10, 8, 9, 5, 3);

const bytesTokenizer = new URL('../../../../tooling/parity/fixtures/trl/bytes/', import.meta.url);
const bytes = await loadTokenizer(fileURLToPath(bytesTokenizer));
const { added_tokens: added, model } = JSON.parse(bytes.files['tokenizer.json'] ?? '') as {
  readonly added_tokens: readonly { readonly id: number; readonly content: string }[];
  readonly model: { readonly vocab: Readonly<Record<string, number>> };
};
/** The bytes of each token. An ordinary token has a character to a byte. */
const sizes = new Map([
  ...Object.entries(model.vocab).map(([token, id]) => [id, token.length] as const),
  ...added.map(({ id, content }) => [id, Buffer.byteLength(content)] as const),
]);

/** The runs of tokens of generation blocks, each from the token of its first character to the token of its last. */
function maskOf(text: string, places: readonly (readonly [number, number])[]) {
  const ids = bytes.encode(text);
  const ends: number[] = [];
  for (const id of ids) ends.push((ends.at(-1) ?? 0) + (sizes.get(id) as number));
  const tokenAt = (at: number) => ends.findIndex((end) => end > Buffer.byteLength(text.slice(0, at)));
  const blocks = places.map(([start, end]) => [tokenAt(start), tokenAt(end - 1)] as const);
  const isInBlock = (token: number) => blocks.some(([first, last]) => first <= token && token <= last);
  const changes = [...ids, 0].flatMap((_, i) => (isInBlock(i) === (i > 0 && isInBlock(i - 1)) ? [] : [i]));
  const runs = changes.flatMap((change, k) => (k % 2 === 0 ? [`${change}-${changes[k + 1]}`] : []));
  return { tokens: ids.length, mask: runs.join(' ') };
}

function digest(text: string): string {
  return createHash('sha256').update(text).digest('hex').slice(0, 12);
}

function orNull<T>(run: () => T): T | null {
  try {
    return run();
  } catch {
    return null;
  }
}

/** The whole conversation's text, and the places of its generation blocks in Python's characters. */
function wholeOf(template: Template, { prompt, answer, variables = {} }: Conversation) {
  const messages = [...prompt, ...answer];
  const inputs: Record<string, Json> = { ...tokens, tools: null, documents: null, ...variables, messages };
  const { text, generations } = template.render({ ...inputs, add_generation_prompt: false }, { now });
  const inCharacters = (at: number): number => Array.from(text.slice(0, at)).length;
  return {
    text,
    generations: generations.map(([start, end]) => [inCharacters(start), inCharacters(end)]),
    ...maskOf(text, generations),
  };
}

describe.each(Object.entries(templates))('the template %s of TRL', (_, { template, special, ends, expected }) => {
  const texts = new Set(special);
  const tokenizer = { bosId: undefined, eosId: undefined, padId: undefined, byRole: tokens, texts };
  const chat = chatOf({ 'chat_template.jinja': template }, {}, tokenizer, { where: 'it', ends, now: () => now });

  const jinja = parseTemplate(template);

  it('writes prompts, whole conversations and answers as transformers does', () => {
    const results = conversations.map((conversation): Expected => {
      const { prompt, answer, variables } = conversation;
      const promptText = orNull(() => chat?.prompt(prompt, variables) ?? null);
      const whole = orNull(() => wholeOf(jinja, conversation));
      const generations = whole?.generations ?? [];
      return {
        prompt: promptText === null ? null : digest(promptText),
        whole: whole === null ? null : digest(whole.text),
        answer: orNull(() => chat?.answer(prompt, answer, variables) ?? null),
        ...(whole === null || generations.length === 0
          ? {}
          : { generations: generations as [number, number][], tokens: whole.tokens, mask: whole.mask }),
      };
    });
    expect(results).toEqual(expected);
  });
});
