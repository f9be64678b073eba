import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import type { Json, Message, TemplateVariables } from '@dpo/base';
import { describe, expect, it } from 'vitest';
import { parseTemplate, type Template } from '../jinja/template.js';
import { chatOf } from './chat.js';

interface Conversation {
  readonly prompt: readonly Message[];
  readonly answer: readonly Message[];
  readonly variables?: TemplateVariables;
}

/** `null` where Jinja raises, and in the place of an answer where the whole text does not begin with the prompt's. */
interface Expected {
  readonly prompt: string | null;
  readonly whole: string | null;
  readonly answer: string | null;
  readonly generations?: readonly (readonly [number, number])[];
}

interface Shipped {
  readonly template: string;
  readonly special: readonly string[];
  readonly ends: readonly string[];
  readonly expected: readonly Expected[];
}

// What transformers' Jinja writes with TRL's templates, made by tooling/parity/templates.py.
const fixture = new URL('../../../../tooling/parity/fixtures/templates/trl.json', import.meta.url);
const { conversations, templates, tokens } = JSON.parse(readFileSync(fixture, 'utf8')) as {
  readonly tokens: Readonly<Record<string, string>>;
  readonly conversations: readonly Conversation[];
  readonly templates: Readonly<Record<string, Shipped>>;
};
const now = new Date(2026, 10, 8, 9, 5, 3);

function digest(text: string): string {
  return createHash('sha256').update(text).digest('hex').slice(0, 12);
}

function tried<T>(run: () => T): T | null {
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
  return { text, generations: generations.map(([start, end]) => [inCharacters(start), inCharacters(end)]) };
}

describe.each(Object.entries(templates))('the template %s of TRL', (_, { template, special, ends, expected }) => {
  const texts = new Set(special);
  const tokenizer = { bosId: undefined, eosId: undefined, padId: undefined, named: tokens, texts };
  const chat = chatOf({ 'chat_template.jinja': template }, {}, tokenizer, { where: 'it', ends, now: () => now });

  const parsed = parseTemplate(template);

  it('writes prompts, whole conversations and answers as transformers does', () => {
    const written = conversations.map((conversation): Expected => {
      const { prompt, answer, variables } = conversation;
      const asked = tried(() => chat?.prompt(prompt, variables) ?? null);
      const whole = tried(() => wholeOf(parsed, conversation));
      const generations = whole?.generations ?? [];
      return {
        prompt: asked === null ? null : digest(asked),
        whole: whole === null ? null : digest(whole.text),
        answer: tried(() => chat?.answer(prompt, answer, variables) ?? null),
        ...(generations.length === 0 ? {} : { generations: generations as [number, number][] }),
      };
    });
    expect(written).toEqual(expected);
  });
});
