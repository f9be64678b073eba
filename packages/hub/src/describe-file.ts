import { filesPath, type HubName } from './name.js';
import { notAHub, request } from './request.js';
import { withRetries } from './retries.js';
import type { HubSettings } from './settings.js';

/** The hub's description of a file of a commit. */
export interface HubFile {
  /** The file's name in the repository. */
  readonly file: string;
  /** The checksum that names the blob: SHA-256 of large files, git's SHA-1 of small ones. */
  readonly etag: string;
  /** The size in bytes. */
  readonly size: number;
}

/** The path of a file on the hub, from the hub's address on. */
export function filePath(name: HubName, commit: string, file: string): string {
  return `${filesPath(name)}/resolve/${commit}/${file.split('/').map(encodeURIComponent).join('/')}`;
}

/**
 * Asks the hub for a file's checksum and size.
 *
 * @throws DpoError `hub.failed` when the answer lacks them, and the errors of {@link request} and {@link withRetries}
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
      // The redirection of a renamed model leads to the hub again. For content at another host this answer is the description.
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
      // The etag becomes the name of a file.
      if (/^[\w-]{8,128}$/.test(etag) && Number.isSafeInteger(size) && size >= 0) return { file, etag, size };
      throw notAHub(`${host} does not say what ${what} is (ETag and length).`, { host, file, commit });
    }
    throw notAHub(`${host} sends the request for ${what} on and on.`, { host, file, commit });
  });
}

/** The checksum of a file in an answer, without quotation marks. */
export function etagOf({ headers }: Response): string | undefined {
  return (headers.get('x-linked-etag') ?? headers.get('etag') ?? undefined)?.replace(/^W\//, '').replaceAll('"', '');
}

/** True when an etag is a checksum of the content: git's SHA-1, or SHA-256. */
export function isChecksum(etag: string): boolean {
  return /^([0-9a-f]{40}|[0-9a-f]{64})$/.test(etag);
}
