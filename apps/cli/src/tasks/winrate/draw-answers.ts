import { writeFile } from 'node:fs/promises';
import { isThere, writeFileAtomic } from '@dpo/base/files';
import type { PlacedRows, PromptRow } from '@dpo/data';
import { type Collective, type Engine, ofFirstWorker } from '@dpo/engine';
import { type Answer, readAnswers } from '@dpo/eval';
import { openModel, sampleTexts } from '@dpo/run/command-line';
import type { Context } from '../../command/define.js';
import type { WinrateOptions } from '../../options/winrate.js';

/** Answers to draw, and the file that keeps them. */
export interface Drawing {
  /** The model that answers. */
  readonly name: string;
  readonly prompts: readonly PromptRow[] & PlacedRows;
  readonly temperatures: readonly number[];
  /** The JSONL file that gets the answers, a temperature at a time. The first worker writes the file. */
  readonly file: string;
  /** Workers that share the drawing. Only the first has all answers in the end. */
  readonly collective: Collective;
}

/**
 * Draws a model's answers to all prompts at each temperature, and keeps the answers in a file. A temperature of which the file has
 * all answers is not drawn again, so that a drawing that was killed goes on at the temperature where it ended.
 *
 * @throws DpoError the errors of reading answers, of models and of drawing
 */
export async function drawAnswers(
  drawing: Drawing,
  options: WinrateOptions,
  openEngine: () => Promise<Engine>,
  context: Context,
): Promise<Answer[]> {
  const { name, prompts, temperatures, file, collective } = drawing;
  const inFile = (await isThere(file)) ? await readAnswers(file) : [];
  const keys = new Set(prompts.map(({ prompt }) => JSON.stringify(prompt)));
  const allAt = (temperature: number) => {
    const some = inFile.filter(
      (answer) => answer.temperature === temperature && keys.has(JSON.stringify(answer.prompt)),
    );
    return some.length === prompts.length * options.samples ? some : undefined;
  };
  const answers = temperatures.flatMap((temperature) => allAt(temperature) ?? []);
  const missing = await ofFirstWorker(collective, async () =>
    temperatures.filter((temperature) => allAt(temperature) === undefined),
  );
  if (missing.length === 0) return answers;
  const { model, tokenizer } = await openModel(await openEngine(), name, context);
  for (const temperature of missing) {
    const samples = await sampleTexts(model, tokenizer, prompts, {
      ...options,
      ...{ temperature, collective, signal: context.signal },
      onProgress: (tokens) => context.progress(`${name} at temperature ${temperature}: ${tokens} tokens`),
    });
    const cut = samples.filter(({ finished }) => !finished).length;
    if (cut > 0)
      context.note(`${cut} of ${samples.length} answers at temperature ${temperature} were cut at --max-new-tokens.`);
    answers.push(...samples.map(({ prompt, text }) => ({ prompt, text, temperature })));
    if (collective.rank === 0) await writeAnswers(file, answers);
  }
  model.dispose();
  return answers;
}

/** Writes answers as a JSONL file that `--answers` and `--against` take. */
export async function writeAnswers(file: string, answers: readonly Answer[]): Promise<void> {
  const lines = answers.map(({ promptId, prompt, temperature, text }) =>
    JSON.stringify({ prompt_id: promptId, temperature, prompt, text }),
  );
  await writeFileAtomic(file, (path) => writeFile(path, `${lines.join('\n')}\n`));
}
