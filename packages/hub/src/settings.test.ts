import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { inspect } from 'node:util';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { downloadModel } from './model.js';
import { hubSettings } from './settings.js';
import { FakeHub } from './test/fake-hub.js';

let home: string;
beforeEach(async () => {
  home = await mkdtemp(join(tmpdir(), 'hub-settings-'));
});
afterEach(() => rm(home, { recursive: true, force: true }));

describe('a token', () => {
  it.each([
    ['a line break', 'hf_Qw81Zx\nPo72Lk\n'],
    ['a blank', 'hf_Qw81Zx Po72Lk'],
    ['a letter that no token has', 'hf_Qw81Zx\u00e9Po72Lk'],
  ])('with %s inside is an error without any part of the token, from every source', async (what, token) => {
    await writeFile(join(home, 'token'), token);
    const settings = [{ HF_HOME: home, HF_TOKEN: token }, { HF_HOME: home }];
    for (const env of settings) {
      const error: unknown = await hubSettings({ env }).catch((reason: unknown) => reason);
      expect(error).toMatchObject({ code: 'hub.bad-token', message: expect.stringContaining(`${what} inside`) });
      expect(inspect(error, { depth: 9 })).not.toMatch(/Qw81Zx|Po72Lk/);
    }
    expect((await hubSettings({ env: { HF_HOME: home }, offline: true })).token).toBeUndefined();
  });

  it('loses the line break at its end', async () => {
    expect((await hubSettings({ env: { HF_HOME: home, HF_TOKEN: ' hf_abc\r\n' } })).token).toBe('hf_abc');
  });
});

describe('the hub’s address', () => {
  it.each(['huggingface.co', 'ftp://host', 'http://', 'https://me:Xy91pazz/wo@host'])(
    'is refused: %s',
    async (text) => {
      const error: unknown = await hubSettings({ endpoint: text, env: {} }).catch((reason: unknown) => reason);
      expect(error).toMatchObject({ code: 'hub.bad-endpoint' });
      expect(inspect(error, { depth: 9 })).not.toContain('Xy91pa');
    },
  );

  it('may have a login, which only the hub gets', async () => {
    const hub = new FakeHub({ gpt2: { 'config.json': new Uint8Array(2), 'model.safetensors': new Uint8Array(9) } });
    try {
      const endpoint = new URL(await hub.start());
      endpoint.username = 'me';
      endpoint.password = 'Xy91:p@zz';
      const logins = new Set<string>();
      hub.intercept = (request) => {
        logins.add(`${request.headers.host?.split(':')[0]} ${request.headers.authorization}`);
        return false;
      };
      await downloadModel('gpt2', { env: { HF_HOME: home, HF_ENDPOINT: endpoint.href, HF_TOKEN: 'hf_abc' } });
      expect(logins).toEqual(new Set([`127.0.0.1 Basic ${btoa('me:Xy91:p@zz')}`, 'localhost undefined']));
    } finally {
      await hub.stop();
    }
  });
});

describe('limits', () => {
  it('come from options, then from variables, then from defaults', async () => {
    const env = {
      HF_HUB_ETAG_TIMEOUT: '2.5',
      HF_HUB_DOWNLOAD_TIMEOUT: ' ',
      DPO_HUB_TRIES: '7',
      DPO_HUB_MAX_PAUSE: '0',
    };
    expect(await hubSettings({ env, tries: 3 })).toMatchObject({
      connectTimeoutMs: 2500,
      idleTimeoutMs: 30_000,
      tries: 3,
      maxPauseMs: 0,
    });
  });

  it.each(['0', '-1', 'soon', 'Infinity'])('are numbers above zero, not %s', async (text) => {
    await expect(hubSettings({ env: { DPO_HUB_LIST_TIMEOUT: text } })).rejects.toMatchObject({
      code: 'hub.bad-setting',
      message: expect.stringContaining('DPO_HUB_LIST_TIMEOUT'),
    });
  });
});
