import { filesPath, type HubName } from './name.js';
import { failed, request } from './request.js';
import { withRetries } from './retries.js';
import type { HubSettings } from './settings.js';

/** A file of a commit, as the hub describes it. */
export interface HubFile {
  readonly file: string;
  /** The checksum that names the blob: SHA-256 of large files, git's SHA-1 of small ones. */
  readonly etag: string;
  readonly size: number;
}

/** The place of a file on the hub. */
export function filePath(name: HubName, commit: string, file: string): string {
  return `${filesPath(name)}/resolve/${commit}/${file.split('/').map(encodeURIComponent).join('/')}`;
}

/**
 * Asks the hub for a file's checksum and size.
 *
 * @throws DpoError `hub.failed` when it does not say, and what {@link request} and {@link withRetries} throw
 */
export async function describeFile(
  settings: HubSettings,
  name: HubName,
  commit: string,
  file: string,
): Promise<HubFile> {
  const what = `${name.id}/${file}`;
  return withRetries(settings, what, async () => {
    const { host } = settings.address;
    let place: string | URL = filePath(name, commit, file);
    for (let redirects = 0; redirects <= settings.maxRedirects; redirects++) {
      const { response, url } = await request(settings, place, what, { method: 'HEAD', redirect: 'manual' });
      const { headers, status } = response;
      // A renamed model is somewhere else on the hub; a file's content elsewhere is described by this very answer.
      const location = headers.get('location');
      if (
        status >= 300 &&
        location !== null &&
        headers.get('x-linked-etag') === null &&
        URL.canParse(location, url.href)
      ) {
        const next = new URL(location, url);
        if (next.origin === settings.address.origin) {
          place = next;
          continue;
        }
      }
      const size = Number(headers.get('x-linked-size') ?? headers.get('content-length') ?? Number.NaN);
      const etag = etagOf(response) ?? '';
      // The etag becomes a file's name.
      if (/^[\w-]{8,128}$/.test(etag) && Number.isSafeInteger(size) && size >= 0) return { file, etag, size };
      throw failed(`${host} does not say what ${what} is (ETag and length).`, { host, file, commit });
    }
    throw failed(`${host} sends the request for ${what} on and on.`, { host, file, commit });
  });
}

/** The checksum that an answer gives of a file, without quotation marks. */
export function etagOf({ headers }: Response): string | undefined {
  return (headers.get('x-linked-etag') ?? headers.get('etag') ?? undefined)?.replace(/^W\//, '').replaceAll('"', '');
}

/** Whether a name of a file's content is the sum that the content can be held to: git's SHA-1, or SHA-256. */
export function isChecksum(etag: string): boolean {
  return /^([0-9a-f]{40}|[0-9a-f]{64})$/.test(etag);
}
