import { randomBytes } from 'node:crypto';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { DpoError } from '@dpo/base';
import { between, oneOf, record, type Shape, ShapeError, text, unknownOr } from '../shape.js';
import { type RaterPage, raterPage } from './_page.js';
import { checkHost, checkOrigin, jsonBody, Refusal, sameSecret } from './_requests.js';
import type { RaterSession } from './rater-session.js';
import type { PageVote, RaterState } from './rater-state.js';
import { CHOICES } from './vote.js';

/** A page for each rater, served to this machine alone. */
export interface RaterServer {
  /** The addresses that raters open, in the order of the sessions. Whoever has an address can vote as its rater. */
  readonly pages: readonly { readonly rater: string; readonly url: string }[];
  /** Resolves once every rater has ended the session. */
  readonly finished: Promise<void>;
  /** Answers the requests that have come, and closes. */
  readonly close: () => Promise<void>;
}

/** The raters whose pages are served, and the port. */
export interface ServeRatersOptions {
  /** A session for each rater, who gets a page of their own. */
  readonly sessions: readonly RaterSession[];
  /** The port on 127.0.0.1. Default: any free port. */
  readonly port?: number | undefined;
  /** Hears of every vote, undo and end after it is on the disk. */
  readonly onChange?: ((state: RaterState) => void) | undefined;
  /** The page's script, for tests: without a build there is none beside the sources. */
  readonly script?: URL | undefined;
}

/** Bytes of a token: 192 random bits. */
const TOKEN_BYTES = 24;

/**
 * Serves raters their pages on 127.0.0.1. Every address holds a random token; requests without it, for another host, or from
 * another page are refused, and the page may load nothing but itself.
 *
 * @throws DpoError `human.no-page` when the page's script was not built; `human.port-taken`; `human.no-server`
 */
export async function serveRaters({ sessions, port = 0, onChange, script }: ServeRatersOptions): Promise<RaterServer> {
  const page = await raterPage(script);
  const doors = sessions.map((session) => ({ session, token: randomBytes(TOKEN_BYTES).toString('base64url') }));
  let look = (): unknown => undefined;
  const finished = new Promise<void>((resolve) => {
    look = () => sessions.every((session) => session.state().kind === 'finished') && resolve();
  });
  look(); // all may have ended in an earlier sitting
  const changed = (state: RaterState) => {
    onChange?.(state);
    look();
  };
  const server = createServer((request, response) => void answer(request, response, doors, page, changed));
  await listen(server, port);
  const { port: openPort } = server.address() as AddressInfo;
  return {
    pages: doors.map(({ session, token }) => ({ rater: session.rater, url: `http://127.0.0.1:${openPort}/${token}/` })),
    finished,
    close: () => close(server),
  };
}

interface Door {
  readonly session: RaterSession;
  readonly token: string;
}

async function answer(
  request: IncomingMessage,
  response: ServerResponse,
  doors: readonly Door[],
  page: RaterPage,
  changed: (state: RaterState) => void,
): Promise<void> {
  try {
    checkHost(request);
    const [, token = '', ...rest] = (request.url ?? '').split('?', 1)[0]?.split('/') ?? [];
    // All are compared, so that the time does not tell which rater's token is nearly right.
    const [door] = doors.filter((each) => sameSecret(token, each.token));
    if (door === undefined) throw new Refusal(404, 'There is nothing here. The address is the one that dpo printed.');
    await route(request, response, door.session, rest.join('/'), page, changed);
  } catch (error) {
    const { status, headers, message } = asRefusal(error);
    sendJson(response, status, { error: message }, headers);
  }
}

async function route(
  request: IncomingMessage,
  response: ServerResponse,
  session: RaterSession,
  path: string,
  page: RaterPage,
  changed: (state: RaterState) => void,
): Promise<void> {
  const deeds: Readonly<Record<string, (body: Readonly<Record<string, unknown>>) => Promise<RaterState>>> = {
    vote: (body) => session.vote(voteOf(body)),
    undo: () => session.undo(),
    finish: () => session.finish(),
  };
  if (path === '' || path === 'state') {
    checkMethod(request, 'GET');
    if (path === 'state') return sendJson(response, 200, session.state());
    return send(response, 200, 'text/html; charset=utf-8', page.html, { 'content-security-policy': page.policy });
  }
  const deed = Object.hasOwn(deeds, path) ? deeds[path] : undefined;
  if (deed === undefined) throw new Refusal(404, 'There is nothing here.');
  checkMethod(request, 'POST');
  checkOrigin(request);
  const state = await deed(await jsonBody(request));
  sendJson(response, 200, state);
  changed(state);
}

function checkMethod({ method }: IncomingMessage, allowed: 'GET' | 'POST'): void {
  if (method !== allowed) throw new Refusal(405, `Only ${allowed} is answered here.`, { allow: allowed });
}

/** The longest comment, in UTF-16 units; the page has the same limit. */
const LONGEST_COMMENT = 10_000;

const comment: Shape<string> = (value, where) => {
  const words = text(value, where);
  if (words.length <= LONGEST_COMMENT) return words;
  throw new ShapeError(where, `at most ${LONGEST_COMMENT} characters long`);
};

const voteOf = (body: Readonly<Record<string, unknown>>): PageVote => {
  const shape = record<PageVote>({
    item: between(0, Number.MAX_SAFE_INTEGER),
    choice: oneOf(CHOICES),
    comment: unknownOr(comment),
    milliseconds: unknownOr(between(0, Number.MAX_SAFE_INTEGER)),
  });
  return shape(body, '');
};

function asRefusal(error: unknown): Refusal {
  if (error instanceof Refusal) return error;
  if (error instanceof ShapeError) return new Refusal(400, `${error.message}.`);
  if (DpoError.is(error)) return new Refusal(error.code.startsWith('human.') ? 409 : 500, error.message);
  return new Refusal(500, 'The vote could not be taken.');
}

function sendJson(
  response: ServerResponse,
  status: number,
  value: unknown,
  headers: Readonly<Record<string, string>> = {},
): void {
  send(response, status, 'application/json; charset=utf-8', JSON.stringify(value), headers);
}

function send(
  response: ServerResponse,
  status: number,
  type: string,
  body: string,
  headers: Readonly<Record<string, string>>,
): void {
  response.writeHead(status, {
    'content-type': type,
    'cache-control': 'no-store',
    'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
    'cross-origin-opener-policy': 'same-origin',
    'cross-origin-resource-policy': 'same-origin',
    'referrer-policy': 'no-referrer',
    'x-content-type-options': 'nosniff',
    ...headers,
  });
  response.end(body);
}

async function listen(server: Server, port: number): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, '127.0.0.1', resolve);
  }).catch((cause: unknown) => {
    const isTaken = cause instanceof Error && 'code' in cause && cause.code === 'EADDRINUSE';
    const why = cause instanceof Error ? cause.message : String(cause);
    throw isTaken
      ? new DpoError('human.port-taken', `Port ${port} of 127.0.0.1 is in use.`, {
          values: { port },
          hint: 'Choose another port, or leave --port out: a free port is then found.',
          cause,
        })
      : new DpoError('human.no-server', `No page can be served on port ${port}: ${why}.`, { values: { port }, cause });
  });
}

/** Ends connections that browsers keep open for later requests, and the others when their responses are sent, or after a second. */
async function close(server: Server): Promise<void> {
  const closed = new Promise<void>((resolve) => server.close(() => resolve()));
  server.closeIdleConnections();
  const patience = setTimeout(() => server.closeAllConnections(), 1000);
  await closed;
  clearTimeout(patience);
}
