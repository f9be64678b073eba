import { isChat } from '../rows/conversation.js';
import type { PreferencePair } from '../rows/types.js';

/** The numbers of rows that give the chat template more than roles and contents, by key. */
export interface TemplateInputCounts {
  /** Rows with tools. */
  readonly tools: number;
  /** Rows with a template variable, by the variable's name. */
  readonly templateVariables: Readonly<Record<string, number>>;
  /** Rows whose messages have a key besides role and content (`tool_calls`, `name`, `reasoning_content`, …), by the key. */
  readonly messages: Readonly<Record<string, number>>;
}

/** Counts, row by row, what the chat template gets besides roles and contents. */
export class BesidesTally {
  #tools = 0;
  readonly #variables = new Map<string, number>();
  readonly #messages = new Map<string, number>();

  add({ prompt, chosen, rejected, tools, templateVariables = {} }: PreferencePair): void {
    if (tools !== undefined) this.#tools++;
    for (const name of Object.keys(templateVariables)) count(this.#variables, name);
    const keys = new Set<string>();
    for (const text of [prompt, chosen, rejected]) {
      if (!isChat(text)) continue;
      for (const message of text) for (const key in message) if (key !== 'role' && key !== 'content') keys.add(key);
    }
    for (const key of keys) count(this.#messages, key);
  }

  /** The counts; undefined when all are zero. */
  get counts(): TemplateInputCounts | undefined {
    if (this.#tools + this.#variables.size + this.#messages.size === 0) return undefined;
    return {
      tools: this.#tools,
      templateVariables: Object.fromEntries(this.#variables),
      messages: Object.fromEntries(this.#messages),
    };
  }
}

function count(counts: Map<string, number>, key: string): void {
  counts.set(key, (counts.get(key) ?? 0) + 1);
}
