import { readFileSync } from 'node:fs';
import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { runCli } from '../_cli-for-tests.js';

/** Ends as the model's files name them, and what transformers' greedy generation draws: tooling/parity/generation.py. */
interface Case {
  readonly generation: number | readonly number[] | null;
  readonly config: number | readonly number[] | null;
  readonly tokens: readonly (readonly number[])[];
}

const fixtures = new URL('../../../../tooling/parity/fixtures/', import.meta.url);
const {
  prompts,
  new: most,
  cases,
} = JSON.parse(readFileSync(new URL('generation/ends.json', fixtures), 'utf8')) as {
  readonly prompts: readonly string[];
  readonly new: number;
  readonly cases: readonly Case[];
};

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'dpo-generation-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

async function nameEnds(file: string, ends: Case['config']): Promise<void> {
  const text = await readFile(file, 'utf8').catch(() => '{}');
  const { eos_token_id: _, ...others } = JSON.parse(text) as Record<string, unknown>;
  await writeFile(file, JSON.stringify(ends === null ? others : { ...others, eos_token_id: ends }));
}

it.each(cases.map((each) => [JSON.stringify(each.generation), JSON.stringify(each.config), each] as const))(
  'draws what transformers draws: generation_config.json names %s, config.json %s',
  async (_generation, _config, { generation, config, tokens }) => {
    const model = join(folder, 'model');
    await rm(model, { recursive: true, force: true });
    await cp(fileURLToPath(new URL('trl/bytes/', fixtures)), model, { recursive: true });
    await nameEnds(join(model, 'config.json'), config);
    if (generation === null) await rm(join(model, 'generation_config.json'), { force: true });
    else await nameEnds(join(model, 'generation_config.json'), generation);
    const file = join(folder, 'prompts.jsonl');
    await writeFile(file, prompts.map((prompt) => `${JSON.stringify({ prompt })}\n`).join(''));
    const options = ['--max-new-tokens', String(most), '--temperature', '0', '--json', '--engine', 'cpu'];
    const { code, out, notes } = await runCli(['generate', '--model', model, '--prompts', file, ...options]);
    expect(code, notes.join('\n')).toBe(0);
    expect(out.map((line) => (JSON.parse(line) as { tokens: number[] }).tokens)).toEqual(tokens);
  },
);
