import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type ModelCard, modelCard } from './model-card.js';

describe('a model card', () => {
  it('says base, data, method, settings and results', () => {
    const card: ModelCard = {
      name: 'smol-polite',
      base: 'HuggingFaceTB/SmolLM2-135M-Instruct',
      adapter: true,
      method: { id: 'dpo', name: 'Direct Preference Optimization', arxiv: '2305.18290' },
      data: [
        { name: 'Anthropic/hh-rlhf', rows: 160800, fingerprint: 'ab12' },
        { name: 'own pairs', rows: 20 },
      ],
      hyperparameters: { beta: 0.1, learningRate: 1e-6, loraTargets: ['q_proj', 'v_proj'], resume: undefined, seed: 1 },
      evaluation: [
        { metric: 'rewards/accuracies', value: 0.712345678, interval: 0.02, dataset: 'Anthropic/hh-rlhf' },
        { metric: 'kl', value: 1e-7, dataset: 'Anthropic/hh-rlhf' },
        { metric: 'loss', value: 0.61 },
      ],
      license: 'apache-2.0',
      languages: ['en'],
      versions: { dpo: '0.1.0' },
      notes: 'Knows little.\n',
    };
    expect(modelCard(card)).toBe(`---
license: "apache-2.0"
language:
- "en"
library_name: "peft"
pipeline_tag: "text-generation"
base_model: "HuggingFaceTB/SmolLM2-135M-Instruct"
base_model_relation: "adapter"
datasets:
- "Anthropic/hh-rlhf"
tags:
- "text-generation"
- "dpo"
- "lora"
model-index:
- name: "smol-polite"
  results:
  - task:
      type: "text-generation"
    dataset:
      name: "Anthropic/hh-rlhf"
      type: "Anthropic/hh-rlhf"
    metrics:
    - type: "rewards/accuracies"
      name: "rewards/accuracies"
      value: 0.712345678
    - type: "kl"
      name: "kl"
      value: 1.0e-7
---

# smol-polite

A LoRA adapter for [HuggingFaceTB/SmolLM2-135M-Instruct](https://hf.co/HuggingFaceTB/SmolLM2-135M-Instruct), trained by Direct Preference Optimization ([arXiv 2305.18290](https://arxiv.org/abs/2305.18290)).

## Data

| data | rows | fingerprint |
|---|---|---|
| Anthropic/hh-rlhf | 160800 | ab12 |
| own pairs | 20 |  |

## Hyperparameters

| setting | value |
|---|---|
| beta | 0.1 |
| learningRate | 0.000001 |
| loraTargets | q_proj, v_proj |
| resume |  |
| seed | 1 |

## Evaluation

| metric | value | data |
|---|---|---|
| rewards/accuracies | 0.71235 ± 0.02 | Anthropic/hh-rlhf |
| kl | 1e-7 | Anthropic/hh-rlhf |
| loss | 0.61 |  |

## Made with

| software | version |
|---|---|
| dpo | 0.1.0 |

Knows little.
`);
  });

  it('with a name alone is short', () => {
    expect(modelCard({ name: 'x' })).toBe(`---
library_name: "transformers"
pipeline_tag: "text-generation"
tags:
- "text-generation"
---

# x

A language model.
`);
  });

  it('claims no base on the hub for a folder, and escapes markup', () => {
    const text = modelCard({ name: 'a|b *c*', base: './models/base', data: [{ name: 'x | y\nz', rows: 1 }] });
    expect(text).not.toContain('base_model');
    expect(text).toContain('# a\\|b \\*c\\*');
    expect(text).toContain('A language model made from ./models/base.');
    expect(text).toContain('| x \\| y z | 1 |');
  });

  it('keeps its front matter apart, whatever the texts contain', () => {
    const text = fc.string({ unit: 'binary', maxLength: 12 });
    fc.assert(
      fc.property(text, text, text, (name, license, dataset) => {
        const evaluation = [{ metric: name, value: 1, dataset }];
        const card = modelCard({ name, license, evaluation, data: [{ name: dataset }] });
        const lines = card.split(/\r\n|[\r\n\u0085\u2028\u2029]/);
        expect(lines[0]).toBe('---');
        const end = lines.indexOf('---', 1);
        expect(JSON.parse((lines[1] as string).slice('license: '.length))).toBe(license);
        for (const line of lines.slice(1, end)) expect(line).toMatch(/^ *(- )?([\w-]+:|"|[\w-]+: )/);
      }),
      { numRuns: 200, seed: 4 },
    );
  });
});
