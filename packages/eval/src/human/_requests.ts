import { createHash, timingSafeEqual } from 'node:crypto';
import type { IncomingMessage } from 'node:http';

/** A request that is refused, with its HTTP status. */
export class Refusal extends Error {
  constructor(
    readonly status: number,
    message: string,
    readonly headers: Readonly<Record<string, string>> = {},
  ) {
    super(message);
  }
}

/** More than the longest comment. */
const LARGEST_BODY = 64 * 1024;

/**
 * Refuses a request whose Host does not name this machine: a page of another site may have its own name lead to 127.0.0.1 (DNS
 * rebinding), but the Host is that name then. The port may be any, since a tunnel has a port of its own.
 */
export function checkHost({ headers }: IncomingMessage): void {
  const host = headers.host ?? '';
  if (!/^(127\.0\.0\.1|localhost|\[::1\])(:\d{1,5})?$/i.test(host))
    throw new Refusal(403, 'This page is served to 127.0.0.1 and localhost alone.');
}

/** Refuses a request that a page of another site makes. Browsers say which site a request comes from. */
export function checkOrigin({ headers }: IncomingMessage): void {
  const site = headers['sec-fetch-site'];
  const sameSite = site === undefined || site === 'same-origin' || site === 'none';
  const sameOrigin = headers.origin === undefined || headers.origin === `http://${headers.host}`;
  if (!sameSite || !sameOrigin) throw new Refusal(403, 'Other pages may not send anything here.');
}

/** Whether a text is the secret, in a time that does not depend on how many letters are right. */
export function sameSecret(text: string, secret: string): boolean {
  const digest = (value: string) => createHash('sha256').update(value).digest();
  return timingSafeEqual(digest(text), digest(secret));
}

/**
 * The JSON object of a request's body.
 *
 * @throws Refusal 415 for another type than JSON, 413 for a body that is too large, 400 for one that is no JSON object
 */
export async function jsonBody(request: IncomingMessage): Promise<Readonly<Record<string, unknown>>> {
  const [type = ''] = (request.headers['content-type'] ?? '').split(';');
  if (type.trim().toLowerCase() !== 'application/json') throw new Refusal(415, 'The body should be application/json.');
  const tooLarge = new Refusal(413, `The body should be at most ${LARGEST_BODY} bytes.`, { connection: 'close' });
  if (Number(request.headers['content-length'] ?? 0) > LARGEST_BODY) throw tooLarge;
  const pieces: Buffer[] = [];
  let size = 0;
  // The connection stays open, so that the refusal can be sent.
  for await (const piece of request.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>) {
    size += piece.length;
    if (size > LARGEST_BODY) throw tooLarge;
    pieces.push(piece);
  }
  try {
    const value: unknown = JSON.parse(Buffer.concat(pieces).toString('utf8'));
    if (typeof value === 'object' && value !== null && !Array.isArray(value))
      return value as Readonly<Record<string, unknown>>;
  } catch {
    // Not JSON: refused below, as any other body that is no object.
  }
  throw new Refusal(400, 'The body should be a JSON object.');
}
