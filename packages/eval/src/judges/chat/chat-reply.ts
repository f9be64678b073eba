import { isObject } from '@dpo/base';

/** A token with its log-probability, and the likeliest tokens in its place. */
interface TokenLogprob {
  readonly token: string;
  readonly top: readonly { readonly token: string; readonly logprob: number }[];
}

/** The parts of a reply that verdicts are made from. The cache holds them. */
export interface ChatReply {
  /** The text, empty when the reply has none. Reasoning in fields of its own is not part of the text. */
  readonly text: string;
  readonly finish: string | undefined;
  /** Why the model declined, when the reply has a field for that. */
  readonly refusal: string | undefined;
  readonly model: string | undefined;
  readonly promptTokens: number | undefined;
  readonly completionTokens: number | undefined;
  /** Undefined when the server sent none. */
  readonly logprobs: readonly TokenLogprob[] | undefined;
}

/** Reads the body of a chat completion. Fields that are missing, null or of another type are left out. */
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

/** A text, or the texts of a list of parts. */
function contentOf(value: unknown): string {
  if (typeof value === 'string') return value;
  if (!Array.isArray(value)) return '';
  return value.map((part) => wordsOf(fieldsOf(part).text) ?? '').join('');
}

/** vLLM writes −9999 for a log-probability of −∞. */
const LEAST = -9999;

function logprobsOf(content: unknown): TokenLogprob[] | undefined {
  if (!Array.isArray(content) || content.length === 0) return undefined;
  return content.map((entry) => {
    const { token, top_logprobs } = fieldsOf(entry);
    const top = (Array.isArray(top_logprobs) ? top_logprobs : []).flatMap((each) => {
      const { token: text, logprob } = fieldsOf(each);
      const isUsable = typeof text === 'string' && typeof logprob === 'number' && logprob > LEAST && logprob <= 1e-3;
      return isUsable ? [{ token: text, logprob }] : [];
    });
    return { token: wordsOf(token) ?? '', top };
  });
}
