import { createHash } from 'node:crypto';
import { readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { isObject } from '@dpo/base';
import { readTextIfThere, writeFileAtomic } from '@dpo/base/files';
import type { ChatRequest } from './chat-client.js';
import type { ChatReply } from './chat-reply.js';

/** Everything that a reply may depend on. */
export interface CacheKey extends ChatRequest {
  /** The server's address. */
  readonly address: string;
  readonly model: string;
  /** With `repetition`: a repeated question gets a reply of its own. */
  readonly order: 0 | 1;
  readonly repetition: number;
}

/** Replies that were paid for, each in a file, in folders by the beginning of their names. */
export interface ReplyCache {
  readonly get: (key: CacheKey) => Promise<ChatReply | undefined>;
  readonly put: (key: CacheKey, reply: ChatReply) => Promise<void>;
  /** The keys of all replies. Files that cannot be read are left out. */
  readonly keys: () => Promise<readonly CacheKey[]>;
}

/** The name of a key's file: the SHA-256 of all its parts. */
export function cacheName({ address, model, messages, settings, order, repetition }: CacheKey): string {
  const parts = [address, model, messages, sorted(settings), order, repetition];
  return createHash('sha256').update(JSON.stringify(parts)).digest('hex');
}

/** Settings in the order of their names, since the order in which they were written does not matter. */
function sorted(settings: Readonly<Record<string, unknown>>): [string, unknown][] {
  return Object.entries(settings).sort(([a], [b]) => (a < b ? -1 : 1));
}

/** Opens the cache in a folder, which is made with the first reply. A damaged entry counts as absent. */
export function replyCache(folder: string): ReplyCache {
  const pathOf = (key: CacheKey) => {
    const name = cacheName(key);
    return join(folder, name.slice(0, 2), `${name}.json`);
  };
  return {
    get: async (key) => {
      const entry = await readEntry(pathOf(key));
      return entry !== undefined && cacheName(entry.key) === cacheName(key) ? entry.reply : undefined;
    },
    put: async (key, reply) => {
      const path = pathOf(key);
      await writeFileAtomic(path, (temporary) => writeFile(temporary, `${JSON.stringify({ key, reply })}\n`));
    },
    keys: async () => {
      const keys: CacheKey[] = [];
      for (const part of await readdir(folder).catch(() => []))
        for (const name of await readdir(join(folder, part)).catch(() => [])) {
          const entry = name.endsWith('.json') ? await readEntry(join(folder, part, name)) : undefined;
          if (entry !== undefined) keys.push(entry.key);
        }
      return keys;
    },
  };
}

interface Entry {
  readonly key: CacheKey;
  readonly reply: ChatReply;
}

async function readEntry(path: string): Promise<Entry | undefined> {
  const text = await readTextIfThere(path);
  if (text === undefined) return undefined;
  try {
    const entry: unknown = JSON.parse(text);
    if (!isObject(entry) || !isObject(entry.key) || !isObject(entry.reply)) return undefined;
    return typeof entry.reply.text === 'string' && isObject(entry.key.settings)
      ? (entry as unknown as Entry)
      : undefined;
  } catch {
    return undefined;
  }
}
