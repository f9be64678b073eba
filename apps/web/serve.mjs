// Serves the built page on the loopback interface: static files, nothing else. `node serve.mjs [--port N]`.
import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { createServer } from 'node:http';
import { extname, join, normalize, sep } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

const types = {
  '.html': 'text/html; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.json': 'application/json',
  '.wasm': 'application/wasm',
};

/** Answers requests for the files of a folder. */
export function fileServer(folder) {
  return createServer(async (request, response) => {
    const end = (status) => response.writeHead(status).end();
    if (request.method !== 'GET' && request.method !== 'HEAD') return end(405);
    // A page of another site that resolves its name to this machine is not answered.
    if (!/^(127\.0\.0\.1|localhost|\[::1\])(:\d+)?$/.test(request.headers.host ?? '')) return end(403);
    try {
      const { pathname } = new URL(request.url ?? '/', 'http://localhost');
      const path = normalize(join(folder, decodeURIComponent(pathname)));
      const file = pathname.endsWith('/') ? join(path, 'index.html') : path;
      if (!file.startsWith(folder + sep) || !(await stat(file)).isFile()) return end(404);
      response.writeHead(200, {
        'content-type': types[extname(file)] ?? 'application/octet-stream',
        'cache-control': 'no-cache',
        'x-content-type-options': 'nosniff',
      });
      if (request.method === 'HEAD') return response.end();
      createReadStream(file)
        .on('error', () => response.destroy())
        .pipe(response);
    } catch {
      end(404);
    }
  });
}

async function main() {
  const { values } = parseArgs({ options: { port: { type: 'string', default: '8080' } } });
  const server = fileServer(fileURLToPath(new URL('dist', import.meta.url)));
  await new Promise((resolve, reject) =>
    server.once('error', reject).listen(Number(values.port), '127.0.0.1', resolve),
  );
  process.stdout.write(`http://localhost:${server.address().port}/  (Ctrl-C ends the server)\n`);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await main();
