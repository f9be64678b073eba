import type { MessageLayout } from './_arrow-columns.js';
import type { RowFormat } from './_row-format.js';
import type { Message, Text } from './types.js';

/** Learns from rows what messages say, so that the columns of a table hold it all: each key as text while it is always one. */
export class MessageShapes {
  readonly #kinds = new Map<string, 'text' | 'json'>([['content', 'text']]);

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
    for (const key in message) {
      const value = message[key];
      if (key === 'role' || value === null) continue;
      const known = this.#kinds.get(key);
      if (known === 'json' || (known === 'text' && typeof value === 'string')) continue;
      this.#kinds.set(key, typeof value === 'string' ? 'text' : 'json');
      wider = true;
    }
    return wider;
  }
}
