import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { DownloadOptions } from './model.js';
import { FakeHub } from './test/fake-hub.js';

/** The weights of the model `org/name` on the hub of {@link startModelHub}. */
export const weights = Uint8Array.from({ length: 300_000 }, (_, i) => (i * 31) % 251);

/** A fake hub with one model, and the options of downloads from it into a temporary cache. */
export interface ModelHub {
  readonly folder: string;
  readonly hub: FakeHub;
  readonly host: string;
  readonly options: DownloadOptions;
}

/** Starts a hub whose limits of time are far above the needs of a busy machine: tests of a limit set their own. */
export async function startModelHub(): Promise<ModelHub> {
  const folder = await mkdtemp(join(tmpdir(), 'hub-stalls-'));
  const config = new TextEncoder().encode('{"model_type":"gpt2"}');
  const hub = new FakeHub({ 'org/name': { 'config.json': config, 'model.safetensors': weights } });
  const endpoint = await hub.start();
  const options = {
    endpoint,
    env: { HF_HOME: folder },
    connectTimeoutMs: 20_000,
    idleTimeoutMs: 20_000,
    listTimeoutMs: 60_000,
    maxListBytes: 200_000,
    maxPages: 5,
    tries: 2,
    retryDelayMs: 1,
    maxPauseMs: 20,
  };
  return { folder, hub, host: new URL(endpoint).host, options };
}

/** Stops a hub and removes its cache. */
export async function stopModelHub({ folder, hub }: Pick<ModelHub, 'folder' | 'hub'>): Promise<void> {
  await hub.stop();
  await rm(folder, { recursive: true, force: true });
}
