import { createHash } from 'node:crypto';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { type IncomingHttpHeaders, type RequestOptions, request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { madeUpPairs } from './_pairs-for-tests.js';
import { type OpenRaters, openRaters } from './open-raters.js';
import { type RaterServer, serveRaters } from './serve-raters.js';

let folder: string;
let file: string;
let raters: OpenRaters;
let server: RaterServer;
const script = () => pathToFileURL(join(folder, 'page.js'));
const options = () => ({
  ...{ file, raters: ['anna', 'ben'], planned: 2 },
  names: { model: 'ours', baseline: 'theirs' },
  pairs: madeUpPairs(3).map((pair) => ({ ...pair, model: '<script>alert(1)</script>  two  blanks' })),
});

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'dpo-page-'));
  file = join(folder, 'votes.jsonl');
  await writeFile(script(), 'document.title = "made";\nexport {};\n//# sourceMappingURL=page.js.map');
  raters = await openRaters(options());
  server = await serveRaters({ sessions: raters.sessions, script: script() });
});
afterEach(async () => {
  await server.close();
  await raters.close();
  await rm(folder, { recursive: true, force: true });
});

interface Response {
  readonly status: number | undefined;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

const address = (rater = 0): string => server.pages[rater]?.url ?? '';

/** Sends a request by `node:http`, since `fetch` does not let a caller choose the Host. */
function ask(path: string, { headers, body, ...more }: RequestOptions & { readonly body?: string } = {}) {
  return new Promise<Response>((resolve, reject) => {
    const outgoing = request(
      new URL(path, address()),
      { agent: false, headers: { ...headers }, ...more },
      (response) => {
        let text = '';
        response.setEncoding('utf8').on('data', (piece: string) => {
          text += piece;
        });
        response.on('end', () => resolve({ status: response.statusCode, headers: response.headers, body: text }));
      },
    );
    outgoing.on('error', reject);
    outgoing.end(body);
  });
}

const json = { 'content-type': 'application/json' };
const post = (path: string, value: unknown, headers: Readonly<Record<string, string>> = json) =>
  ask(path, { method: 'POST', headers, body: typeof value === 'string' ? value : JSON.stringify(value) });
const lines = async () => (await readFile(file, 'utf8').catch(() => '')).split('\n').filter(Boolean).length;

describe('the page', () => {
  it('runs its own script and style alone, and is kept by nobody', async () => {
    const { status, headers, body } = await ask('');
    expect(status).toBe(200);
    expect(headers).toMatchObject({
      'content-type': 'text/html; charset=utf-8',
      'cache-control': 'no-store',
      'referrer-policy': 'no-referrer',
      'x-content-type-options': 'nosniff',
      'cross-origin-resource-policy': 'same-origin',
    });
    expect(headers).not.toHaveProperty('access-control-allow-origin');
    const inside = (tag: string) => new RegExp(`<${tag}[^>]*>([^]*?)</${tag}>`).exec(body)?.[1] ?? '';
    const digest = (tag: string) => `'sha256-${createHash('sha256').update(inside(tag)).digest('base64')}'`;
    expect(inside('script')).toContain('document.title = "made"');
    expect(String(headers['content-security-policy']).split('; ')).toEqual([
      "default-src 'none'",
      `script-src ${digest('script')}`,
      `style-src ${digest('style')}`,
      "connect-src 'self'",
      "base-uri 'none'",
      "form-action 'none'",
      "frame-ancestors 'none'",
    ]);
    expect(body).not.toMatch(/ours|theirs|https?:/);
  });

  it('is served at the address that was printed: 192 random bits, different for each rater', async () => {
    const tokens = server.pages.map(({ url }) => /^http:\/\/127\.0\.0\.1:\d+\/([\w-]{32})\/$/.exec(url)?.[1]);
    expect(new Set(tokens).size).toBe(2);
    expect(server.pages.map(({ rater }) => rater)).toEqual(['anna', 'ben']);
    const wrong = `/${(tokens[0] ?? '').replace(/.$/, (last) => (last === 'A' ? 'B' : 'A'))}/`;
    for (const path of ['/', '/favicon.ico', wrong, `${wrong}state`, '/%00/'])
      expect((await ask(path)).status, path).toBe(404);
    for (const path of ['/', wrong]) expect((await post(`${path}undo`, {})).status).toBe(404);
  });

  it('says that its script was not built', async () => {
    const missing = pathToFileURL(join(folder, 'none.js'));
    await expect(serveRaters({ sessions: raters.sessions, script: missing })).rejects.toMatchObject({
      code: 'human.no-page',
    });
  });

  it('names a port that is taken', async () => {
    const port = Number(new URL(address()).port);
    await expect(serveRaters({ sessions: raters.sessions, script: script(), port })).rejects.toMatchObject({
      code: 'human.port-taken',
      values: { port },
    });
  });
});

describe('a request', () => {
  it('is answered when the host names this machine, with any port of a tunnel, and refused for any other name', async () => {
    for (const host of ['127.0.0.1', 'localhost:9999', '[::1]:80', 'LOCALHOST'])
      expect((await ask('state', { headers: { host } })).status, host).toBe(200);
    const strangers = [
      'evil.example',
      'evil.example:8080',
      '127.0.0.1.evil.example',
      'localhost.evil.example',
      '10.0.0.1',
    ];
    for (const host of strangers) {
      expect((await ask('state', { headers: { host } })).status, host).toBe(403);
      expect((await post('vote', { item: 0, choice: 'A' }, { ...json, host })).status, host).toBe(403);
    }
    expect(await lines()).toBe(0);
  });

  it('that another page makes is refused, also with the token', async () => {
    const vote = { item: 0, choice: 'A' };
    const from: Readonly<Record<string, string>>[] = [
      { origin: 'http://evil.example' },
      { origin: 'null' },
      { origin: `${new URL(address()).origin}1` },
      { 'sec-fetch-site': 'cross-site' },
      { 'sec-fetch-site': 'same-site' },
    ];
    for (const headers of from)
      expect((await post('vote', vote, { ...json, ...headers })).status, JSON.stringify(headers)).toBe(403);
    // A form can send these without asking first.
    for (const type of ['text/plain', 'application/x-www-form-urlencoded', 'multipart/form-data'])
      expect((await post('vote', vote, { 'content-type': type })).status, type).toBe(415);
    expect(await lines()).toBe(0);
    const own = { origin: new URL(address()).origin, 'sec-fetch-site': 'same-origin' };
    expect((await post('vote', vote, { ...json, ...own })).status).toBe(200);
  });

  it('is a GET for what is shown and a POST for what is said', async () => {
    for (const path of ['vote', 'undo', 'finish']) {
      const { status, headers } = await ask(path);
      expect([status, headers.allow], path).toEqual([405, 'POST']);
    }
    for (const path of ['', 'state']) {
      const { status, headers } = await post(path, {});
      expect([status, headers.allow], path).toEqual([405, 'GET']);
    }
    expect((await ask('state', { method: 'OPTIONS' })).status).toBe(405);
    for (const path of ['votes', 'constructor', 'vote/x']) expect((await post(path, {})).status, path).toBe(404);
  });

  it('with a body that is too large, no JSON, or no vote is refused, and nothing is written', async () => {
    const large = JSON.stringify({ item: 0, choice: 'A', comment: 'x'.repeat(70_000) });
    expect((await post('vote', large)).status).toBe(413);
    const pieces = { ...json, 'transfer-encoding': 'chunked' }; // says no length
    expect((await post('vote', large, pieces)).status).toBe(413);
    const bad = ['{', '[]', '"A"', '', { item: 0 }, { item: '0', choice: 'A' }, { item: 0, choice: 'C' }];
    for (const body of [...bad, { item: 0, choice: 'A', comment: 'x'.repeat(10_001) }])
      expect((await post('vote', body)).status, JSON.stringify(body).slice(0, 40)).toBe(400);
    expect(await lines()).toBe(0);
    expect((await post('vote', { item: 0, choice: 'A', comment: 'é'.repeat(10_000) })).status).toBe(200);
  });
});

describe('votes over HTTP', () => {
  const state = async (rater = 0) => JSON.parse((await ask(`${address(rater)}state`)).body);

  it('give the texts as they are, and are on the disk when they are answered', async () => {
    const { item, left, right } = await state();
    expect([left, right].sort()[0]).toBe('<script>alert(1)</script>  two  blanks');
    const { status, body } = await post('vote', { item, choice: 'B', comment: 'c', milliseconds: 5 });
    expect([status, JSON.parse(body).done]).toEqual([200, 1]);
    expect(JSON.parse((await readFile(file, 'utf8')).trim())).toMatchObject({ rater: 'anna', vote: 'B', comment: 'c' });
    // The same again, as from a window that did not hear the answer.
    expect((await post('vote', { item, choice: 'B' })).status).toBe(409);
    expect((await state(1)).done).toBe(0);
    expect(JSON.parse((await post('undo', {})).body)).toMatchObject({ done: 0, comment: 'c' });
    expect((await post('undo', {})).status).toBe(409);
    expect(await lines()).toBe(2);
  });

  it('end with the names, and the whole with the last rater', async () => {
    let ended = false;
    void server.finished.then(() => {
      ended = true;
    });
    for (const rater of [0, 1]) {
      expect((await post(`${address(rater)}finish`, {})).status).toBe(409);
      for (let at = await state(rater); at.kind === 'item'; at = await state(rater)) {
        expect(JSON.stringify(at)).not.toMatch(/ours|theirs/);
        await post(`${address(rater)}vote`, { item: at.item, choice: 'tie' });
      }
      expect((await state(rater)).kind).toBe('sealed');
      expect(ended).toBe(false);
      const { body } = await post(`${address(rater)}finish`, {});
      expect(JSON.parse(body)).toMatchObject({ kind: 'finished', names: { model: 'ours', baseline: 'theirs' } });
    }
    await server.finished;
  });
});
