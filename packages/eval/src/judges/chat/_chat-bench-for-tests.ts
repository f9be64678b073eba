import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach } from 'vitest';
import { type Behaviour, ChatServer, completion, type ServedRequest, wordsAlone } from '../../test/chat-server.js';
import type { Comparison, JudgeReply } from '../judge.js';
import { judgeTemplate } from '../template.js';
import { type ChatJudge, type ChatJudgeOptions, chatJudge } from './chat-judge.js';
import { ledger } from './ledger.js';

/** The question that tests ask. */
export const comparison: Comparison = { prompt: 'Post', first: 'One', second: 'Two', order: 0, repetition: 0 };
/** The template of judges in tests, with labels A and B. */
export const template = judgeTemplate('helpful');

/** A response that says this. */
export function say(content: string | null, more: Parameters<typeof completion>[1] = {}): Behaviour {
  return { body: completion(content, more) };
}

/** What a test of judges works with, anew for each test. */
export interface ChatBench {
  /** A server that listens at {@link address}. */
  server: ChatServer;
  address: string;
  /** An empty folder, which is removed after the test. */
  folder: string;
  /** How long the judges slept, in milliseconds. */
  sleeps: number[];
  /** Opens a judge whose waits take no time, and whose jitter is half of what it may be. */
  readonly openJudge: (options?: Partial<ChatJudgeOptions>) => Promise<ChatJudge>;
  /** Asks a judge that replies in words, of a server that behaves so; `count` is 1 at the first question. */
  readonly askInWords: (
    behave: (request: ServedRequest, count: number) => Behaviour,
    options?: Partial<ChatJudgeOptions>,
  ) => Promise<JudgeReply>;
}

/** Starts a server before each test of the file that calls, and stops the server after the test. */
export function chatBench(): ChatBench {
  const bench: ChatBench = {
    server: new ChatServer(() => say('Verdict: A')),
    address: '',
    folder: '',
    sleeps: [],
    openJudge: (options) => openJudge(bench, options),
    askInWords: async (behave, options) => {
      let count = 0;
      bench.server.behave = wordsAlone((request) => behave(request, ++count));
      const judge = await openJudge(bench, options);
      bench.server.requests.length = 0;
      return judge.ask(comparison, {});
    },
  };
  beforeEach(async () => {
    bench.folder = await mkdtemp(join(tmpdir(), 'dpo-chat-'));
    bench.server = new ChatServer(() => say('Verdict: A'));
    bench.address = await bench.server.start();
    bench.sleeps = [];
  });
  afterEach(async () => {
    await bench.server.stop();
    await rm(bench.folder, { recursive: true, force: true });
  });
  return bench;
}

function openJudge(bench: ChatBench, options: Partial<ChatJudgeOptions> = {}): Promise<ChatJudge> {
  let now = 0;
  return chatJudge({
    ...{ address: bench.address, model: 'judge', template },
    ledger: ledger({ price: undefined, maxCost: undefined }),
    clock: {
      now: () => now,
      sleep: async (milliseconds) => {
        bench.sleeps.push(Math.round(milliseconds));
        now += milliseconds;
      },
    },
    random: () => 0.5,
    ...options,
  });
}
