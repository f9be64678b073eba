import type { Message, Text } from '@dpo/base';
import type { MessageLayout } from './arrow-columns.js';
import type { RowFormat } from './row-format.js';

/**
 * Learns from rows what messages say, so that the columns of a table hold it all: each key as text while it is always one, and
 * the keys in the order that messages have them.
 */
export class MessageShapes {
  #kinds = new Map<string, 'text' | 'json'>();

  get layout(): MessageLayout {
    return this.#kinds;
  }

  /** True where a message of the row says something that the layout had no room for until now. */
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
    let before: string | undefined;
    for (const key in message) {
      const value = message[key];
      if (value === undefined || (value === null && key !== 'content')) continue;
      const kind = typeof value === 'string' || value === null ? 'text' : 'json';
      const known = this.#kinds.get(key);
      if (known === undefined) this.#insert(key, kind, before);
      else if (known === 'text' && kind === 'json') this.#kinds.set(key, kind);
      wider ||= known === undefined || (known === 'text' && kind === 'json');
      before = key;
    }
    return wider;
  }

  /** A key that is new stands behind the one that it follows in its message, or first. */
  #insert(key: string, kind: 'text' | 'json', before: string | undefined): void {
    const entries = [...this.#kinds];
    entries.splice(entries.findIndex(([name]) => name === before) + 1, 0, [key, kind]);
    this.#kinds = new Map(entries);
  }
}
