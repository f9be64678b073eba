import { installLibrary } from '@dpo/engine';
import { afterEach, expect, it, vi } from 'vitest';
import type { Context } from '../command/define.js';
import { installWithProgress, tfjsNodeTexts } from './engine.js';

vi.mock('@dpo/engine', async (original) => ({ ...(await original<object>()), installLibrary: vi.fn() }));
afterEach(() => vi.resetAllMocks());

const library = { folder: '/cache/library' } as Awaited<ReturnType<typeof installLibrary>>;

async function notesOfInstalling(): Promise<string[]> {
  const notes: string[] = [];
  const context: Context = {
    out: () => undefined,
    note: (line) => notes.push(line),
    progress: () => undefined,
    interactive: false,
    program: 'dpo',
    signal: new AbortController().signal,
    finishing: (part) => part(),
  };
  await installWithProgress(false, context);
  return notes;
}

it('notes that it fetches only when it does', async () => {
  vi.mocked(installLibrary).mockResolvedValueOnce(library);
  expect(await notesOfInstalling()).toEqual([expect.stringMatching(/is there already: \/cache\/library\.$/)]);

  vi.mocked(installLibrary).mockImplementationOnce(async ({ onProgress } = {}) => {
    for (const bytes of [0, 5, 10]) onProgress?.({ phase: 'download', bytes, total: 10 });
    return library;
  });
  expect(await notesOfInstalling()).toEqual([
    expect.stringMatching(/^Fetching TensorFlow /),
    'TensorFlow is in /cache/library.',
  ]);
});

it('shows tfjs-node, and how its missing binding is built', () => {
  const about = { name: '@tensorflow/tfjs-node-gpu', version: '4.22.0', folder: '/p' } as const;
  const tfjsNode = [
    { ...about, isBuilt: true },
    { ...about, isBuilt: false },
  ];
  expect(tfjsNodeTexts({ tfjsNode })).toEqual([
    '@tensorflow/tfjs-node-gpu 4.22.0 in /p',
    '@tensorflow/tfjs-node-gpu 4.22.0 in /p, without its native binding (run: npm rebuild @tensorflow/tfjs-node-gpu --build-addon-from-source)',
  ]);
});
