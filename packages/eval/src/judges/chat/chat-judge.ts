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

/** Which judge is asked, and how. */
export interface ChatJudgeOptions {
  /** The server's address, such as `http://localhost:8000/v1`. */
  readonly address: string;
  /** The model's name there. */
  readonly model: string;
  /** The question, without the instruction how to say the verdict. */
  readonly template: JudgeTemplate;
  /** The key, from the environment; undefined for servers that need none. */
  readonly key?: string | undefined;
  /** The name of the key's variable, for messages. Default `OPENAI_API_KEY`. */
  readonly keyName?: string | undefined;
  /** Counts what is spent. */
  readonly ledger: Ledger;
  /** Where replies are kept. Default: nowhere. */
  readonly cache?: ReplyCache | undefined;
  /** How many questions are open at a time, at most. Default 4. */
  readonly concurrency?: number | undefined;
  /** The judge's temperature. Default 0. */
  readonly temperature?: number | undefined;
  /** The longest reply of a rung that replies in words, in tokens. Default 1024. */
  readonly tokens?: number | undefined;
  /** The rung that is used. Default: the first that works. */
  readonly rung?: RungName | undefined;
  /** The longest time for a reply, in milliseconds. Default five minutes. */
  readonly timeout?: number | undefined;
  /** How often a question is asked at most, when no reply comes. Default 7. */
  readonly attempts?: number | undefined;
  /** Hears of each wait before another attempt. */
  readonly onWait?: ((waiting: Waiting) => void) | undefined;
  /** Default: the real time. */
  readonly clock?: Clock | undefined;
  /** The jitter of waits, uniform in [0, 1). Default `Math.random`. */
  readonly random?: (() => number) | undefined;
  /** Ends the trials; questions have signals of their own. */
  readonly signal?: AbortSignal | undefined;
}

/** A judge behind an address, and how it says verdicts. */
export interface ChatJudge extends Judge {
  readonly manner: Manner;
  /** The key under which the cache would have the reply to a question. */
  readonly keyOf: (comparison: Comparison) => CacheKey;
}

/** After so many questions in a row without a reply the judging ends. */
const LOST_IN_A_ROW = 5;

/**
 * Opens a judge behind an OpenAI-compatible address: OpenAI, vLLM, llama.cpp, Ollama, LM Studio and others. A few trial questions
 * show at once whether address, key and model are right, and how the server can be made to say a verdict.
 *
 * When a reply is empty or was cut, the question is asked once more with twice the room. A reply that cannot be read then is
 * `unparsable`, and never drawn again. Money is set aside before each attempt, and whole replies go into the cache.
 *
 * @throws DpoError the errors of `parseAddress` and `findRung`; `judge.max-cost`; `judge.no-client`
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

/** A reply with its cost. */
interface PaidReply {
  readonly reply: ChatReply;
  /** Undefined without a price. */
  readonly cost: number | undefined;
}
type PaidAsk = (request: ChatRequest, signal: AbortSignal | undefined) => Promise<PaidReply>;

/**
 * Asks until a reply comes, with money set aside before each attempt. An attempt without a reply costs all that was set aside when
 * the server may bill a reply.
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
  let withoutReply = 0; // in a row

  const keyOf = cacheKeys({ address: about.address, model, template, manner, tokens });

  async function replyTo(
    key: CacheKey,
    signal: AbortSignal | undefined,
  ): Promise<PaidReply & { readonly cached: boolean }> {
    const cachedReply = await cache?.get(key);
    if (cachedReply !== undefined) return { reply: cachedReply, cost: 0, cached: true };
    const { reply, cost } = await ask({ messages: key.messages, settings: key.settings }, signal);
    if (isWhole(reply)) await cache?.put(key, reply);
    return { reply, cost, cached: false };
  }

  /** Whether a reply is all that the model had to say. Only whole replies go into the cache. */
  function isWhole({ text, finish, refusal, logprobs }: ChatReply): boolean {
    if (refusal !== undefined || finish === 'content_filter') return false;
    if (rung.name === 'logprobs') return logprobs !== undefined;
    return text.trim() !== '' && finish !== 'length';
  }

  return {
    keyOf,
    ask: async (comparison, { signal }) => {
      let first: PaidReply | undefined;
      try {
        const once = await replyTo(keyOf(comparison), signal);
        first = once;
        const enough = isWhole(once.reply) || isRefusal(once.reply);
        const last = enough ? once : await replyTo(keyOf(comparison, 2), signal);
        withoutReply = 0;
        const cost = enough ? once.cost : sumOf(once.cost, last.cost);
        return {
          ...factsOf(last.reply),
          ...verdictOf(last.reply),
          cost,
          ...(once.cached && last.cached ? { cached: true } : {}),
          rung: rung.name,
        };
      } catch (error) {
        if (!(error instanceof ChatFailure)) throw error;
        return { ...(await verdictWithoutReply(error)), cost: sumOf(first?.cost, error.cost), rung: rung.name };
      }
    },
  };

  function verdictOf(reply: ChatReply): Pick<JudgeReply, 'verdict' | 'p_first' | 'label_mass' | 'reason'> {
    if (isRefusal(reply)) return { verdict: 'refused', reason: reply.refusal ?? 'The reply was filtered.' };
    if (isWhole(reply)) return rung.verdictOf(reply, labels);
    const reason = reply.finish === 'length' ? 'The reply was cut at twice the length.' : 'The reply is empty.';
    return { verdict: 'unparsable', reason };
  }

  /** The verdict on a question that got no reply. @throws DpoError when no other question can get one, which ends the judging */
  async function verdictWithoutReply(failure: ChatFailure): Promise<Pick<JudgeReply, 'verdict' | 'reason'>> {
    if (failure.kind === 'filtered') return { verdict: 'refused', reason: failure.message };
    if (failure.kind === 'refused') return { verdict: 'failed', reason: failure.message };
    withoutReply++;
    const passing = failure.kind === 'limited' || failure.kind === 'server' || failure.kind === 'cut';
    const hopeless = !passing && failure.kind !== 'timeout' && failure.kind !== 'unreachable';
    if (hopeless || withoutReply >= LOST_IN_A_ROW) throw await clearError(failure, about);
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
function factsOf(reply: ChatReply): Partial<JudgeReply> {
  return {
    judge_reported: reply.model,
    text: reply.text,
    finish_reason: reply.finish,
    prompt_tokens: reply.promptTokens,
    completion_tokens: reply.completionTokens,
  };
}
