import { DpoError, isObject } from '@dpo/base';
import { readJson, tooLarge } from './body.js';
import { isCommit } from './cache.js';
import { described, type HubName } from './name.js';
import { failed, request } from './request.js';
import { withRetries } from './retries.js';
import type { HubSettings, Waiting } from './settings.js';

/** Above so many files the hub's short list is not to be relied on, as in Python; the long one comes in pages. */
const manyFiles = 50_000;

/**
 * The commit that a revision names, and the names of its files.
 *
 * @throws DpoError `hub.not-found`, `hub.no-access`, `hub.unreachable` (also when the list takes longer than
 * `listTimeoutMs` in all), `hub.answer-too-large`, `hub.failed`
 */
export async function listFiles(settings: HubSettings, name: HubName): Promise<{ commit: string; names: string[] }> {
  const what = described(name);
  const { host } = settings.address;
  const late = new AbortController();
  let waitedFor: string | undefined;
  const timer = setTimeout(() => late.abort(tookTooLong(settings, what, waitedFor)), settings.listTimeoutMs);
  const signal = settings.signal === undefined ? late.signal : AbortSignal.any([settings.signal, late.signal]);
  const onWaiting = (waiting: Waiting): void => {
    waitedFor = waiting.what;
    settings.onWaiting?.(waiting);
  };
  const limited = { ...settings, signal, onWaiting };
  try {
    const { kind, id, revision } = name;
    const path = `/api/${kind}s/${id}`;
    const pages = await readPages(limited, `${path}/revision/${encodeURIComponent(revision)}`, what);
    const { sha } = isObject(pages[0]) ? pages[0] : {};
    if (typeof sha !== 'string' || !isCommit(sha))
      throw failed(`${host} does not answer as a model hub does: it names no commit of ${what}.`, { what, host });
    let names = pages.flatMap((page) => namesIn(isObject(page) ? page.siblings : undefined, 'rfilename'));
    if (names.length === 0 || names.length > manyFiles) {
      const tree = await readPages(limited, `${path}/tree/${sha}?recursive=true&expand=false`, what).catch(
        ignoreMissing,
      );
      const inTree = tree.flatMap((page) => namesIn(page, 'path'));
      if (inTree.length > 0) names = inTree;
    }
    return { commit: sha, names };
  } finally {
    clearTimeout(timer);
  }
}

/** A repository without files, or a mirror that knows short lists only. */
function ignoreMissing(error: unknown): unknown[] {
  if (DpoError.is(error, 'hub.not-found') || DpoError.is(error, 'hub.failed')) return [];
  throw error;
}

/** A list, and the pages that its Link header names. */
async function readPages(settings: HubSettings, path: string, what: string): Promise<unknown[]> {
  const pages: unknown[] = [];
  const seen = new Set<string>();
  let bytesLeft = settings.maxListBytes;
  let place: string | URL | undefined = path;
  while (place !== undefined) {
    if (pages.length >= settings.maxPages)
      throw tooLarge(settings, settings.address.host, what, `of over ${settings.maxPages} pages`);
    const here: string | URL = place;
    const { page, next } = await withRetries(settings, `The list of ${what}`, async () => {
      const answer = await request(settings, here, what);
      const read = await readJson(settings, answer, what, bytesLeft);
      return { page: read, next: nextPage(answer.response, answer.url) };
    });
    pages.push(page.value);
    bytesLeft -= page.bytes;
    if (next !== undefined) needNewPage(settings, next, seen, what);
    place = next;
  }
  return pages;
}

function nextPage(response: Response, here: URL): URL | undefined {
  const target = /<([^>]{1,4000})>\s*;[^,]{0,200}\brel="?next"?/i.exec(response.headers.get('link') ?? '')?.[1];
  return target !== undefined && URL.canParse(target, here.href) ? new URL(target, here) : undefined;
}

function needNewPage({ address }: HubSettings, next: URL, seen: Set<string>, what: string): void {
  const { host } = address;
  if (next.origin !== address.origin)
    throw failed(`${host} says that its list of ${what} goes on at another host, ${next.host}.`, { what, host });
  if (seen.has(next.href)) throw failed(`${host} gives a list of ${what} that goes round in a circle.`, { what, host });
  seen.add(next.href);
}

function namesIn(entries: unknown, key: 'rfilename' | 'path'): string[] {
  if (!Array.isArray(entries)) return [];
  return entries.flatMap((entry: unknown) => {
    if (!isObject(entry) || entry.type === 'directory') return [];
    const name = entry[key];
    return typeof name === 'string' && isInside(name) ? [name] : [];
  });
}

/** A file's name becomes a path: it must stay in its folder. */
function isInside(name: string): boolean {
  return !/[\\\0:]/.test(name) && name.split('/').every((part) => part !== '' && !/^\.+$/.test(part));
}

function tookTooLong({ address, listTimeoutMs }: HubSettings, what: string, waitedFor: string | undefined): DpoError {
  const seconds = listTimeoutMs / 1000;
  const reason = waitedFor === undefined ? '' : `; the last wait was for ${waitedFor}`;
  return new DpoError(
    'hub.unreachable',
    `The list of ${what} has not come from ${address.host} within ${seconds} s${reason}.`,
    {
      values: { host: address.host, what, seconds },
      hint: 'Check the network, or set HF_ENDPOINT to a mirror, or DPO_HUB_LIST_TIMEOUT to more seconds.',
    },
  );
}
