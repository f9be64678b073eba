import { readdir, readFile, stat } from 'node:fs/promises';
import type { ServerResponse } from 'node:http';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type DownloadOptions, downloadModel } from './model.js';
import { startModelHub, stopModelHub, weights } from './model-hub-for-tests.js';
import type { FakeHub } from './test/fake-hub.js';

let folder: string;
let hub: FakeHub;
let host: string;
let options: DownloadOptions;

beforeEach(async () => {
  ({ folder, hub, host, options } = await startModelHub());
});
afterEach(() => stopModelHub({ folder, hub }));

describe('a download continues', () => {
  const patient = () => ({ ...options, idleTimeoutMs: 10_000, minBytesPerSecond: 1000 });

  /** Resolves when the client has written so many bytes of the file, or has closed the connection. */
  async function waitForBytes(bytes: number, response: ServerResponse): Promise<void> {
    const blobs = join(folder, 'hub', 'models--org--name', 'blobs');
    while (!response.destroyed) {
      for (const name of await readdir(blobs))
        if (name.endsWith('.incomplete') && (await stat(join(blobs, name))).size === bytes) return;
      await sleep(5);
    }
  }

  /**
   * Answers as the store does, with a checksum of its own. The first `breaks` answers break off after 100,000 bytes, once the
   * client has written them, since bytes on their way are lost with the connection. Returns the list of requests.
   */
  function store(breaks: number, etag: (time: number) => string, hasRanges = true): string[] {
    const requests: string[] = [];
    hub.intercept = (request, response, url) => {
      if (!url.startsWith('/elsewhere/')) return false;
      requests.push(`${request.headers.range} ${request.headers['if-range']}`);
      const time = requests.length;
      const isSame = request.headers['if-range'] === undefined || request.headers['if-range'] === etag(time);
      const firstByte = Number(/bytes=(\d+)-/.exec(request.headers.range ?? '')?.[1] ?? 0);
      const start = hasRanges && isSame ? firstByte : 0;
      response.writeHead(start > 0 ? 206 : 200, {
        etag: etag(time),
        'content-length': weights.length - start,
        ...(start > 0 ? { 'content-range': `bytes ${start}-${weights.length - 1}/${weights.length}` } : {}),
      });
      if (time > breaks) response.end(weights.subarray(start));
      else {
        response.write(weights.subarray(start, start + 100_000));
        void waitForBytes(start + 100_000, response).then(() => response.destroy());
      }
      return true;
    };
    return requests;
  }
  const expectWeights = async (snapshot: string) =>
    expect((await readFile(join(snapshot, 'model.safetensors'))).equals(weights)).toBe(true);

  it('however often a server breaks off, as long as each answer has new bytes', async () => {
    const requests = store(2, () => '"one"');
    await expectWeights(await downloadModel('org/name', patient()));
    expect(requests).toEqual(['undefined undefined', 'bytes=100000- "one"', 'bytes=200000- "one"']);
  });

  it('from the beginning when the file has changed', async () => {
    const requests = store(1, (time) => `"${time}"`);
    await expectWeights(await downloadModel('org/name', patient()));
    expect(requests).toEqual(['undefined undefined', 'bytes=100000- "1"']);
  });

  it('from the beginning when the server has no ranges', async () => {
    store(1, () => 'W/"weak"', false);
    await expectWeights(await downloadModel('org/name', patient()));
  });
});

it('the list of a repository without a short list comes in pages', async () => {
  hub.intercept = (_, response, url) => {
    if (url.endsWith('/revision/main')) response.end(JSON.stringify({ sha: hub.commit }));
    else if (/\/tree\/a+\?recursive=true&expand=false$/.test(url))
      response.setHeader('link', `<http://${host}/api/models/org/name/tree/page2?cursor=x>; rel="next"`).end(
        JSON.stringify([
          { type: 'file', path: 'config.json' },
          { type: 'directory', path: 'model.safetensors' },
        ]),
      );
    else if (url.includes('/tree/page2')) response.end(JSON.stringify([{ type: 'file', path: 'model.safetensors' }]));
    else return false;
    return true;
  };
  expect((await readdir(await downloadModel('org/name', options))).sort()).toEqual([
    'config.json',
    'model.safetensors',
  ]);
});
