import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { openRewardFile } from './reward-file.js';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'dpo-reward-file-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

async function moduleOf(text: string): Promise<string> {
  const path = join(folder, `${text.length}.mjs`);
  await writeFile(path, text);
  return path;
}

it('gives up a module that does not load', async () => {
  const path = await moduleOf('await new Promise(() => setInterval(() => undefined, 1000)); export default () => [];');
  await expect(openRewardFile(path, 0.1)).rejects.toMatchObject({
    code: 'reward.cannot-load',
    message: expect.stringContaining('it took more than 0.1 s'),
  });
});

it('fails at once when its thread has ended', async () => {
  const file = await openRewardFile(await moduleOf('export default () => process.exit(3);'), 30);
  await expect(file.ask('Q', ['a'])).rejects.toThrow('its thread ended');
  await expect(file.ask('Q', ['a'])).rejects.toThrow('its thread ended');
});
