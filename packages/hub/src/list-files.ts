import { DpoError, isObject } from '@dpo/base';
import { readJson, tooLarge } from './body.js';
import { isCommit } from './cache.js';
import { type HubName, repositoryTitle } from './name.js';
import { notAHub, request } from './request.js';
import { withRetries } from './retries.js';
import type { HubSettings, Waiting } from './settings.js';

/** Above so many files the hub's short list is not reliable, as in Python, and the long list comes in pages. */
const manyFiles = 50_000;

/**
 * The commit of a revision, and the names of its files.
 *
 * @throws DpoError `hub.not-found`, `hub.no-access`, `hub.unreachable` (also when the whole list takes longer than
 * `listTimeoutMs`), `hub.answer-too-large`, `hub.failed`
 */
export async function listFiles(settings: HubSettings, name: HubName): Promise<{ commit: string; names: string[] }> {
  const what = repositoryTitle(name);
  const { host } = settings.address;
  const late = new AbortController();
  let lastWait: string | undefined;
  const timer = setTimeout(() => late.abort(listTimeout(settings, what, lastWait)), settings.listTimeoutMs);
  const signal = settings.signal === undefined ? late.signal : AbortSignal.any([settings.signal, late.signal]);
  const onWaiting = (waiting: Waiting): void => {
    lastWait = waiting.what;
    settings.onWaiting?.(waiting);
  };
  const limitedSettings = { ...settings, signal, onWaiting };
  try {
    const { kind, id, revision } = name;
    const path = `/api/${kind}s/${id}`;
    const pages = await readPages(limitedSettings, `${path}/revision/${encodeURIComponent(revision)}`, what);
    const { sha } = isObject(pages[0]) ? pages[0] : {};
    if (typeof sha !== 'string' || !isCommit(sha))
      throw notAHub(`${host} does not answer as a model hub does: it names no commit of ${what}.`, { what, host });
    let names = pages.flatMap((page) => namesIn(isObject(page) ? page.siblings : undefined, 'rfilename'));
    if (names.length === 0 || names.length > manyFiles) {
      const tree = await readPages(limitedSettings, `${path}/tree/${sha}?recursive=true&expand=false`, what).catch(
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

/** Ignores the missing long list of a repository without files, or of a mirror that has short lists only. */
function ignoreMissing(error: unknown): unknown[] {
  if (DpoError.is(error, 'hub.not-found') || DpoError.is(error, 'hub.notAHub')) return [];
  throw error;
}

/** A list, with the pages that Link headers name. */
async function readPages(settings: HubSettings, path: string, what: string): Promise<unknown[]> {
  const pages: unknown[] = [];
  const earlierPages = new Set<string>();
  let bytesLeft = settings.maxListBytes;
  let place: string | URL | undefined = path;
  while (place !== undefined) {
    if (pages.length >= settings.maxPages)
      throw tooLarge(settings, settings.address.host, what, `of over ${settings.maxPages} pages`);
    const here: string | URL = place;
    const { page, next } = await withRetries(settings, `The list of ${what}`, async () => {
      const answer = await request(settings, here, what);
      const content = await readJson(settings, answer, what, bytesLeft);
      return { page: content, next: nextPage(answer.response, answer.url) };
    });
    pages.push(page.value);
    bytesLeft -= page.bytes;
    if (next !== undefined) needNewPage(settings, next, earlierPages, what);
    place = next;
  }
  return pages;
}

function nextPage(response: Response, here: URL): URL | undefined {
  const target = /<([^>]{1,4000})>\s*;[^,]{0,200}\brel="?next"?/i.exec(response.headers.get('link') ?? '')?.[1];
  return target !== undefined && URL.canParse(target, here.href) ? new URL(target, here) : undefined;
}

function needNewPage({ address }: HubSettings, next: URL, earlierPages: Set<string>, what: string): void {
  const { host } = address;
  if (next.origin !== address.origin)
    throw notAHub(`${host} says that its list of ${what} continues at another host, ${next.host}.`, { what, host });
  if (earlierPages.has(next.href))
    throw notAHub(`${host} gives a list of ${what} whose pages go round in a circle.`, { what, host });
  earlierPages.add(next.href);
}

function namesIn(entries: unknown, key: 'rfilename' | 'path'): string[] {
  if (!Array.isArray(entries)) return [];
  return entries.flatMap((entry: unknown) => {
    if (!isObject(entry) || entry.type === 'directory') return [];
    const name = entry[key];
    return typeof name === 'string' && isInside(name) ? [name] : [];
  });
}

/** True when a file's name, which becomes a path, stays in its folder. */
function isInside(name: string): boolean {
  return !/[\\\0:]/.test(name) && name.split('/').every((part) => part !== '' && !/^\.+$/.test(part));
}

function listTimeout({ address, listTimeoutMs }: HubSettings, what: string, lastWait: string | undefined): DpoError {
  const seconds = listTimeoutMs / 1000;
  const reason = lastWait === undefined ? '' : `; the last wait was for ${lastWait}`;
  return new DpoError(
    'hub.unreachable',
    `The list of ${what} has not come from ${address.host} within ${seconds} s${reason}.`,
    {
      values: { host: address.host, what, seconds },
      hint: 'Check the network, or set HF_ENDPOINT to a mirror, or DPO_HUB_LIST_TIMEOUT to more seconds.',
    },
  );
}
