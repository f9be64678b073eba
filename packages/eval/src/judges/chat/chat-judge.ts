import type { Comparison, Judge, JudgeReply } from '../judge.js';
import type { JudgeTemplate } from '../template.js';
import { parseAddress } from './address.js';
import { cacheKeys } from './cache-keys.js';
import { type ChatClient, type ChatRequest, chatClient } from './chat-client.js';
import { ChatFailure, mayBeBilled } from './chat-failure.js';
import type { ChatReply } from './chat-reply.js';
import { clearError, type FindRungOptions, findRung, type Manner } from './find-rung.js';
import type { Ledger } from './ledger.js';
import { persistentAsk, type Waiting } from './persistent-ask.js';
import type { CacheKey, ReplyCache } from './reply-cache.js';
import type { RungName } from './rungs.js';
import { type Clock, throttle } from './throttle.js';

export interface ChatJudgeOptions {
  /** The server's address, such as `http://localhost:8000/v1`. */
  readonly address: string;
  /** The model's name there. */
  readonly model: string;
  readonly template: JudgeTemplate;
  /** From the environment; undefined for servers that want none. */
  readonly key?: string | undefined;
  /** The name of the key's variable, for messages. Default `OPENAI_API_KEY`. */
  readonly keyName?: string | undefined;
  readonly ledger: Ledger;
  readonly cache?: ReplyCache | undefined;
  /** Questions at a time, at most. Default 4. */
  readonly concurrency?: number | undefined;
  /** Default 0. */
  readonly temperature?: number | undefined;
  /** Longest reply in words, in tokens. Default 1024. */
  readonly tokens?: number | undefined;
  /** One way of saying a verdict instead of the first that works. */
  readonly rung?: RungName | undefined;
  /** The longest time for a reply, in milliseconds. Default five minutes. */
  readonly timeout?: number | undefined;
  readonly attempts?: number | undefined;
  readonly onWait?: ((waiting: Waiting) => void) | undefined;
  readonly clock?: Clock | undefined;
  readonly random?: (() => number) | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** A judge far away, and what was found out about it. */
export interface ChatJudge extends Judge {
  readonly manner: Manner;
  /** The key under which the cache would have the reply to a question. */
  readonly keyOf: (comparison: Comparison) => CacheKey;
}

/** After so many questions in a row without any reply the server is given up. */
const LOST_IN_A_ROW = 5;

/**
 * Opens a judge behind an OpenAI-compatible address: OpenAI, vLLM, llama.cpp, Ollama, LM Studio and others. One question or a few
 * show at once whether address, key and model are right, and how the server can be made to say a verdict.
 *
 * A reply that is empty or was cut is asked for once more with twice the room; what cannot be read then is `unparsable`, and never
 * drawn again. Money is set aside before each attempt; replies that are whole are kept in the cache.
 *
 * @throws DpoError those of `parseAddress` and `findRung`; `judge.max-cost`; `judge.no-client`
 */
export async function chatJudge(options: ChatJudgeOptions): Promise<ChatJudge> {
  const { model, template, ledger, signal, temperature = 0, tokens = 1024, concurrency = 4 } = options;
  const { url: address } = parseAddress(options.address);
  const client = await chatClient({ url: address, model, key: options.key, timeout: options.timeout ?? 300_000 });
  const about = {
    client,
    address,
    model,
    keyName: options.keyName ?? 'OPENAI_API_KEY',
    hasKey: options.key !== undefined,
  };
  const ask = paidAsk(client, ledger, { ...options, concurrency });
  const plain = async (request: ChatRequest) => (await ask(request, signal)).reply;
  const manner = await findRung({
    ...about,
    ask: plain,
    labels: template.labels,
    temperature,
    tokens,
    only: options.rung,
  });
  return {
    name: model,
    templateDigest: template.digest,
    concurrency,
    manner,
    ...asker({ ...options, tokens }, manner, about, ask),
  };
}

/** What a reply cost, undefined without a price. */
interface Paid {
  readonly reply: ChatReply;
  readonly cost: number | undefined;
}
type PaidAsk = (request: ChatRequest, signal: AbortSignal | undefined) => Promise<Paid>;

/**
 * Asks with patience, each attempt with money set aside first. Attempts that were lost cost all of that where the server may have
 * replied.
 */
function paidAsk(
  client: ChatClient,
  ledger: Ledger,
  options: ChatJudgeOptions & { readonly concurrency: number },
): PaidAsk {
  const { concurrency, clock, random, attempts, onWait } = options;
  const persist = persistentAsk({ throttle: throttle(concurrency, clock), clock, random, attempts, onWait });
  return async (request, signal) => {
    const bytes = Buffer.byteLength(JSON.stringify(request.messages));
    let cost: number | undefined;
    const once = async () => {
      const reservation = ledger.reserve(bytes, lengthOf(request));
      try {
        const reply = await client.ask(request, { signal });
        cost = sumOf(cost, reservation.settle(reply));
        return reply;
      } catch (error) {
        cost = sumOf(cost, reservation.settleLost(error instanceof ChatFailure && mayBeBilled(error)));
        throw error;
      }
    };
    try {
      return { reply: await persist(once, signal), cost };
    } catch (error) {
      if (!(error instanceof ChatFailure) || cost === undefined) throw error;
      throw new ChatFailure(error.kind, error.detail, error.status, error.retryAfter, cost);
    }
  };
}

function lengthOf({ settings }: ChatRequest): number {
  return Number(settings.max_tokens ?? settings.max_completion_tokens ?? 0);
}

function asker(
  { address: _, model, template, cache, tokens }: ChatJudgeOptions & { readonly tokens: number },
  manner: Manner,
  about: Pick<FindRungOptions, 'client' | 'address' | 'model' | 'keyName' | 'hasKey'>,
  ask: PaidAsk,
): Pick<ChatJudge, 'ask' | 'keyOf'> {
  const { rung } = manner;
  const { labels } = template;
  let lost = 0;

  const keyOf = cacheKeys({ address: about.address, model, template, manner, tokens });

  async function once(key: CacheKey, signal: AbortSignal | undefined): Promise<Paid & { readonly cached: boolean }> {
    const kept = await cache?.get(key);
    if (kept !== undefined) return { reply: kept, cost: 0, cached: true };
    const paid = await ask({ messages: key.messages, settings: key.settings }, signal);
    if (isWhole(paid.reply)) await cache?.put(key, paid.reply);
    return { ...paid, cached: false };
  }

  /** Whether a reply is all that the model had to say, which only such a reply stays in the cache for. */
  function isWhole({ text, finish, refusal, logprobs }: ChatReply): boolean {
    if (refusal !== undefined || finish === 'content_filter') return false;
    if (rung.name === 'logprobs') return logprobs !== undefined;
    return text.trim() !== '' && finish !== 'length';
  }

  return {
    keyOf,
    ask: async (comparison, { signal }) => {
      let first: Paid | undefined;
      try {
        const given = await once(keyOf(comparison), signal);
        first = given;
        const enough = isWhole(given.reply) || isRefusal(given.reply);
        const last = enough ? given : await once(keyOf(comparison, 2), signal);
        lost = 0;
        const cost = enough ? given.cost : sumOf(given.cost, last.cost);
        return {
          ...toldBy(last.reply),
          ...verdictOf(last.reply),
          cost,
          ...(given.cached && last.cached ? { cached: true } : {}),
          rung: rung.name,
        };
      } catch (error) {
        if (!(error instanceof ChatFailure)) throw error;
        return { ...(await failed(error)), cost: sumOf(first?.cost, error.cost), rung: rung.name };
      }
    },
  };

  function verdictOf(reply: ChatReply): Pick<JudgeReply, 'verdict' | 'p_first' | 'label_mass' | 'reason'> {
    if (isRefusal(reply)) return { verdict: 'refused', reason: reply.refusal ?? 'The reply was filtered.' };
    if (isWhole(reply)) return rung.read(reply, labels);
    const reason = reply.finish === 'length' ? 'The reply was cut at twice the length.' : 'The reply is empty.';
    return { verdict: 'unparsable', reason };
  }

  /** A question that got no reply; the whole judging ends where no other can get one. */
  async function failed(failure: ChatFailure): Promise<Pick<JudgeReply, 'verdict' | 'reason'>> {
    if (failure.kind === 'filtered') return { verdict: 'refused', reason: failure.message };
    if (failure.kind === 'refused') return { verdict: 'failed', reason: failure.message };
    lost++;
    const passing = failure.kind === 'limited' || failure.kind === 'server' || failure.kind === 'cut';
    const hopeless = !passing && failure.kind !== 'timeout' && failure.kind !== 'unreachable';
    if (hopeless || lost >= LOST_IN_A_ROW) throw await clearError(failure, about);
    return { verdict: 'failed', reason: failure.message };
  }
}

function sumOf(a: number | undefined, b: number | undefined): number | undefined {
  return a === undefined || b === undefined ? (a ?? b) : a + b;
}

function isRefusal({ refusal, finish }: ChatReply): boolean {
  return refusal !== undefined || finish === 'content_filter';
}

/** What a reply says besides its verdict. */
function toldBy(reply: ChatReply): Partial<JudgeReply> {
  return {
    judge_reported: reply.model,
    text: reply.text,
    finish_reason: reply.finish,
    prompt_tokens: reply.promptTokens,
    completion_tokens: reply.completionTokens,
  };
}
