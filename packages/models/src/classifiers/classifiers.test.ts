import { readFileSync } from 'node:fs';
import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { testEngine } from '@dpo/engine/test';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { saveModel } from '../model/save-model.js';
import { tinyLlama, tinyTokenizer } from '../test/index.js';
import { createTokenizer } from '../tokenizer/tokenizer.js';
import { labelsOf } from './labels.js';
import { loadClassifier } from './load-classifier.js';

const fixtures = new URL('../../../../tooling/parity/fixtures/classifiers/', import.meta.url);
const folderOf = (name: string) => fileURLToPath(new URL(name, fixtures));

interface Case {
  readonly text: string;
  readonly ids: readonly number[];
  readonly logits: readonly number[];
}

let scratch: string;
beforeAll(async () => {
  scratch = await mkdtemp(join(tmpdir(), 'dpo-classifiers-'));
});
afterAll(() => rm(scratch, { recursive: true }));

const softmax = (logits: readonly number[]) => {
  const powers = logits.map(Math.exp);
  return powers.map((power) => power / powers.reduce((a, b) => a + b));
};

// Logits and ids that transformers gives, made by tooling/parity/classifiers.py.
describe.each([
  ['roberta', ['negative', 'neutral', 'positive'], softmax],
  ['distilbert', ['NEGATIVE', 'POSITIVE'], softmax],
  [
    'bert',
    ['LABEL_0', 'LABEL_1', 'LABEL_2', 'LABEL_3'],
    (z: readonly number[]) => z.map((x) => 1 / (1 + Math.exp(-x))),
  ],
  ['llama', ['LABEL_0'], undefined],
  ['gpt2', ['LABEL_0', 'LABEL_1', 'LABEL_2'], softmax],
  ['qwen2', ['LABEL_0'], undefined],
])('a %s classifier', async (name, labels, probabilities) => {
  const cases = JSON.parse(readFileSync(new URL(`${name}/expected.json`, fixtures), 'utf8')) as Case[];
  const { classifier, tokenizer } = await loadClassifier(testEngine(), folderOf(name));
  const size = Math.max(...cases.flatMap(({ logits }) => logits.map(Math.abs)));

  it('gives the logits that transformers gives', async () => {
    expect(classifier.labels).toEqual(labels);
    const results = await classifier.classify(
      cases.map(({ text }) => text),
      { batchSize: 3 },
    );
    for (const [i, { logits, label, tokens, truncated, ...result }] of results.entries()) {
      const { text, ids, logits: expected } = cases[i] as Case;
      expect(tokens, text).toBe(ids.length);
      expect(truncated, text).toBe(tokenizer.encodeWithSpecials(text).length > ids.length);
      for (const [n, value] of expected.entries())
        expect(Math.abs(value - (logits[n] as number)) / size, text).toBeLessThan(1e-4);
      expect(label).toBe(labels[expected.indexOf(Math.max(...expected))]);
      const expectedProbabilities = probabilities?.(expected);
      if (expectedProbabilities === undefined) expect(result.probabilities).toBeUndefined();
      for (const [n, value] of (expectedProbabilities ?? []).entries())
        expect(result.probabilities?.[n]).toBeCloseTo(value, 3);
    }
  });

  it('uses token ids as they are', async () => {
    const [byIds] = await classifier.classify([(cases[0] as Case).ids]);
    const [byText] = await classifier.classify([(cases[0] as Case).text]);
    expect(byIds).toEqual(byText);
  });
});

describe('classifying', async () => {
  const { classifier } = await loadClassifier(testEngine(), folderOf('roberta'));

  it('cuts long texts before the tokens that close them, and says so', async () => {
    const [short] = await classifier.classify(['The film was a joy'], { maxTokens: 6 });
    expect(short).toMatchObject({ tokens: 6, truncated: true });
    const [whole] = await classifier.classify(['The film was a joy']);
    expect(whole?.truncated).toBe(false);
    expect(whole?.logits).not.toEqual(short?.logits);
  });

  it('gives the same in any batch', async () => {
    const texts = ['so so', 'Dull.', 'I can’t recommend it, nor anything like it', 'a', ''];
    const all = await classifier.classify(texts);
    const pairs = await classifier.classify(texts, { batchSize: 2 });
    for (const [i, text] of texts.entries()) {
      const [alone] = await classifier.classify([text]);
      for (const other of [all[i], pairs[i]])
        for (const [n, logit] of (alone?.logits ?? []).entries()) expect(other?.logits[n]).toBeCloseTo(logit, 5);
    }
  });

  it('reports progress, stops when aborted, and classifies no texts', async () => {
    const reports: string[] = [];
    const texts = ['a', 'b', 'c'];
    await classifier.classify(texts, { batchSize: 2, onProgress: (done, total) => reports.push(`${done}/${total}`) });
    expect(reports).toEqual(['2/3', '3/3']);
    const controller = new AbortController();
    const onProgress = () => controller.abort(new Error('enough'));
    const running = classifier.classify(texts, { batchSize: 2, onProgress, signal: controller.signal });
    await expect(running).rejects.toThrow('enough');
    expect(await classifier.classify([])).toEqual([]);
  });

  it('scores texts by the probability of a label, or by the reward itself', async () => {
    const texts = ['so so', 'Dull.'];
    const results = await classifier.classify(texts);
    expect(await classifier.scores(texts)).toEqual(results.map(({ probabilities }) => probabilities?.[2]));
    const negative = await classifier.scores(texts, { label: 'Negative' });
    expect(negative).toEqual(results.map(({ probabilities }) => probabilities?.[0]));
    await expect(classifier.scores(texts, { label: 'good' })).rejects.toMatchObject({
      code: 'classifier.unknown-label',
    });
    const { classifier: rewards } = await loadClassifier(testEngine(), folderOf('llama'));
    expect(await rewards.scores(texts)).toEqual((await rewards.classify(texts)).map(({ logits }) => logits[0]));
  });

  it('refuses senseless options and ids', async () => {
    await expect(classifier.classify(['a'], { batchSize: 0 })).rejects.toMatchObject({ code: 'classifier.bad-option' });
    await expect(classifier.classify(['a', [1, 9999]])).rejects.toMatchObject({
      code: 'classifier.bad-token',
      values: { text: 1, token: 1, received: 9999 },
    });
  });
});

describe('tokenizers from before tokenizer.json', () => {
  const model = (name: string) =>
    (
      JSON.parse(readFileSync(new URL(`${name}/tokenizer.json`, fixtures), 'utf8')) as {
        model: { vocab: Record<string, number>; merges?: string[][] };
      }
    ).model;
  const words = (name: string) =>
    Object.entries(model(name).vocab)
      .sort(([, a], [, b]) => a - b)
      .map(([word]) => word);

  it.each([
    [
      'distilbert',
      () => ({ 'vocab.txt': `${words('distilbert').join('\n')}\n`, 'tokenizer_config.json': '{"do_lower_case":true}' }),
    ],
    ['bert', () => ({ 'vocab.txt': `${words('bert').join('\r\n')}\r\n` })],
    [
      'roberta',
      () => ({
        'vocab.json': JSON.stringify(model('roberta').vocab),
        'merges.txt': `#version: 0.2\n${(model('roberta').merges ?? []).map((pair) => pair.join(' ')).join('\n')}\n`,
      }),
    ],
  ])('of %s are made of its vocabulary', async (name, files) => {
    const cases = JSON.parse(readFileSync(new URL(`${name}/expected.json`, fixtures), 'utf8')) as Case[];
    const folder = await mkdtemp(join(scratch, 'vocabulary-'));
    await cp(folderOf(name), folder, { recursive: true });
    for (const file of ['tokenizer.json', 'tokenizer_config.json']) await rm(join(folder, file));
    for (const [file, text] of Object.entries(files())) await writeFile(join(folder, file), text);
    const { classifier, tokenizer } = await loadClassifier(testEngine(), folder);
    for (const { text, ids } of cases)
      if (ids.length < classifier.maxTokens) expect(tokenizer.encodeWithSpecials(text), text).toEqual(ids);
    expect(tokenizer.encode('Ä').length).toBeGreaterThan(0);
  });

  it('lower-case and strip accents as their configuration says', async () => {
    const vocabulary = '[PAD]\n[UNK]\n[CLS]\n[SEP]\nThe\nthe\ne\n';
    const make = (config: string) => createTokenizer({ 'vocab.txt': vocabulary, 'tokenizer_config.json': config });
    expect(make('{"do_lower_case":false}').encodeWithSpecials('The')).toEqual([2, 4, 3]);
    expect(make('{}').encodeWithSpecials('The é')).toEqual([2, 5, 6, 3]);
    expect(make('{"strip_accents":false}').encodeWithSpecials('é')).toEqual([2, 1, 3]);
  });
});

describe('labels', () => {
  it('come from id2label, else from their number', () => {
    expect(labelsOf({ id2label: { 0: 'no', 1: 'yes' } })).toEqual({ names: ['no', 'yes'], problem: 'single-label' });
    expect(labelsOf({ num_labels: 1 })).toEqual({ names: ['LABEL_0'], problem: 'regression' });
    expect(labelsOf({})).toEqual({ names: ['LABEL_0', 'LABEL_1'], problem: 'single-label' });
    expect(labelsOf({ problem_type: 'regression' }).problem).toBe('regression');
  });
});

describe('what is no classifier', () => {
  const changedFolder = async (settings: Record<string, unknown>) => {
    const folder = await mkdtemp(join(scratch, 'changed-'));
    await cp(folderOf('distilbert'), folder, { recursive: true });
    const path = join(folder, 'config.json');
    await writeFile(path, JSON.stringify({ ...JSON.parse(await readFile(path, 'utf8')), ...settings }));
    return folder;
  };

  it.each<[string, Record<string, unknown>, string]>([
    ['another kind of model', { architectures: ['DistilBertForMaskedLM'] }, 'classifier.not-one'],
    ['an unknown architecture', { model_type: 'albert' }, 'model.unsupported-architecture'],
    ['more labels than the head has', { id2label: { 0: 'a', 1: 'b', 2: 'c' } }, 'model.wrong-shape'],
    ['more layers than there are', { n_layers: 3 }, 'model.missing-tensor'],
    ['fewer layers than there are', { n_layers: 1 }, 'model.extra-tensor'],
    ['heads that do not divide the width', { n_heads: 3 }, 'model.bad-config'],
    ['an unknown activation', { activation: 'mish' }, 'model.unsupported-config'],
    ['a padding token that is none', { pad_token_id: -1 }, 'model.unsupported-config'],
  ])('%s is an error of its own', async (_, settings, code) => {
    await expect(loadClassifier(testEngine(), await changedFolder(settings))).rejects.toMatchObject({ code });
  });

  it('a language model, or a folder without a tokenizer', async () => {
    const folder = await mkdtemp(join(scratch, 'language-model-'));
    await saveModel(tinyLlama(testEngine(), { vocabSize: 257 }), folder, {
      source: { tokenizerFiles: tinyTokenizer().files },
    });
    await expect(loadClassifier(testEngine(), folder)).rejects.toMatchObject({ code: 'classifier.not-one' });
    const bare = await changedFolder({});
    await rm(join(bare, 'tokenizer.json'));
    await expect(loadClassifier(testEngine(), bare)).rejects.toMatchObject({ code: 'classifier.no-tokenizer' });
  });
});
