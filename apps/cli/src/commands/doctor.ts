import { access, constants, statfs } from 'node:fs/promises';
import { makeFolder } from '@dpo/base/files';
import { type EngineInfo, engineInfo } from '@dpo/engine';
import { megabytes } from '@dpo/run/command-line';
import { z } from 'zod';
import { asTyped } from '../command/as-typed.js';
import { defineCommand } from '../command/define.js';
import { adapterTexts, tfjsNodeTexts } from './engine.js';

/** A thing that was checked, such as the engine. */
interface Check {
  readonly name: string;
  readonly ok: boolean;
  /** The state of the thing. */
  readonly says: string;
  readonly hint?: string | undefined;
}

/** `dpo doctor`: whether this machine is ready, and what to do when it is not. */
export const doctorCommand = defineCommand({
  name: 'doctor',
  summary: 'Check that this machine is ready, and say what to do when it is not',
  options: z.strictObject({ json: z.boolean().default(false).describe('JSON instead of text') }),
  run: async ({ json }, context) => {
    const checks = [nodeCheck(), ...(await engineChecks())];
    if (json) context.out(JSON.stringify(checks, null, 2));
    else {
      const say = (line: string) => context.out(asTyped(line, context.program, ['engine']));
      for (const { ok, name, says, hint } of checks) {
        say(`${ok ? '✓' : '✗'} ${name}: ${says}`);
        if (!ok && hint !== undefined) say(`    ${hint}`);
      }
    }
    return checks.every(({ ok }) => ok) ? 0 : 1;
  },
});

function nodeCheck(): Check {
  const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
  const ok = major > 20 || (major === 20 && minor >= 19);
  return { name: 'Node', ok, says: process.version, hint: 'Node 20.19 or later is needed.' };
}

async function engineChecks(): Promise<Check[]> {
  const info = await engineInfo();
  const hint = info.problem?.hint ?? 'Training is slow without TensorFlow. Run: dpo engine install';
  const memory = 'Use a small model, and --lora-rank.';
  return [
    { name: 'Engine', ok: isFast(info), says: info.description, hint },
    ...adapterTexts(info).map((says) => ({ name: 'WebGPU', ok: true, says })),
    ...tfjsNodeTexts(info).map((says) => ({ name: 'tfjs-node', ok: true, says })),
    { name: 'Memory', ok: info.memoryBytes > 3e9, says: megabytes(info.memoryBytes), hint: memory },
    await cacheCheck(info.cache),
  ];
}

/** TensorFlow, ours or tfjs-node's, or a GPU. */
const isFast = ({ engine, adapters }: EngineInfo): boolean =>
  engine === 'tensorflow' ||
  engine === 'tfjs-node' ||
  (engine === 'webgpu' && adapters.some(({ software }) => !software));

async function cacheCheck(cache: string): Promise<Check> {
  const hint = 'Set XDG_CACHE_HOME to a folder that can be written, with 3 GB free.';
  try {
    await makeFolder(cache);
    await access(cache, constants.W_OK);
    const { bavail, bsize } = await statfs(cache);
    return { name: 'Cache', ok: bavail * bsize > 3e9, says: `${cache}, ${megabytes(bavail * bsize)} free`, hint };
  } catch (error) {
    return { name: 'Cache', ok: false, says: (error as Error).message, hint };
  }
}
