import { readFileSync } from 'node:fs';
import { cp, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { testEngine } from '@dpo/engine/test';
import { loadRewardModel, loadTokenizer, saveModel, writeRewardScale } from '@dpo/models';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { runContext } from '../context.js';
import { namesScorer, openScorer } from './open-scorer.js';

const fixtures = new URL('../../../../tooling/parity/fixtures/', import.meta.url);
const at = (name: string) => fileURLToPath(new URL(name, fixtures));
const context = runContext({});

/** Scores of trained models by transformers and PEFT: tooling/parity/rewards.py. */
const { lora } = JSON.parse(readFileSync(at('rewards/expected.json'), 'utf8')).runs as {
  readonly lora: {
    readonly rows: readonly { readonly prompt: string; readonly chosen: string; readonly rejected: string }[];
    readonly scores: readonly (readonly [number, number])[];
  };
};
const prompts = lora.rows.map(({ prompt, chosen, rejected }) => ({ prompt, answers: [chosen, rejected] }));

let scratch: string;
beforeAll(async () => {
  scratch = await mkdtemp(join(tmpdir(), 'dpo-scorer-'));
});
afterAll(() => rm(scratch, { recursive: true, force: true }));

describe('scores', () => {
  it('of an adapter that TRL trained are those of PEFT', async () => {
    const folder = join(scratch, 'adapter');
    await cp(at('rewards/lora'), folder, { recursive: true });
    const path = join(folder, 'adapter_config.json');
    const config = { ...JSON.parse(readFileSync(path, 'utf8')), base_model_name_or_path: at('classifiers/llama') };
    await writeFile(path, JSON.stringify(config));
    const scorer = await openScorer(testEngine(), folder, context);
    expect(scorer).toMatchObject({ bradleyTerry: true, scale: undefined });
    const scores = await scorer.score(prompts);
    for (const [i, pair] of lora.scores.entries())
      for (const [k, score] of pair.entries()) expect(scores[i]?.[k]).toBeCloseTo(score, 4);
    scorer.dispose();
  });

  it('are the same one at a time and all together, also of answers without a text', async () => {
    const scorer = await openScorer(testEngine(), at('classifiers/qwen2'), context);
    const requests = prompts.map(({ prompt, answers }) => ({
      prompt,
      answers: [...answers, '', answers[0] as string],
    }));
    const together = await scorer.score(requests);
    for (const [i, { prompt, answers }] of requests.entries())
      for (const [k, answer] of answers.entries()) {
        const [[alone] = []] = await scorer.score([{ prompt, answers: [answer] }]);
        expect(alone).toBeCloseTo(together[i]?.[k] as number, 5);
      }
    expect(await scorer.score([])).toEqual([]);
    scorer.dispose();
  });

  it('are those of whole texts for a classifier of several labels', async () => {
    const scorer = await openScorer(testEngine(), at('classifiers/distilbert'), context);
    expect(scorer.bradleyTerry).toBe(false);
    const [scores] = await scorer.score([{ prompt: 'The film was ', answers: ['a joy', 'dull'] }]);
    const [[whole] = []] = await scorer.score([{ prompt: '', answers: ['The film was a joy'] }]);
    expect(scores?.[0]).toBeCloseTo(whole as number, 6);
    const negative = await openScorer(testEngine(), at('classifiers/distilbert'), context, { label: 'NEGATIVE' });
    const [other] = await negative.score([{ prompt: 'The film was ', answers: ['a joy'] }]);
    expect((scores?.[0] as number) + (other?.[0] as number)).toBeCloseTo(1, 5);
  });

  it('are put on the scale of the folder when the caller asks for normalised scores', async () => {
    const folder = join(scratch, 'scaled');
    const { model, source } = await loadRewardModel(testEngine(), at('classifiers/qwen2'));
    await saveModel(model, folder, { source });
    const raw = (await (await openScorer(testEngine(), folder, context)).score(prompts)).flat();
    const scale = await writeRewardScale(folder, raw);
    const plain = await openScorer(testEngine(), folder, context);
    expect(plain.scale).toEqual(scale);
    expect((await plain.score(prompts)).flat()).toEqual(raw);
    const scaled = await openScorer(testEngine(), folder, context, { normalised: true });
    const scores = (await scaled.score(prompts)).flat();
    const mean = scores.reduce((sum, score) => sum + score, 0) / scores.length;
    expect(mean).toBeCloseTo(0, 6);
    expect(scores.reduce((sum, score) => sum + score ** 2, 0) / scores.length).toBeCloseTo(1, 6);
    await writeFile(join(folder, 'reward_normalisation.json'), '{"mean":0,"deviation":0}');
    await expect(openScorer(testEngine(), folder, context)).rejects.toMatchObject({ code: 'classifier.bad-scale' });
  });

  it('pass over padding at the end as transformers does, when the files say that the end token is padding', async () => {
    // Padding is the end token: the score is taken at the token before.
    const folder = join(scratch, 'padded');
    const { model, source } = await loadRewardModel(testEngine(), at('classifiers/qwen2'));
    const raw = { ...model.config.raw, pad_token_id: 1 };
    await saveModel({ ...model, config: { ...model.config, raw } }, folder, { source });
    const tokenizer = await loadTokenizer(folder);
    expect(tokenizer.eosTokenId).toBe(1);
    const withEnds = await openScorer(testEngine(), folder, context);
    const withoutEnds = await openScorer(testEngine(), at('classifiers/qwen2'), context, { eos: false });
    const expected = (await withoutEnds.score(prompts)).flat();
    const rewards = (await withEnds.score(prompts)).flat();
    for (const [i, reward] of rewards.entries()) expect(reward).toBeCloseTo(expected[i] as number, 5);
  });
});

it('a language model is no scorer', async () => {
  expect(await namesScorer(at('trl/bytes'), context)).toBe(false);
  expect(await namesScorer(at('trl/bytes-sft'), context)).toBe(false);
  expect(await namesScorer(at('rewards/lora'), context)).toBe(true);
  expect(await namesScorer(at('classifiers/roberta'), context)).toBe(true);
  await expect(openScorer(testEngine(), at('trl/bytes'), context)).rejects.toMatchObject({
    code: 'classifier.not-one',
  });
});
