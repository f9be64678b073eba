import { isObject } from '@dpo/base';

/** A token with its log-probability, and the likeliest tokens in its place. */
interface TokenLogprob {
  readonly token: string;
  readonly top: readonly { readonly token: string; readonly logprob: number }[];
}

/** What of a reply matters here. Caches hold it. */
export interface ChatReply {
  /** The text, empty where there is none. Reasoning that came in fields of its own is no part of it. */
  readonly text: string;
  readonly finish: string | undefined;
  /** Why the model declined, where it says so in a field of its own. */
  readonly refusal: string | undefined;
  readonly model: string | undefined;
  readonly promptTokens: number | undefined;
  readonly completionTokens: number | undefined;
  /** Undefined where the server sent none. */
  readonly logprobs: readonly TokenLogprob[] | undefined;
}

/** Reads the body of a chat completion; whatever is missing, null or of another type is left out. */
export function readChatReply(body: string): ChatReply {
  const reply = JSON.parse(body) as Readonly<Record<string, unknown>>;
  const choice = fieldsOf((reply.choices as readonly unknown[])[0]);
  const message = fieldsOf(choice.message);
  const usage = fieldsOf(reply.usage);
  const finish = wordsOf(choice.finish_reason);
  return {
    text: contentOf(message.content),
    finish,
    refusal: wordsOf(message.refusal) || undefined,
    model: wordsOf(reply.model),
    promptTokens: amountOf(usage.prompt_tokens),
    completionTokens: amountOf(usage.completion_tokens),
    logprobs: logprobsOf(fieldsOf(choice.logprobs).content),
  };
}

function fieldsOf(value: unknown): Readonly<Record<string, unknown>> {
  return isObject(value) ? value : {};
}

function wordsOf(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined;
}

function amountOf(value: unknown): number | undefined {
  return typeof value === 'number' && value >= 0 ? value : undefined;
}

/** A text, or a list of parts whose texts are taken. */
function contentOf(value: unknown): string {
  if (typeof value === 'string') return value;
  if (!Array.isArray(value)) return '';
  return value.map((part) => wordsOf(fieldsOf(part).text) ?? '').join('');
}

/** vLLM writes −9999 where a log-probability is −∞. */
const LEAST = -9999;

function logprobsOf(content: unknown): TokenLogprob[] | undefined {
  if (!Array.isArray(content) || content.length === 0) return undefined;
  return content.map((entry) => {
    const { token, top_logprobs } = fieldsOf(entry);
    const top = (Array.isArray(top_logprobs) ? top_logprobs : []).flatMap((each) => {
      const { token: text, logprob } = fieldsOf(each);
      const known = typeof text === 'string' && typeof logprob === 'number' && logprob > LEAST && logprob <= 1e-3;
      return known ? [{ token: text, logprob }] : [];
    });
    return { token: wordsOf(token) ?? '', top };
  });
}
