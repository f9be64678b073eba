/** Why no reply came. */
export type FailureKind =
  | 'unauthorised'
  | 'no-quota'
  | 'not-found'
  | 'unknown-model'
  | 'not-an-endpoint'
  | 'refused'
  | 'filtered'
  | 'limited'
  | 'server'
  | 'cut'
  | 'timeout'
  | 'unreachable';

/** A request that got no reply. */
export class ChatFailure extends Error {
  constructor(
    readonly kind: FailureKind,
    /** The server's words, or the error of the connection. */
    readonly detail: string,
    readonly status?: number,
    /** How long the server asks to be left alone, in milliseconds. */
    readonly retryAfter?: number,
    /** The most that attempts without a reply may have cost. */
    readonly cost?: number,
  ) {
    super(`${kind}${status === undefined ? '' : ` (HTTP ${status})`}: ${detail}`);
  }
}

/** Whether asking again later may help. */
export function mayPass({ kind }: ChatFailure): boolean {
  return kind === 'limited' || kind === 'server' || kind === 'cut' || kind === 'timeout' || kind === 'unreachable';
}

/** Whether the server may have written a reply, and bill it, though none came here. */
export function mayBeBilled({ kind }: ChatFailure): boolean {
  return kind === 'cut' || kind === 'timeout';
}

/** The failure of a response that is no success, by its status and its body. */
export function failureOf(status: number, headers: Headers, body: string): ChatFailure {
  const words = wordsOf(body);
  const retryAfter = retryAfterOf(headers);
  const fail = (kind: FailureKind) => new ChatFailure(kind, words, status, retryAfter);
  // A filter may forbid one question (403), which says nothing of the key.
  if (/content_filter|content management policy|ResponsibleAI|flagged_input/i.test(body)) return fail('filtered');
  if (status === 401 || status === 403) return fail('unauthorised');
  if (status === 402 || /insufficient_quota|exceeded your current quota/i.test(body)) return fail('no-quota');
  if (status === 429) return fail('limited');
  if (isHtml(body) && status < 500) return fail('not-an-endpoint');
  if (namesNoModel(body)) return fail('unknown-model');
  if (status === 404 || status === 405) return fail('not-found');
  if (status === 408 || status >= 500) return fail('server');
  return fail('refused');
}

/** The failure of a response of status 200: LM Studio writes errors so, other servers an HTML page. Undefined for a reply. */
export function failureInBody(body: string): ChatFailure | undefined {
  if (isHtml(body)) return new ChatFailure('not-an-endpoint', wordsOf(body), 200);
  let json: unknown;
  try {
    json = JSON.parse(body);
  } catch {
    return new ChatFailure('cut', 'the reply is no whole JSON', 200);
  }
  const value = json as { readonly error?: unknown; readonly choices?: unknown } | null;
  if (Array.isArray(value?.choices) && value.choices.length > 0) return undefined;
  if (value?.error === undefined) return new ChatFailure('not-an-endpoint', 'the reply has no choices', 200);
  const words = wordsOf(body);
  if (/unexpected endpoint/i.test(words)) return new ChatFailure('not-found', words, 200);
  if (namesNoModel(body)) return new ChatFailure('unknown-model', words, 200);
  return new ChatFailure('refused', words, 200);
}

function namesNoModel(body: string): boolean {
  return /model_not_found|model\b.{0,120}?(not found|does not exist|is not loaded|no such)|unknown model|no models? loaded/is.test(
    body,
  );
}

function isHtml(body: string): boolean {
  return /^\s*(<!doctype html|<html|<\?xml)/i.test(body);
}

/** The words of an error, from whichever key a server puts them under. */
function wordsOf(body: string): string {
  if (isHtml(body)) return `an HTML page${titleOf(body)}`;
  try {
    const { error, message, detail } = JSON.parse(body) as Record<string, unknown>;
    const inner = typeof error === 'object' && error !== null ? (error as Record<string, unknown>).message : error;
    const words = [inner, message, detail].find((each) => typeof each === 'string' && each !== '');
    if (typeof words === 'string') return words.slice(0, 500);
  } catch {
    // Plain text, or JSON that broke off.
  }
  return body.trim().slice(0, 500) || 'nothing';
}

function titleOf(body: string): string {
  const title = /<title>([^<]{1,100})/i.exec(body)?.[1]?.trim();
  return title === undefined ? '' : ` ("${title}")`;
}

/** The wait that a response asks for, in milliseconds: `retry-after-ms`, else `retry-after` in seconds or as a date. */
export function retryAfterOf(headers: Headers, now = Date.now()): number | undefined {
  const milliseconds = Number(headers.get('retry-after-ms') ?? Number.NaN);
  if (milliseconds >= 0) return milliseconds;
  const text = headers.get('retry-after')?.trim() ?? '';
  if (text === '') return undefined;
  const seconds = Number(text);
  if (seconds >= 0) return 1000 * seconds;
  const date = Date.parse(text);
  return Number.isNaN(date) ? undefined : Math.max(0, date - now);
}
