import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdir, readFile, stat } from 'node:fs/promises';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type DownloadOptions, downloadModel } from './model.js';
import { startModelHub, stopModelHub, weights } from './model-hub-for-tests.js';
import type { Waiting } from './settings.js';
import type { FakeHub } from './test/fake-hub.js';

let folder: string;
let hub: FakeHub;
let host: string;
let options: DownloadOptions;
let timers: NodeJS.Timeout[];

beforeEach(async () => {
  ({ folder, hub, host, options } = await startModelHub());
  timers = [];
});
afterEach(async () => {
  for (const timer of timers) clearInterval(timer);
  await stopModelHub({ folder, hub });
});

type Misbehaviour = (response: ServerResponse, request: IncomingMessage) => unknown;

const list = '/api/';
const head = 'HEAD';
const content = '/elsewhere/';

/** Lets the server misbehave at one point: the list, the description of a file, or the content of the large file. */
function at(point: string, misbehave: Misbehaviour): void {
  hub.intercept = (request, response, url) => {
    if (point === head ? request.method !== head : !url.startsWith(point)) return false;
    misbehave(response, request);
    return true;
  };
}

const drip =
  (headers: Record<string, string>, text: string, milliseconds = 50): Misbehaviour =>
  (response) => {
    response.writeHead(200, headers);
    timers.push(setInterval(() => response.write(text), milliseconds));
  };
const half: Misbehaviour = (response) => {
  response.writeHead(200, { 'content-length': weights.length });
  response.write(weights.subarray(0, 150_000));
};
const page = (link: (n: number) => string): Misbehaviour => {
  let pages = 0;
  return (response) =>
    response.setHeader('link', `<${link(++pages)}>; rel="next"`).end(JSON.stringify({ sha: hub.commit, siblings: [] }));
};
const storm =
  (status: number, after: string): Misbehaviour =>
  (response) =>
    response.writeHead(status, { 'retry-after': after }).end();
const silent: Misbehaviour = () => undefined;
const inHeaders: Misbehaviour = (_, { socket }) => socket.write('HTTP/1.1 200 OK\r\ncontent-ty');
const headersWithoutEnd =
  (milliseconds: number): Misbehaviour =>
  (_, { socket }) => {
    socket.on('error', () => undefined).write('HTTP/1.1 200 OK\r\n');
    timers.push(
      setInterval(() => socket.write(`x-more: ${'x'.repeat(milliseconds > 0 ? 1 : 8000)}\r\n`), milliseconds),
    );
  };
const smallArchive = gzipSync(Buffer.alloc(4_000_000));
const bomb: Misbehaviour = (response) => response.writeHead(200, { 'content-encoding': 'gzip' }).end(smallArchive);
const reset: Misbehaviour = (_, { socket }) => socket.resetAndDestroy();
const tooLong: Misbehaviour = (response) => {
  response.writeHead(200, { 'content-length': weights.length + 7 });
  response.end(Buffer.concat([weights, Buffer.alloc(7)]));
};

const cases: [name: string, point: string, Misbehaviour, code: string, message: string][] = [
  ['accepts and is silent', list, silent, 'hub.unreachable', 'no answer within 0.15 s'],
  ['stops within the headers of a list', list, inHeaders, 'hub.unreachable', 'no answer within 0.15 s'],
  ['stops within a list', list, (r) => r.writeHead(200).write('{"sha": "'), 'hub.unreachable', 'nothing has come'],
  ['drips a list', list, drip({}, ' '), 'hub.unreachable', 'in 0.8 s'],
  ['sends a list without end', list, drip({}, '[1],'.repeat(20_000), 1), 'hub.answer-too-large', 'over 200000 bytes'],
  ['sends pages without end', list, page((n) => `/api/more?page=${n}`), 'hub.answer-too-large', 'over 5 pages'],
  ['sends pages in a circle', list, page(() => '/api/more'), 'hub.failed', 'in a circle'],
  ['has pages elsewhere', list, page((n) => `http://localhost:1/${n}`), 'hub.failed', 'localhost:1'],
  ['has a list that is no JSON', list, (r) => r.end('<html>'), 'hub.failed', 'no JSON'],
  ['packs a list without end small', list, bomb, 'hub.answer-too-large', 'over 200000 bytes'],
  ['sends headers without end', list, headersWithoutEnd(0), 'hub.unreachable', 'Headers Overflow'],
  ['drips headers', list, headersWithoutEnd(20), 'hub.unreachable', 'no answer within 0.15 s'],
  ['is overloaded for long', list, storm(503, '3600'), 'hub.unreachable', 'status 503'],
  ['wants fewer requests', head, storm(429, 'Wed, 21 Oct 2099 07:28:00 GMT'), 'hub.unreachable', 'status 429'],
  ['resets connections', list, reset, 'hub.unreachable', 'ECONNRESET'],
  ['does not describe a file', head, silent, 'hub.unreachable', 'no answer'],
  ['sends descriptions round', head, (r, q) => r.writeHead(307, { location: q.url }).end(), 'hub.failed', 'on and on'],
  ['is silent about a content', content, silent, 'hub.unreachable', 'no answer'],
  ['stops within a file', content, half, 'hub.unreachable', 'nothing has come for 0.2 s'],
  ['drips a file', content, drip({}, 'x'), 'hub.unreachable', 'bytes have come in 0.8 s'],
  ['resets a file', content, reset, 'hub.unreachable', 'ECONNRESET'],
  ['sends a content round', content, (r, q) => r.writeHead(302, { location: q.url }).end(), 'hub.failed', 'on and on'],
  [
    'leads to a file of this machine',
    content,
    (r) => r.writeHead(302, { location: 'file:///etc/hostname' }).end(),
    'hub.failed',
    'no address',
  ],
  ['announces another length', content, tooLong, 'hub.unreachable', '300007 bytes, and 300000'],
  ['is overloaded with files', content, storm(503, '1'), 'hub.unreachable', 'status 503'],
];

describe('a hub that', () => {
  it.each(cases)('%s: ends in an error with the file and the host, and the next run continues', async (...testCase) => {
    const [, point, misbehave, code, message] = testCase;
    at(point, misbehave);
    const hostPattern = point === content ? /localhost:\d+|127\.0\.0\.1:\d+/ : new RegExp(host);
    const seconds = Number(/([\d.]+) s\b/.exec(message)?.[1] ?? 0.15);
    const limits = {
      ...(message.startsWith('no answer') ? { connectTimeoutMs: 1000 * seconds } : {}),
      ...(message.startsWith('nothing has come') ? { idleTimeoutMs: 200 } : {}),
      ...(message.includes('in 0.8 s') ? { idleTimeoutMs: 800 } : {}),
    };
    const error: unknown = await downloadModel('org/name', { ...options, ...limits }).catch(
      (reason: unknown) => reason,
    );
    expect(String(error)).toContain(message);
    expect(error).toMatchObject({ code });
    expect(String(error)).toMatch(hostPattern);
    expect(String(error)).toContain('org/name');
    // The leftover is a beginning that the next run continues.
    const blobs = join(folder, 'hub', 'models--org--name', 'blobs');
    for (const name of await readdir(blobs).catch(() => [])) {
      const { size } = await stat(join(blobs, name));
      const leftover = await readFile(join(blobs, name));
      expect(size).toBeGreaterThan(0);
      if (name.endsWith('.incomplete') && misbehave === half)
        expect(leftover.equals(weights.subarray(0, size))).toBe(true);
    }
    hub.intercept = () => false;
    hub.requests.length = 0;
    const snapshot = await downloadModel('org/name', options);
    expect((await readFile(join(snapshot, 'model.safetensors'))).equals(weights)).toBe(true);
    expect(hub.requests.some((request) => request.endsWith(' bytes=150000-'))).toBe(misbehave === half);
    expect((await readdir(blobs)).filter((name) => name.endsWith('.incomplete'))).toEqual([]);
  });

  it.each(cases.filter(([, , misbehave]) => [silent, inHeaders, half].includes(misbehave)))(
    '%s: ends at once at a signal',
    async (_, point, misbehave) => {
      const control = new AbortController();
      at(point, (response, request) => {
        misbehave(response, request);
        setTimeout(() => control.abort(), 20);
      });
      const patient = { ...options, connectTimeoutMs: 60_000, idleTimeoutMs: 60_000, listTimeoutMs: 60_000 };
      const download = downloadModel('org/name', { ...patient, signal: control.signal });
      await expect(download).rejects.toMatchObject({ name: 'AbortError' });
    },
  );

  it('asks for an hour: the pause ends at a signal', async () => {
    const control = new AbortController();
    at(list, (response) => {
      response.writeHead(429, { 'retry-after': '3600' }).end();
      setTimeout(() => control.abort(), 20);
    });
    const download = downloadModel('org/name', {
      ...options,
      maxPauseMs: 3_600_000,
      listTimeoutMs: 3_600_000,
      signal: control.signal,
    });
    await expect(download).rejects.toMatchObject({ name: 'AbortError' });
  });

  it('is overloaded longer than the limit of a list: the error names the last wait', async () => {
    at(list, storm(503, '3600'));
    const late = { ...options, listTimeoutMs: 2500, maxPauseMs: 3_600_000 };
    await expect(downloadModel('org/name', late)).rejects.toMatchObject({
      code: 'hub.unreachable',
      message: expect.stringMatching(
        /within 2.5 s; the last wait was for the next try \(2 of 2\): it answers with status 503/,
      ),
    });
  });

  it('is silent: onWaiting is called every second', async () => {
    at(list, silent);
    const reports: Waiting[] = [];
    const patient = {
      ...options,
      connectTimeoutMs: 1200,
      tries: 1,
      onWaiting: (waiting: Waiting) => reports.push(waiting),
    };
    await expect(downloadModel('org/name', { ...patient, listTimeoutMs: 5000 })).rejects.toThrow('no answer');
    expect(reports).toEqual([{ host, what: 'an answer', seconds: 1 }]);
  });
});

describe.skipIf(process.platform === 'win32')('a server that never accepts', () => {
  let server: ChildProcess;
  afterEach(() => server.kill('SIGKILL'));

  it('is an error within its time', async () => {
    const script =
      "require('net').createServer().listen(0, '127.0.0.1', function () { console.log(this.address().port) })";
    server = spawn(process.execPath, ['-e', script], { stdio: ['ignore', 'pipe', 'ignore'] });
    const [port] = server.stdout === null ? [] : await once(server.stdout, 'data');
    server.kill('SIGSTOP');
    const endpoint = `http://127.0.0.1:${String(port).trim()}`;
    const limited = { ...options, endpoint, connectTimeoutMs: 150 };
    await expect(downloadModel('org/name', limited)).rejects.toMatchObject({
      code: 'hub.unreachable',
      message: expect.stringContaining('no answer within 0.15 s'),
    });
  });
});
