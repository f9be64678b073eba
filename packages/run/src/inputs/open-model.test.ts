import type { open } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { expect, it, vi } from 'vitest';
import { runContext } from '../context.js';
import { checkOpens } from './open-model.js';

const openedPaths = vi.hoisted((): string[] => []);

vi.mock('node:fs/promises', async (load) => {
  const original = await load<typeof import('node:fs/promises')>();
  return {
    ...original,
    open(...args: Parameters<typeof open>) {
      openedPaths.push(String(args[0]));
      return original.open(...args);
    },
  };
});

it('opens a model once to check it', async () => {
  const model = fileURLToPath(new URL('../../../../tooling/parity/fixtures/trl/bytes', import.meta.url));
  await checkOpens(model, runContext({}));
  expect(openedPaths.filter((path) => path.endsWith('model.safetensors'))).toHaveLength(1);
});
