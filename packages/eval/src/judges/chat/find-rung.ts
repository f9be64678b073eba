import { DpoError, nearest } from '@dpo/base';
import type { ChatClient, ChatRequest } from './chat-client.js';
import { ChatFailure } from './chat-failure.js';
import type { ChatReply } from './chat-reply.js';
import { type Rung, type RungName, rungs } from './rungs.js';

/** How a server is asked. */
export interface Manner {
  readonly rung: Rung;
  /** The name of the longest reply's setting: OpenAI's newer models take the second only. */
  readonly lengthKey: 'max_tokens' | 'max_completion_tokens';
  /** Undefined for a model that takes no other than its own. */
  readonly temperature: number | undefined;
}

/** Which server is tried, and with what. */
export interface FindRungOptions {
  /** The server, for the list of its models. */
  readonly client: ChatClient;
  /** Asks a trial question, with patience and a ledger. */
  readonly ask: (request: ChatRequest) => Promise<ChatReply>;
  /** The labels of the judge's template. */
  readonly labels: readonly string[];
  /** The judge's temperature. */
  readonly temperature: number;
  /** The longest reply of a rung that replies in words, in tokens. */
  readonly tokens: number;
  /** The only rung to try. Default: all, one after the other. */
  readonly only?: RungName | undefined;
  /** The server's address, for messages. */
  readonly address: string;
  /** The model's name at the server, for messages. */
  readonly model: string;
  /** The variable that a key is read from, for messages. */
  readonly keyName: string;
  /** Whether a key was read, for messages. */
  readonly hasKey: boolean;
}

/**
 * Finds out how a server can be made to say a verdict. The rungs are tried from the most telling one to plain text, each with a
 * question of its own. The first rung is taken whose reply, not status, shows that the server did as asked.
 *
 * The first question also shows a wrong address, a wrong key or an unknown model.
 *
 * @throws DpoError `judge.unreachable`, `judge.not-an-endpoint`, `judge.unauthorised`, `judge.no-quota`, `judge.unknown-model`;
 *   `judge.no-verdict` when no rung works
 */
export async function findRung(options: FindRungOptions): Promise<Manner> {
  let manner: Omit<Manner, 'rung'> = { lengthKey: 'max_tokens', temperature: options.temperature };
  const tried: string[] = [];
  for (const rung of rungs) {
    if (options.only !== undefined && rung.name !== options.only) continue;
    const { reply, learned, failure } = await trial(rung, manner, options);
    manner = learned;
    if (reply !== undefined && rung.passes(reply, options.labels)) return { ...manner, rung };
    tried.push(`${rung.name}: ${failure?.detail ?? `replied ${JSON.stringify(reply?.text.slice(0, 80))}`}`);
  }
  throw new DpoError('judge.no-verdict', `${options.model} at ${options.address} gave no verdict that can be read.`, {
    values: { address: options.address, model: options.model, tried },
    hint: `What was tried: ${tried.join('; ')}. Judges follow instructions: choose a model that was trained to.`,
  });
}

/** The settings of a request in a manner, with room for so many tokens. */
export function settingsOf(
  { rung, lengthKey, temperature }: Manner,
  labels: readonly string[],
  tokens: number,
): Readonly<Record<string, unknown>> {
  return { ...(temperature === undefined ? {} : { temperature }), [lengthKey]: tokens, ...rung.settings(labels) };
}

interface Trial {
  readonly reply?: ChatReply | undefined;
  readonly failure?: ChatFailure | undefined;
  readonly learned: Omit<Manner, 'rung'>;
}

/** Asks a rung's question. When a server refuses the length's name, or the temperature, it is asked again without them. */
async function trial(rung: Rung, manner: Omit<Manner, 'rung'>, options: FindRungOptions): Promise<Trial> {
  let learned = manner;
  for (;;) {
    const settings = settingsOf({ ...learned, rung }, options.labels, rung.tokens ?? options.tokens);
    try {
      const reply = await options.ask({ messages: [{ role: 'user', content: rung.trial }], settings });
      return { reply, learned };
    } catch (error) {
      if (!(error instanceof ChatFailure)) throw error;
      if (error.kind !== 'refused' && error.kind !== 'filtered') throw await clearError(error, options);
      const { detail } = error;
      if (learned.lengthKey === 'max_tokens' && /max_completion_tokens/.test(detail))
        learned = { ...learned, lengthKey: 'max_completion_tokens' };
      else if (learned.temperature !== undefined && /temperature/i.test(detail))
        learned = { ...learned, temperature: undefined };
      else return { failure: error, learned };
    }
  }
}

/** The error that says what a failure means to whoever named the judge. */
export async function clearError(
  failure: ChatFailure,
  { client, address, model, keyName, hasKey }: Omit<FindRungOptions, 'ask' | 'labels' | 'temperature' | 'tokens'>,
): Promise<DpoError> {
  const { kind, detail, status } = failure;
  const make = (code: string, message: string, hint: string) =>
    new DpoError(code, message, { values: { address, model, status, detail }, hint });
  const reply = `It said: ${detail}.`;
  if (kind === 'unauthorised')
    return hasKey
      ? make(
          'judge.unauthorised',
          `${address} refuses the key in ${keyName} (HTTP ${status}).`,
          `Check the key. ${reply}`,
        )
      : make(
          'judge.unauthorised',
          `${address} wants a key (HTTP ${status}).`,
          `Put it into ${keyName} of the environment. ${reply}`,
        );
  if (kind === 'no-quota')
    return make('judge.no-quota', `${address} has no money left for this key.`, `Fill the account up. ${reply}`);
  if (kind === 'unknown-model') {
    const models = await client.models();
    const near = nearest(model, models);
    const list = models.length === 0 ? '' : ` It has: ${models.slice(0, 10).join(', ')}.`;
    return make(
      'judge.unknown-model',
      `${address} has no model ${model}.`,
      `${near === undefined ? 'Name another by --judge-model.' : `Did you mean ${near}?`}${list}${list === '' ? ` ${reply}` : ''}`,
    );
  }
  if (kind === 'not-found' || kind === 'not-an-endpoint') {
    const hint = /\/v1$/.test(new URL(address).pathname)
      ? 'Name the address of an OpenAI-compatible server, up to and with /v1.'
      : `Most servers answer below /v1: ${address}/v1`;
    return make('judge.not-an-endpoint', `${address}/chat/completions is no judge: it answered with ${detail}.`, hint);
  }
  return make(
    'judge.unreachable',
    `${address} does not answer: ${failure.message}.`,
    'Check the address, and that the server runs.',
  );
}
