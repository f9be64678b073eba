import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** What a server does with one request. */
export interface Behaviour {
  readonly status?: number;
  readonly headers?: Readonly<Record<string, string>>;
  /** JSON, or a text as it is. */
  readonly body?: unknown;
  /** Whether the response breaks off after half of the body. */
  readonly breaksOff?: boolean;
  /** Whether the response stops after half of the body. */
  readonly stalls?: boolean;
}

/** A request that came to a server. */
export interface ServedRequest {
  readonly path: string;
  readonly authorization: string | undefined;
  readonly body: Readonly<Record<string, unknown>>;
  /** The text of the last message. */
  readonly text: string;
}

/** An OpenAI-compatible server that behaves as `behave` says. */
export class ChatServer {
  /** All requests so far, the first one first. */
  readonly requests: ServedRequest[] = [];
  #server: Server | undefined;

  constructor(public behave: (request: ServedRequest, count: number) => Behaviour | Promise<Behaviour>) {}

  /** Listens on a free port of this machine. Returns the address, with /v1. */
  async start(): Promise<string> {
    const server = createServer((request, response) => void this.#answer(request, response));
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    this.#server = server;
    return `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1`;
  }

  /** Ends all connections and the server. */
  async stop(): Promise<void> {
    this.#server?.closeAllConnections();
    await new Promise((resolve) => this.#server?.close(resolve));
  }

  async #answer(incoming: IncomingMessage, response: ServerResponse): Promise<void> {
    const parts: Buffer[] = [];
    for await (const part of incoming) parts.push(part as Buffer);
    const body = JSON.parse(Buffer.concat(parts).toString() || '{}') as ServedRequest['body'];
    const messages = (body.messages ?? []) as readonly { readonly content: string }[];
    const request = {
      path: incoming.url ?? '',
      authorization: incoming.headers.authorization,
      body,
      text: messages.at(-1)?.content ?? '',
    };
    this.requests.push(request);
    const {
      status = 200,
      headers = {},
      body: reply,
      breaksOff,
      stalls,
    } = await this.behave(request, this.requests.length);
    const text = typeof reply === 'string' ? reply : JSON.stringify(reply ?? {});
    const type = text.startsWith('<') ? 'text/html' : 'application/json';
    const length = String(Buffer.byteLength(text));
    response.writeHead(status, { 'content-type': type, 'content-length': length, ...headers });
    if (breaksOff !== true && stalls !== true) return void response.end(text);
    response.write(text.slice(0, text.length / 2), () => {
      if (breaksOff === true) response.destroy();
    });
  }
}

/** The body of a chat completion. */
export function completion(content: string | null, more: Completion = {}): object {
  const {
    finish = 'stop',
    model = 'judge',
    usage = { prompt_tokens: 100, completion_tokens: 10 },
    logprobs,
    message,
  } = more;
  return {
    id: 'chatcmpl-1',
    object: 'chat.completion',
    model,
    choices: [
      {
        index: 0,
        message: { role: 'assistant', content, ...message },
        logprobs: logprobs ?? null,
        finish_reason: finish,
      },
    ],
    ...(usage === null ? {} : { usage }),
  };
}

/** The parts of a chat completion that tests choose. */
export interface Completion {
  readonly finish?: string;
  readonly model?: string;
  readonly usage?: object | null;
  readonly logprobs?: object | null;
  readonly message?: object;
}

/** Log-probabilities in OpenAI's shape, of the likeliest tokens in the first place. */
export function topLogprobs(top: Readonly<Record<string, number | null>>): object {
  const list = Object.entries(top).map(([token, logprob]) => ({ token, logprob, bytes: null }));
  return { content: [{ ...list[0], top_logprobs: list }] };
}

/** Refuses requests for more than a text, so that judges reply in words. */
export function wordsAlone(behave: ChatServer['behave']): ChatServer['behave'] {
  return (request, count) => {
    const { logprobs, response_format, structured_outputs } = request.body;
    if (logprobs === undefined && response_format === undefined && structured_outputs === undefined)
      return isTrial(request) ? { body: completion('It is red.\nVerdict: A') } : behave(request, count);
    return { status: 400, body: { error: { message: 'unknown field', type: 'invalid_request_error' } } };
  };
}

/** Whether a request is the trial of a rung. */
export function isTrial({ text }: ServedRequest): boolean {
  return /names a colour|about the sea/.test(text);
}
