import type { Message, Text } from '@dpo/base';
import { KeyOrder } from './_key-order.js';
import type { MessageLayout } from './arrow-columns.js';
import type { RowFormat } from './row-format.js';

/**
 * Learns from rows which keys messages have, so that the columns of a table have room for every key. A key is text as long as
 * all its values are texts, and JSON afterwards. The keys have the order that they have in messages.
 */
export class MessageShapes {
  readonly #kinds = new Map<string, 'text' | 'json'>();
  readonly #order = new KeyOrder();

  get layout(): MessageLayout {
    return new Map(this.#order.names.map((name) => [name, this.#kinds.get(name) ?? 'text']));
  }

  /** True when a message of the row has a key that the layout had no room for until now, or has its keys in another order. */
  add<Row>(format: RowFormat<Row>, record: Readonly<Record<string, unknown>>): boolean {
    let wider = false;
    for (const { name, kind } of format.columns) {
      const value = record[name];
      if (value === undefined || (kind !== 'text' && kind !== 'texts')) continue;
      const texts = kind === 'text' ? [value as Text] : (value as readonly Text[]);
      for (const text of texts) {
        if (typeof text === 'string') continue;
        for (const message of text) wider = this.#addMessage(message) || wider;
      }
    }
    return wider;
  }

  #addMessage(message: Message): boolean {
    let wider = false;
    const keys: string[] = [];
    for (const key in message) {
      const value = message[key];
      if (value === undefined || (value === null && key !== 'content')) continue;
      keys.push(key);
      const kind = typeof value === 'string' || value === null ? 'text' : 'json';
      if (this.#kinds.get(key) === 'json' || this.#kinds.get(key) === kind) continue;
      this.#kinds.set(key, kind);
      wider = true;
    }
    return this.#order.add(keys) || wider;
  }
}
