import { isChat } from '../rows/conversation.js';
import type { PreferencePair } from '../rows/types.js';

/** In how many rows something besides roles and contents is said to the chat template, by its key. */
export interface SaidBesides {
  readonly tools: number;
  readonly templateVariables: Readonly<Record<string, number>>;
  /** Keys of messages: `tool_calls`, `name`, `reasoning_content`, … */
  readonly messages: Readonly<Record<string, number>>;
}

/** Counts, row by row, what is said besides. */
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

  /** Undefined where no row says anything. */
  get found(): SaidBesides | undefined {
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
