import { spawn } from 'node:child_process';
import { chmod, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { FakeHub } from '@dpo/hub/test';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { pairsFile, runCli, tinyModelFolder } from '../_cli-for-tests.js';
import { programFromSources } from '../_program-for-tests.js';

/** Secrets of which no part may show up anywhere. */
const secrets = {
  token: 'hf_Vq7ZkXw9RtLm3Bn',
  brokenToken: 'hf_Jd5PgYs8\nUc2HvKe6Ta',
  savedToken: 'hf_Nf4WrGz7QxDb1Mh',
  endpointPassword: 'Ol6SyEj3/IcRp9@Zu',
  proxyPassword: 'Bt8XmAk2:FwLq5Vg',
  indexPassword: 'Hn3TzUd7PyCx1Jr',
  extraIndexPassword: 'Ge9KsQv4MwBf6Lo',
  signature: 'Rj2YbNc8DtXk5WqUz7',
  apiKey: 'sk-Mp1VhLx6EgRs3ZyTn',
};

let folder: string;
let home: string;
let program: string;
let hub: FakeHub;
let endpoint: string;
let everything = '';

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'dpo-secrets-'));
  home = join(folder, 'home');
  await mkdir(join(home, 'hf'), { recursive: true });
  await mkdir(join(folder, 'bin'));
  program = await programFromSources(join(folder, 'program'));
  hub = new FakeHub({ 'org/name': { 'config.json': new Uint8Array(3), 'model.safetensors': new Uint8Array(5000) } });
  endpoint = await hub.start();
  await writeFile(join(folder, 'token'), secrets.savedToken);
  await tinyModelFolder(join(folder, 'model'));
  await pairsFile(folder);
  // A pip that says all it knows before it fails.
  const python = `#!/bin/sh\ncase "$*" in *pip*) echo "Looking in indexes: $PIP_INDEX_URL" >&2; cat "$PIP_CONFIG_FILE" >&2; env >&2
echo "ERROR: 403 for url: https://store.example/a.whl?sig=${secrets.signature}, index $PIP_INDEX_URL" >&2;; esac; exit 1\n`;
  for (const name of ['python3', 'python']) {
    await writeFile(join(folder, 'bin', name), python);
    await chmod(join(folder, 'bin', name), 0o755);
  }
  await writeFile(
    join(folder, 'pip.conf'),
    `[global]\nextra-index-url = https://me:${secrets.extraIndexPassword}@two/simple\n`,
  );
}, 60_000);
afterAll(async () => {
  await hub.stop();
  await rm(folder, { recursive: true, force: true });
});

/** Makes the hub keep large files behind an address with a signature. */
function signAddresses(answer: 'breaks' | 'refuses' | 'lies'): void {
  hub.intercept = (request, response, url) => {
    if (url.startsWith('/signed')) {
      if (answer === 'breaks') request.socket.destroy();
      else if (answer === 'refuses') response.writeHead(403).end(`<Error>${secrets.signature}</Error>`);
      else response.writeHead(200, { 'content-length': 5000 }).end(new Uint8Array(5000).fill(1));
    } else if (url.endsWith('.safetensors')) {
      const location = `http://localhost:${request.socket.localPort}/signed?X-Amz-Signature=${secrets.signature}&Expires=1`;
      response.writeHead(302, { location, 'x-linked-etag': `"${'a'.repeat(64)}"`, 'x-linked-size': '5000' }).end();
    } else return false;
    return true;
  };
}

async function run(
  args: readonly string[],
  env: NodeJS.ProcessEnv = {},
): Promise<{ code: number | null; text: string }> {
  const login = `me:${encodeURIComponent(secrets.endpointPassword)}@`;
  const child = spawn(process.execPath, [program, ...args], {
    stdio: ['ignore', 'pipe', 'pipe'],
    cwd: home,
    env: {
      PATH: `${join(folder, 'bin')}:${process.env.PATH}`,
      HOME: home,
      HF_HOME: join(home, 'hf'),
      XDG_CACHE_HOME: join(home, 'cache'),
      HF_ENDPOINT: endpoint.replace('://', `://${login}`),
      HF_TOKEN: secrets.token,
      HTTPS_PROXY: `http://me:${secrets.proxyPassword}@proxy:3128`,
      PIP_INDEX_URL: `https://me:${secrets.indexPassword}@one/simple`,
      PIP_CONFIG_FILE: join(folder, 'pip.conf'),
      OPENAI_API_KEY: secrets.apiKey,
      DPO_HUB_TRIES: '2',
      DPO_HUB_MAX_PAUSE: '0',
      DPO_DEBUG: '1',
      ...env,
    },
  });
  let text = '';
  for (const stream of [child.stdout, child.stderr]) stream.setEncoding('utf8').on('data', (piece) => (text += piece));
  const code = await new Promise<number | null>((resolve) => child.on('close', resolve));
  everything += text;
  return { code, text };
}

const generate = ['generate', '--model', 'org/name', '--prompt', 'x'];

describe.skipIf(process.platform === 'win32')('no part of a secret is in anything that a command writes', () => {
  it.each<[string, string[], NodeJS.ProcessEnv, (() => void) | undefined]>([
    ['has a line break inside', generate, { HF_TOKEN: secrets.brokenToken }, undefined],
    ['has a line break inside', generate, { HF_TOKEN: '', HF_TOKEN_PATH: 'broken-token' }, undefined],
    [
      'is not the address of a model hub',
      generate,
      { HF_ENDPOINT: `https://me:${secrets.endpointPassword}@host` },
      undefined,
    ],
    [
      'could not be fetched from 127.0.0.1:9',
      generate,
      { HF_ENDPOINT: `http://me:${secrets.proxyPassword}@127.0.0.1:9` },
      undefined,
    ],
    ['has no dataset org/none', ['data', 'validate', 'org/none'], { HF_TOKEN: '', HF_TOKEN_PATH: 'token' }, undefined],
    ['could not be fetched from localhost', generate, {}, () => signAddresses('breaks')],
    ['gives no access to org/name/model.safetensors', generate, {}, () => signAddresses('refuses')],
    ['arrived damaged', generate, {}, () => signAddresses('lies')],
    ['pip could not fetch', ['engine', 'install'], {}, undefined],
    [
      'There is no model at',
      ['generate', '--model', `https://me:${secrets.token}@host/x?token=${secrets.signature}`, '--prompt', 'x'],
      {},
      undefined,
    ],
    ['does not exist', ['generate', '--config', `https://me:${secrets.token}@host/c.json`], {}, undefined],
  ])('when the error says: %s', async (message, args, env, prepare) => {
    await writeFile(join(home, 'token'), secrets.savedToken);
    await writeFile(join(home, 'broken-token'), secrets.brokenToken);
    hub.intercept = () => false;
    prepare?.();
    const { code, text } = await run(args, env);
    await rm(join(home, 'token'));
    await rm(join(home, 'broken-token'));
    expect(text).toContain(message);
    expect(code).toBe(1);
    expect(partsIn(text)).toEqual([]);
  });

  it('when a run is trained, and when the machine is described', async () => {
    vi.stubEnv('HF_TOKEN', secrets.token);
    vi.stubEnv('HF_ENDPOINT', `https://me:${encodeURIComponent(secrets.endpointPassword)}@host`);
    vi.stubEnv('OPENAI_API_KEY', secrets.apiKey);
    const output = join(home, 'run');
    const inputs = ['--model', join(folder, 'model'), '--data', join(folder, 'pairs.jsonl')];
    for (const args of [
      ['train', ...inputs, '--output', output, '--max-steps', '1'],
      ['doctor', '--json'],
      ['engine', 'info', '--json'],
    ]) {
      const { out, notes } = await runCli(args);
      everything += [...out, ...notes].join('\n');
    }
    expect(await readdir(join(output, 'final'))).toContain('README.md');
    vi.unstubAllEnvs();
  });

  it('in all output, and in all files', async () => {
    expect(everything.length).toBeGreaterThan(1000);
    expect(partsIn(everything)).toEqual([]);
    const entries = await readdir(home, { recursive: true, withFileTypes: true });
    for (const entry of entries.filter((item) => item.isFile())) {
      const path = join(entry.parentPath, entry.name);
      expect(partsIn(`${path}\n${await readFile(path, 'latin1')}`), path).toEqual([]);
    }
  });
});

/** The parts of secrets, six letters each, that a text holds. */
function partsIn(text: string): string[] {
  return Object.values(secrets).flatMap((secret) =>
    Array.from({ length: secret.length - 5 }, (_, at) => secret.slice(at, at + 6)).filter((part) =>
      text.includes(part),
    ),
  );
}
