import { readFileSync } from 'node:fs';
import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { random } from '@dpo/base';
import { testEngine } from '@dpo/engine/test';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { SCORE, withScoreHead } from '../architectures/score-head.js';
import { generate } from '../generate/generation.js';
import { loadAdapter, saveAdapter } from '../lora/adapter-files.js';
import { addLora } from '../lora/add-lora.js';
import { mergeAdapter } from '../lora/merge-adapter.js';
import { languageModel } from '../model/language-model.js';
import { loadModel } from '../model/load-model.js';
import { saveModel } from '../model/save-model.js';
import type { LanguageModel } from '../model/types.js';
import { fixtureFolder, oneOfEach } from '../test/_fixtures-for-tests.js';
import { type Group, scoreGroups } from '../test/_packing-for-tests.js';
import { loadClassifier } from './load-classifier.js';
import { checkRewardModel, loadRewardModel } from './load-reward-model.js';

const classifiers = new URL('../../../../tooling/parity/fixtures/classifiers/', import.meta.url);
const classifier = (name: string) => fileURLToPath(new URL(name, classifiers));
const expectedOf = (name: string) =>
  JSON.parse(readFileSync(new URL(`${name}/expected.json`, classifiers), 'utf8')) as {
    readonly ids: readonly number[];
    readonly logits: readonly number[];
  }[];

let scratch: string;
beforeAll(async () => {
  scratch = await mkdtemp(join(tmpdir(), 'dpo-rewards-'));
});
afterAll(() => rm(scratch, { recursive: true, force: true }));

/** The folder of a fixture's language model, with a small tokenizer and other settings. */
async function languageModelFolder(name: string, change: Readonly<Record<string, unknown>> = {}): Promise<string> {
  const folder = await mkdtemp(join(scratch, `${name}-`));
  const { model } = await loadModel(testEngine(), fixtureFolder(name));
  const { raw, vocabSize } = model.config;
  const config = { ...raw, eos_token_id: 1, bos_token_id: 0, pad_token_id: null, ...change };
  await saveModel({ ...model, config: { ...model.config, raw: config } }, folder);
  // A tokenizer whose ids are within the model's vocabulary: three special tokens and a few letters.
  const vocab = Object.fromEntries(['<s>', '</s>', '<free>', ...'abcdefgh'].map((token, id) => [token, id]));
  expect(vocabSize).toBeGreaterThan(Object.keys(vocab).length);
  const special = ['<s>', '</s>', '<free>'].map((content, id) => ({
    ...{ id, content, special: true, single_word: false, lstrip: false, rstrip: false, normalized: false },
  }));
  const json = {
    version: '1.0',
    added_tokens: special,
    normalizer: null,
    pre_tokenizer: null,
    post_processor: null,
    decoder: null,
    model: { type: 'BPE', vocab, merges: [] },
  };
  await writeFile(join(folder, 'tokenizer.json'), JSON.stringify(json));
  await writeFile(join(folder, 'tokenizer_config.json'), '{"bos_token":"<s>","eos_token":"</s>"}');
  return folder;
}

/** The reward of each answer. Answers are packed with one token more. */
async function rewards(model: LanguageModel, groups: readonly Group[], perRow = 1): Promise<number[][]> {
  const longer = groups.map(({ prompt, answers }) => ({ prompt, answers: answers.map((answer) => [...answer, 0]) }));
  return scoreGroups(model, longer, { perRow });
}

describe.each(['llama', 'qwen2'])('a %s reward model', (name) => {
  it('gives packed answers the logits that transformers gives whole texts', async () => {
    const { model, newHead } = await loadRewardModel(testEngine(), classifier(name));
    expect(newHead).toBe(false);
    const texts = expectedOf(name).filter(({ ids }) => ids.length < 60);
    const groups = texts.map(({ ids }) => {
      const cut = Math.max(1, Math.floor(0.4 * ids.length));
      return { prompt: ids.slice(0, cut), answers: [ids.slice(cut), [3, 4, 5], ids.slice(cut)] };
    });
    const got = await rewards(model, groups, 2);
    for (const [i, { logits }] of texts.entries())
      for (const place of [0, 2]) expect(got[i]?.[place]).toBeCloseTo(logits[0] as number, 4);
  });
});

const tokens = (longest: number) => fc.array(fc.nat(10), { minLength: 1, maxLength: longest });
const groups = fc.array(
  fc.record({ prompt: tokens(6), answers: fc.array(tokens(5), { minLength: 1, maxLength: 3 }) }),
  {
    minLength: 1,
    maxLength: 4,
  },
);

describe.each(oneOfEach.filter((name) => !name.includes('dynamic')))('rewards of %s', (name) => {
  it('do not change with what else is in the packed row', async () => {
    const engine = testEngine();
    const { model: plain } = await loadModel(engine, fixtureFolder(name));
    const decoder = withScoreHead(plain.decoder, 1);
    const uniform = random(3);
    const head = Float32Array.from({ length: decoder.config.width }, () => uniform() - 0.5);
    const body = [...plain.weights].filter(([weight]) => decoder.weights.has(weight));
    const model = languageModel(
      engine,
      decoder,
      new Map([...body, [SCORE, engine.variable(SCORE, [1, head.length], head)]]),
    );
    await fc.assert(
      fc.asyncProperty(groups, fc.integer({ min: 1, max: 4 }), async (batch, perRow) => {
        const packed = await rewards(model, batch, perRow);
        const alone = batch.flatMap(({ prompt, answers }) => answers.map((answer) => ({ prompt, answers: [answer] })));
        const expected = await rewards(model, alone);
        for (const [i, reward] of packed.flat().entries())
          expect(Math.abs(reward - (expected[i]?.[0] as number))).toBeLessThan(2e-5 * (1 + Math.abs(reward)));
      }),
      { numRuns: 3 },
    );
  });
});

describe('a new reward model', () => {
  const text = 'abcabd';

  it('begins with a head of deviation 1 / √(D + 1), the same for the same seed', async () => {
    const folder = await languageModelFolder('llama');
    const headOf = async (seed: number) => {
      const { model, newHead, notes } = await loadRewardModel(testEngine(), folder, { seed });
      expect(newHead).toBe(true);
      expect(notes.join()).toContain('<free> (2) is used');
      return [...(await model.variable(SCORE).read())];
    };
    const [head, again, other] = [await headOf(1), await headOf(1), await headOf(2)];
    expect(again).toEqual(head);
    expect(other).not.toEqual(head);
    const variance = head.reduce((sum, weight) => sum + weight ** 2, 0) / head.length;
    expect(variance * (head.length + 1)).toBeGreaterThan(0.4);
    expect(variance * (head.length + 1)).toBeLessThan(2);
  });

  it.each(['llama', 'gpt2', 'gpt-neox'])('of %s is saved as a classifier with the same rewards', async (name) => {
    const folder = await languageModelFolder(name);
    const { model, tokenizer, source } = await loadRewardModel(testEngine(), folder);
    const saved = join(scratch, `${name}-saved`);
    await saveModel(model, saved, { source });
    const config = JSON.parse(await readFile(join(saved, 'config.json'), 'utf8'));
    expect(config.architectures[0]).toMatch(/^(Llama|GPT2|GPTNeoX)ForSequenceClassification$/);
    expect(config).toMatchObject({ id2label: { 0: 'LABEL_0' }, label2id: { LABEL_0: 0 }, pad_token_id: 2 });
    const tokenizerConfig = JSON.parse(await readFile(join(saved, 'tokenizer_config.json'), 'utf8'));
    expect(tokenizerConfig.pad_token).toBe('<free>');
    const { classifier } = await loadClassifier(testEngine(), saved);
    const ids = [...tokenizer.encode(text), 1];
    const [plain] = await classifier.scores([ids]);
    const again = await loadRewardModel(testEngine(), saved);
    expect(again.newHead).toBe(false);
    for (const each of [model, again.model]) {
      const [[reward] = []] = await rewards(each, [{ prompt: ids.slice(0, 3), answers: [ids.slice(3)] }]);
      expect(reward).toBeCloseTo(plain as number, 5);
    }
  });

  it('trains adapters with the whole head, which is SEQ_CLS in PEFT', async () => {
    const folder = await languageModelFolder('llama');
    const opened = await loadRewardModel(testEngine(), folder, { seed: 4 });
    const adapted = await addLora(opened.model, { rank: 2, alpha: 4, modulesToSave: ['score'], seed: 1 });
    expect([...adapted.trainable().keys()]).toContain('base_model.model.score.weight');
    const group = { prompt: [3, 4], answers: [[5, 6, 1]] };
    const [before] = await rewards(adapted, [group]);
    const [weight, head] = [
      'base_model.model.model.layers.0.self_attn.q_proj.lora_B.weight',
      'base_model.model.score.weight',
    ];
    for (const each of [weight, head]) {
      const variable = adapted.variable(each);
      variable.write((await variable.read()).map((value, i) => value + 0.1 * Math.cos(i)));
    }
    const [trained] = await rewards(adapted, [group]);
    expect(trained).not.toEqual(before);
    const saved = join(scratch, 'adapter');
    await saveAdapter(adapted, saved, { source: opened.source });
    const config = JSON.parse(await readFile(join(saved, 'adapter_config.json'), 'utf8'));
    expect(config).toMatchObject({ task_type: 'SEQ_CLS', modules_to_save: ['score'], base_model_name_or_path: folder });
    // Another new head: the adapter brings its own.
    const base = await loadRewardModel(testEngine(), folder, { seed: 5 });
    const loaded = await loadAdapter(base.model, saved);
    expect(await rewards(loaded, [group])).toEqual([trained]);
    const [merged] = await rewards(await mergeAdapter(loaded), [group]);
    expect(merged?.[0]).toBeCloseTo(trained?.[0] as number, 5);
  });

  it('writes no text', async () => {
    const { model } = await loadRewardModel(testEngine(), classifier('llama'));
    await expect(generate(model, [[3, 4]], { maxNewTokens: 2 })).rejects.toMatchObject({
      code: 'model.not-a-language-model',
    });
  });
});

describe('the padding token', () => {
  it('is the one in the options, if it is in the vocabulary and no text ends with it', async () => {
    const folder = await languageModelFolder('llama');
    const { model, tokenizer } = await loadRewardModel(testEngine(), folder, { padToken: 'h' });
    expect([tokenizer.padTokenId, model.config.raw.pad_token_id]).toEqual([10, 10]);
    await expect(checkRewardModel(folder, { padToken: '</s>' })).rejects.toMatchObject({
      code: 'classifier.pad-is-end',
    });
    await expect(checkRewardModel(folder, { padToken: 'ab' })).rejects.toMatchObject({
      code: 'classifier.unknown-pad-token',
    });
  });

  it('is never the token that ends texts, whatever the tokenizer says, nor the one that begins them', async () => {
    const folder = await languageModelFolder('llama', { eos_token_id: [1, 2] });
    await writeFile(join(folder, 'tokenizer_config.json'), '{"bos_token":"<s>","eos_token":"</s>","pad_token":"</s>"}');
    await expect(checkRewardModel(folder)).rejects.toMatchObject({
      code: 'classifier.no-pad-token',
      // By its key alone: the command line puts the flag into its place.
      hint: 'Name a padding token by padToken: any token of the vocabulary that ends no text.',
    });
    expect(await checkRewardModel(folder, { padToken: 'a' })).toEqual({ hasTokenizer: true });
  });
});

it('refuses classifiers of several labels, and folders without a tokenizer', async () => {
  await expect(checkRewardModel(classifier('gpt2'))).rejects.toMatchObject({ code: 'classifier.not-a-reward-model' });
  const folder = join(scratch, 'bare');
  await cp(fixtureFolder('llama'), folder, { recursive: true });
  await expect(checkRewardModel(folder)).rejects.toMatchObject({ code: 'classifier.no-tokenizer' });
});
