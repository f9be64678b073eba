import { createHash } from 'node:crypto';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** A repository on the fake hub: file names and contents. */
export type FakeRepository = Record<string, Uint8Array>;

/** A server on this machine that speaks the model hub's protocol, and can misbehave. */
export class FakeHub {
  readonly commit = 'a'.repeat(40);
  /** Requests that came: `HEAD /org/name/…`, with the range asked for. */
  readonly requests: string[] = [];
  /** Lets a request fail: true where it has answered itself. */
  misbehave: (request: IncomingMessage, response: ServerResponse, content: Uint8Array) => boolean = () => false;
  /** The token without which nothing is given. */
  token: string | undefined;
  private readonly server: Server;

  constructor(readonly repositories: Record<string, FakeRepository>) {
    this.server = createServer((request, response) => this.answer(request, response));
  }

  async start(): Promise<string> {
    await new Promise<void>((resolve) => this.server.listen(0, '127.0.0.1', resolve));
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  async stop(): Promise<void> {
    this.server.closeAllConnections();
    await new Promise((resolve) => this.server.close(resolve));
  }

  private answer(request: IncomingMessage, response: ServerResponse): void {
    const url = decodeURIComponent(request.url ?? '');
    this.requests.push(`${request.method} ${url}${request.headers.range ? ` ${request.headers.range}` : ''}`);
    if (this.token !== undefined && request.headers.authorization !== `Bearer ${this.token}`) {
      response.writeHead(401).end();
      return;
    }
    const listed = /^\/api\/models\/(.+)\/revision\/(.+)$/.exec(url);
    if (listed !== null) {
      const files = this.repositories[listed[1] ?? ''];
      if (this.misbehave(request, response, new Uint8Array(0))) return;
      if (files === undefined || !['main', 'v1', this.commit].includes(listed[2] ?? '')) response.writeHead(404).end();
      else {
        const siblings = Object.keys(files).map((rfilename) => ({ rfilename }));
        response.setHeader('content-type', 'application/json').end(JSON.stringify({ sha: this.commit, siblings }));
      }
      return;
    }
    const match = /^\/(.+)\/resolve\/([0-9a-f]{40})\/(.+)$/.exec(url);
    const content = this.repositories[match?.[1] ?? '']?.[match?.[3] ?? ''];
    if (content === undefined) response.writeHead(404).end();
    else if (!this.misbehave(request, response, content)) this.file(request, response, match?.[3] ?? '', content);
  }

  private file(request: IncomingMessage, response: ServerResponse, name: string, content: Uint8Array): void {
    response.setHeader('x-repo-commit', this.commit);
    const large = name.endsWith('.safetensors');
    if (large) {
      // Large files lie elsewhere, as on the hub: the first answer describes them, a second one has the bytes.
      if (request.method === 'HEAD') {
        const sum = createHash('sha256').update(content).digest('hex');
        response.writeHead(302, {
          location: '/nowhere',
          etag: '"pointer-pointer"',
          'x-linked-etag': `"${sum}"`,
          'x-linked-size': String(content.length),
        });
        response.end();
        return;
      }
    } else {
      const sum = createHash('sha1').update(`blob ${content.length}\0`).update(content).digest('hex');
      response.setHeader('etag', `W/"${sum}"`);
    }
    const start = Number(/^bytes=(\d+)-$/.exec(request.headers.range ?? '')?.[1] ?? 0);
    if (start > 0) {
      response.statusCode = 206;
      response.setHeader('content-range', `bytes ${start}-${content.length - 1}/${content.length}`);
    }
    response.setHeader('content-length', content.length - start);
    response.end(request.method === 'HEAD' ? undefined : content.subarray(start));
  }
}
