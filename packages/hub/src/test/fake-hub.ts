import { createHash } from 'node:crypto';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** The revision with the hub's own conversion of a dataset. The fake hub calls it `datasets/org/name@refs/convert/parquet`. */
const convertedRevision = 'refs/convert/parquet';
const convertedCommit = 'c'.repeat(40);

/** A repository on the fake hub: file names and contents. Datasets are called `datasets/org/name`. */
export type FakeRepository = Record<string, Uint8Array>;

/** A server on this machine that speaks the model hub's protocol, and can misbehave. */
export class FakeHub {
  readonly commit = 'a'.repeat(40);
  /** The requests so far, with their ranges: `HEAD /org/name/…`. */
  readonly requests: string[] = [];
  /** Called first with every request. True when the function has answered itself. */
  intercept: (request: IncomingMessage, response: ServerResponse, url: string) => boolean = () => false;
  /** Called before a list or the content of a file is sent. True when the function has answered itself. */
  misbehave: (request: IncomingMessage, response: ServerResponse, content: Uint8Array) => boolean = () => false;
  /** The token that requests must have; undefined for a hub without a token. */
  token: string | undefined;
  private readonly server: Server;

  constructor(readonly repositories: Record<string, FakeRepository>) {
    this.server = createServer((request, response) => this.answer(request, response));
  }

  /** Starts the server and returns its address. */
  async start(): Promise<string> {
    await new Promise<void>((resolve) => this.server.listen(0, resolve));
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  /** Stops the server and closes all connections. */
  async stop(): Promise<void> {
    this.server.closeAllConnections();
    await new Promise((resolve) => this.server.close(resolve));
  }

  private answer(request: IncomingMessage, response: ServerResponse): void {
    const url = decodeURIComponent(request.url ?? '');
    this.requests.push(`${request.method} ${url}${request.headers.range ? ` ${request.headers.range}` : ''}`);
    if (this.intercept(request, response, url)) return;
    const content = this.repository(url)?.[fileIn(url)];
    if (url.startsWith('/elsewhere/')) {
      // Stores refuse a request with the hub's token, since it has the store's own signature.
      if (content === undefined || request.headers.authorization !== undefined) response.writeHead(400).end();
      else if (!this.misbehave(request, response, content)) this.send(request, response, content);
    } else if (this.token !== undefined && request.headers.authorization !== `Bearer ${this.token}`) {
      response.writeHead(401).end();
    } else if (url.startsWith('/api/')) {
      this.list(request, response, url);
    } else if (content === undefined) {
      response.writeHead(404).end();
    } else {
      this.file(request, response, url, content);
    }
  }

  /** The files of the repository of an address. An address in the converted revision has the commit of that revision. */
  private repository(url: string): FakeRepository | undefined {
    const name = url.split('/resolve/')[0]?.replace(/^\/(elsewhere\/)?/, '') ?? '';
    return this.repositories[url.includes(`/resolve/${convertedCommit}/`) ? `${name}@${convertedRevision}` : name];
  }

  private list(request: IncomingMessage, response: ServerResponse, url: string): void {
    const [, kind, id = '', revision = ''] = /^\/api\/(model|dataset)s\/(.+?)\/revision\/(.+)$/.exec(url) ?? [];
    const name = kind === 'dataset' ? `datasets/${id}` : id;
    const isConverted = revision === convertedRevision;
    const files = this.repositories[isConverted ? `${name}@${revision}` : name];
    if (this.misbehave(request, response, new Uint8Array(0))) return;
    if (files === undefined || !['main', 'v1', this.commit, convertedRevision].includes(revision)) {
      response.writeHead(404).end();
      return;
    }
    const siblings = Object.keys(files).map((rfilename) => ({ rfilename }));
    response
      .setHeader('content-type', 'application/json')
      .end(JSON.stringify({ sha: isConverted ? convertedCommit : this.commit, siblings }));
  }

  private file(request: IncomingMessage, response: ServerResponse, url: string, content: Uint8Array): void {
    response.setHeader('x-repo-commit', this.commit);
    if (/\.(safetensors|parquet)$/.test(url)) {
      // Large files lie at another address, as on the hub. This answer describes them.
      const sum = createHash('sha256').update(content).digest('hex');
      response.writeHead(302, {
        location: `http://localhost:${request.socket.localPort}/elsewhere${url}`,
        etag: '"pointer-pointer"',
        'x-linked-etag': `"${sum}"`,
        'x-linked-size': String(content.length),
      });
      response.end();
      return;
    }
    const sum = createHash('sha1').update(`blob ${content.length}\0`).update(content).digest('hex');
    response.setHeader('etag', `W/"${sum}"`);
    if (!this.misbehave(request, response, content)) this.send(request, response, content);
  }

  private send(request: IncomingMessage, response: ServerResponse, content: Uint8Array): void {
    const start = Number(/^bytes=(\d+)-$/.exec(request.headers.range ?? '')?.[1] ?? 0);
    if (start > 0) {
      response.statusCode = 206;
      response.setHeader('content-range', `bytes ${start}-${content.length - 1}/${content.length}`);
    }
    response.setHeader('content-length', content.length - start);
    response.end(request.method === 'HEAD' ? undefined : content.subarray(start));
  }
}

/** The file's name in an address: the part behind the revision. */
function fileIn(url: string): string {
  return /\/resolve\/[^/]+\/(.+)$/.exec(url)?.[1] ?? '';
}
