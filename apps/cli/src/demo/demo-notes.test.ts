import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { sampleEvaluation } from '@dpo/eval/test';
import { expect, it } from 'vitest';
import { runCommand } from '../command/run.js';
import { commands } from '../commands/index.js';
import { demoSummary, keptNote } from './demo-notes.js';

const demo = { output: 'runs/demo', tiny: false, seed: 0 };

it('names the command that goes on, with the options that make it the same demo', () => {
  expect(keptNote(demo)).toBe('What is done so far is kept. Go on: dpo demo --resume');
  expect(keptNote({ output: 'my runs', tiny: true, loraRank: 4, seed: 2 })).toBe(
    "What is done so far is kept. Go on: dpo demo --tiny --output 'my runs' --lora-rank 4 --seed 2 --resume",
  );
});

it('suggests what to try in the words that start the program', () => {
  const result = { evaluation: sampleEvaluation(), model: 'base', folder: 'my runs/final', report: 'r.html' };
  const lines = demoSummary(result, 'my runs', 5, 'npx dpo');
  expect(lines.at(-1)).toMatch(/^ {2}npx dpo generate --model 'my runs\/final' --prompt \$'Movie review:\\n\\n/);
  expect(lines.join('\n')).not.toContain('npm run');
});

it.each(['npx dpo', 'npm run dpo --'])('says to users of `%s` how an interrupted demo goes on', async (program) => {
  const notes: string[] = [];
  const context = {
    ...{ interactive: false, program, signal: AbortSignal.abort() },
    ...{ out: () => {}, progress: () => {}, note: (line: string) => notes.push(line) },
  };
  const output = await mkdtemp(join(tmpdir(), 'demo-notes-'));
  const args = ['demo', '--tiny', '--output', output, '--engine', 'cpu'];
  expect(await runCommand(commands, args, context, '0.0.0')).toBe(130);
  expect(notes.at(-1)).toBe(
    `Interrupted. What is done so far is kept. Go on: ${program} demo --tiny --output ${output} --resume`,
  );
  await rm(output, { recursive: true, force: true });
});
