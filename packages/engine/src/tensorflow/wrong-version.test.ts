import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtemp, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { openTensorFlow } from './tensorflow-engine.js';

const compiler = spawnSync('cc', ['--version']).status === 0;

it.runIf(process.platform === 'linux' && compiler)(
  'refuses another version before it looks up other functions',
  async () => {
    const folder = await mkdtemp(join(tmpdir(), 'dpo-version-'));
    const source = join(folder, 'version.c');
    await writeFile(source, 'const char* TF_Version(void) { return "1.15.0"; }\n');
    for (const name of ['libtensorflow_framework.so.2', 'libtensorflow_cc.so.2'])
      execFileSync('cc', ['-shared', '-fPIC', '-o', join(folder, name), source]);
    expect(() => openTensorFlow({ folder })).toThrow(
      expect.objectContaining({
        code: 'engine.library-version',
        values: { folder, version: '1.15.0', expected: '2.21' },
        hint: expect.stringContaining('dpo engine install'),
      }),
    );
  },
);
