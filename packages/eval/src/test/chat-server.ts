import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** What a server does with one request. */
export interface Behaviour {
  readonly status?: number;
  readonly headers?: Readonly<Record<string, string>>;
  /** JSON, or a text as it is. */
  readonly body?: unknown;
  /** Breaks off after half of the body. */
  readonly cut?: boolean;
  /** Sends half of the body and nothing more. */
  readonly stall?: boolean;
}

export interface Asked {
  readonly path: string;
  readonly authorization: string | undefined;
  readonly body: Readonly<Record<string, unknown>>;
  /** The text of the last message. */
  readonly text: string;
}

/** An OpenAI-compatible server that behaves as it is told. */
export class ChatServer {
  readonly asked: Asked[] = [];
  #server: Server | undefined;

  constructor(public behave: (asked: Asked, count: number) => Behaviour | Promise<Behaviour>) {}

  async start(): Promise<string> {
    const server = createServer((request, response) => void this.#answer(request, response));
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    this.#server = server;
    return `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1`;
  }

  async stop(): Promise<void> {
    this.#server?.closeAllConnections();
    await new Promise((resolve) => this.#server?.close(resolve));
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const parts: Buffer[] = [];
    for await (const part of request) parts.push(part as Buffer);
    const body = JSON.parse(Buffer.concat(parts).toString() || '{}') as Asked['body'];
    const messages = (body.messages ?? []) as readonly { readonly content: string }[];
    const asked = {
      path: request.url ?? '',
      authorization: request.headers.authorization,
      body,
      text: messages.at(-1)?.content ?? '',
    };
    this.asked.push(asked);
    const { status = 200, headers = {}, body: reply, cut, stall } = await this.behave(asked, this.asked.length);
    const text = typeof reply === 'string' ? reply : JSON.stringify(reply ?? {});
    const type = text.startsWith('<') ? 'text/html' : 'application/json';
    const length = String(Buffer.byteLength(text));
    response.writeHead(status, { 'content-type': type, 'content-length': length, ...headers });
    if (cut !== true && stall !== true) return void response.end(text);
    response.write(text.slice(0, text.length / 2), () => {
      if (cut === true) response.destroy();
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

/** Refuses whatever asks for more than a text, so that judges talk in words. */
export function wordsAlone(behave: ChatServer['behave']): ChatServer['behave'] {
  return (asked, count) => {
    const { logprobs, response_format, structured_outputs } = asked.body;
    if (logprobs === undefined && response_format === undefined && structured_outputs === undefined)
      return isTrial(asked) ? { body: completion('It is red.\nVerdict: A') } : behave(asked, count);
    return { status: 400, body: { error: { message: 'unknown field', type: 'invalid_request_error' } } };
  };
}

/** Whether a request is one of those by which a judge is tried. */
export function isTrial({ text }: Asked): boolean {
  return /names a colour|about the sea/.test(text);
}
