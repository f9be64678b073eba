import { DpoError } from '@dpo/base';
import { ChatFailure, failureInBody, failureOf } from './chat-failure.js';
import { type ChatReply, readChatReply } from './chat-reply.js';

/** The body of a request to /chat/completions but for the model's name. */
export interface ChatRequest {
  readonly messages: readonly { readonly role: string; readonly content: string }[];
  /** Everything else: temperature, lengths, formats. */
  readonly settings: Readonly<Record<string, unknown>>;
}

/** One server and one model. */
export interface ChatClient {
  /** Asks once. @throws ChatFailure when no reply comes */
  readonly ask: (request: ChatRequest, options: { readonly signal?: AbortSignal | undefined }) => Promise<ChatReply>;
  /** The names of the server's models; empty when the server does not list them. */
  readonly models: () => Promise<readonly string[]>;
}

/** Which server and model a client asks. */
export interface ChatClientOptions {
  /** As `parseAddress` gives it. */
  readonly url: string;
  /** The model's name at the server. */
  readonly model: string;
  /** Undefined for servers that need none. */
  readonly key?: string | undefined;
  /** The longest time from the question to the end of the reply, in milliseconds. */
  readonly timeout: number;
}

/** How long a reply may still come after an abort, in milliseconds, since the question is paid for. */
const GRACE = 3000;

/** The `openai` client without anything that it does by itself: no retries, no logs, nothing from the environment. */
async function clientOf({ url, key, timeout }: ChatClientOptions) {
  const { OpenAI } = await import('openai').catch((cause: unknown) => {
    throw new DpoError('judge.no-client', 'The package openai, which asks judges, is not installed.', {
      hint: 'Run: npm install openai@6',
      cause,
    });
  });
  return new OpenAI({
    baseURL: url,
    apiKey: key ?? 'none',
    adminAPIKey: null,
    organization: null,
    project: null,
    webhookSecret: null,
    maxRetries: 0,
    logLevel: 'off',
    timeout,
    fetch: wholeResponse,
    ...(key === undefined ? { defaultHeaders: { authorization: null } } : {}),
  });
}

const STATUS = 'x-status';

/**
 * Hands every response on as a success, with its status in a header. Of other responses the client keeps only the body's `error`,
 * which half of all servers do not write.
 */
async function wholeResponse(input: string | URL | Request, init?: RequestInit): Promise<Response> {
  const response = await fetch(input, init);
  const headers = new Headers(response.headers);
  headers.set(STATUS, String(response.status));
  headers.delete('content-encoding'); // `fetch` has decoded the body.
  return new Response(response.body, { status: 200, headers });
}

/** Opens a client. Nothing is sent yet. @throws DpoError `judge.no-client` when `openai` is not installed */
export async function chatClient(options: ChatClientOptions): Promise<ChatClient> {
  const client = await clientOf(options);
  const { model, key, timeout } = options;
  // Servers may repeat the key in their replies, which are written to files.
  const clean = (text: string) => (key !== undefined && key.length >= 8 ? text.replaceAll(key, '***') : text);

  async function bodyOf(request: ChatRequest, signal: AbortSignal): Promise<string> {
    const body = { model, messages: request.messages, ...request.settings };
    try {
      const response = await client.post('/chat/completions', { body, signal }).asResponse();
      const text = clean(await response.text());
      const status = Number(response.headers.get(STATUS));
      const failure = status >= 200 && status < 300 ? failureInBody(text) : failureOf(status, response.headers, text);
      if (failure !== undefined) throw failure;
      return text;
    } catch (error) {
      throw failureFrom(error, signal, timeout, clean);
    }
  }

  return {
    ask: async (request, { signal }) => {
      const limits = withLimits(timeout, signal);
      try {
        return readChatReply(await bodyOf(request, limits.signal));
      } finally {
        limits.clear();
      }
    },
    models: async () => {
      const limits = withLimits(Math.min(timeout, 10_000), undefined);
      try {
        const response = await client.get('/models', { signal: limits.signal }).asResponse();
        const { data } = JSON.parse(await response.text()) as { readonly data?: unknown };
        return (Array.isArray(data) ? data : []).flatMap(({ id }: { readonly id?: unknown }) =>
          typeof id === 'string' ? [clean(id)] : [],
        );
      } catch {
        return []; // The list only makes an error clearer.
      } finally {
        limits.clear();
      }
    },
  };
}

/** A signal that fires when the time is over, or {@link GRACE} after the caller's signal. */
function withLimits(timeout: number, signal: AbortSignal | undefined) {
  const controller = new AbortController();
  const timers = [setTimeout(() => controller.abort(new DOMException('too slow', 'TimeoutError')), timeout)];
  const onAbort = () => void timers.push(setTimeout(() => controller.abort(signal?.reason), GRACE));
  if (signal?.aborted === true) onAbort();
  signal?.addEventListener('abort', onAbort, { once: true });
  return {
    signal: controller.signal,
    clear: () => {
      for (const timer of timers) clearTimeout(timer);
      signal?.removeEventListener('abort', onAbort);
    },
  };
}

function failureFrom(error: unknown, signal: AbortSignal, timeout: number, clean: (text: string) => string): unknown {
  if (error instanceof ChatFailure) return error;
  if (signal.aborted) {
    const tooSlow = signal.reason instanceof DOMException && signal.reason.name === 'TimeoutError';
    return tooSlow ? new ChatFailure('timeout', `no whole reply within ${timeout / 1000} s`) : signal.reason;
  }
  const causes = clean(causesOf(error));
  // A reply that broke off may be billed; a reply that never began is not.
  const broke = /terminated|premature|aborted|other side closed|socket hang up/i.test(causes);
  return new ChatFailure(broke ? 'cut' : 'unreachable', causes);
}

function causesOf(error: unknown): string {
  const messages: string[] = [];
  for (let each = error; each instanceof Error && messages.length < 4; each = each.cause) {
    const code = 'code' in each && typeof each.code === 'string' ? ` (${each.code})` : '';
    messages.push(`${each.message}${code}`);
  }
  return messages.join(': ');
}
