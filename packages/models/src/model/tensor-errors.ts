import { DpoError } from '@dpo/base';
import type { ModelFiles } from '../files/model-files.js';
import { commonPrefix, plainName } from './tensor-names.js';
import type { WeightPlan } from './weight-plan.js';

/**
 * The error of files that lack weights, which depends on what the files seem to be: `model.unmerged-adapter`;
 * `model.not-a-language-model` for a reward model or another model with a head of another kind, and for a body without a head;
 * `model.unknown-prefix`; else `model.missing-tensor`.
 */
export function missingTensors(plan: WeightPlan, source: ModelFiles, missing: readonly string[]): DpoError {
  const names = [...source.tensors.keys()];
  return (
    unmergedAdapter(source, names) ??
    anotherHead(plan, source, missing) ??
    headless(plan, source, missing) ??
    unknownPrefix(plan, source, missing, names) ??
    new DpoError('model.missing-tensor', `${source.path} lacks ${some(missing)}.`, {
      values: { path: source.path, missing },
      hint: 'Its config.json may belong to another model, or a part of its weights was not downloaded.',
    })
  );
}

function unmergedAdapter({ path }: ModelFiles, names: readonly string[]): DpoError | undefined {
  const factor = names.find((name) => /\.lora_(A|B|a|b)(\.|$)/.test(name));
  if (factor === undefined) return undefined;
  return new DpoError(
    'model.unmerged-adapter',
    `${path} holds an adapter's factors among the model's own weights ("${factor}"), without the adapter's scale.`,
    {
      values: { path, tensor: factor },
      hint: 'Save it in Python with merge_and_unload().save_pretrained("NEW_FOLDER"), or the adapter by itself with save_pretrained.',
    },
  );
}

/** The error of a model whose head predicts no tokens: a reward model, or another classifier. Undefined for other models. */
export function anotherHead(
  { head }: WeightPlan,
  { path, config, tensors }: ModelFiles,
  missing: readonly string[],
): DpoError | undefined {
  const architecture = architectureOf(config);
  const other = [...tensors.keys()].find((name) =>
    /^(score|classifier|classification_head|qa_outputs)\./.test(plainName(name)),
  );
  const isClassifier = /For(Sequence|Token)Classification|ForQuestionAnswering|RewardModel/.test(architecture ?? '');
  if (head === undefined || (other === undefined && !isClassifier)) return undefined;
  return new DpoError(
    'model.not-a-language-model',
    `${path} is no language model but a reward model or classifier${inBrackets(architecture)}: it has ${other ?? 'a head of its own'} in place of ${head.name}.`,
    {
      values: { path, missing, architecture: architecture ?? null, tensor: other ?? null },
      hint: 'Give the language model that it was trained from.',
    },
  );
}

/** The error of a model that lacks nothing but its head. */
function headless(
  { head }: WeightPlan,
  { path, config }: ModelFiles,
  missing: readonly string[],
): DpoError | undefined {
  if (head === undefined || missing.some((name) => name !== head.name && name !== biasOf(head.name))) return undefined;
  const architecture = architectureOf(config);
  return new DpoError(
    'model.not-a-language-model',
    `${path} holds only the body of a model${inBrackets(architecture)}: ${head.name}, which turns hidden states into words, is missing, and ` +
      `config.json ${config.tie_word_embeddings === undefined ? 'does not say' : 'denies'} that the embedding takes its place.`,
    {
      values: { path, missing, architecture: architecture ?? null },
      hint: 'Save the whole model with AutoModelForCausalLM. If the head is the embedding, set "tie_word_embeddings": true in config.json.',
    },
  );
}

function architectureOf(config: Readonly<Record<string, unknown>>): string | undefined {
  const [first] = Array.isArray(config.architectures) ? config.architectures : [];
  return typeof first === 'string' ? first : undefined;
}

function inBrackets(architecture: string | undefined): string {
  return architecture === undefined ? '' : ` (${architecture})`;
}

function biasOf(head: string): string {
  return head.replace(/\.weight$/, '.bias');
}

function unknownPrefix(
  { head }: WeightPlan,
  { path }: ModelFiles,
  missing: readonly string[],
  names: readonly string[],
): DpoError | undefined {
  // The head may have another name.
  const ofBody = missing.filter((name) => name !== head?.name);
  const prefix = commonPrefix(ofBody, names);
  if (prefix === undefined) return undefined;
  return new DpoError(
    'model.unknown-prefix',
    `${path} has "${prefix}" before the names of its weights: "${prefix}${ofBody[0]}" instead of "${ofBody[0]}".`,
    {
      values: { path, prefix, missing },
      hint: `Another program saved the model within one of its own. Take "${prefix}" off the names, or save the inner model by itself.`,
    },
  );
}

/** The error of tensors that belong to no weight. */
export function extraTensors({ path }: ModelFiles, extra: readonly string[], modelType: string): DpoError {
  return new DpoError(
    'model.extra-tensor',
    `${path} holds tensors that are no part of a ${modelType} model as its config.json describes it: ${some(extra)}.`,
    { values: { path, extra }, hint: 'Without them the results would differ from those of the model that was saved.' },
  );
}

/** The error of several tensors that belong to the same weight. */
export function ambiguousTensor({ path }: ModelFiles, weight: string, tensors: readonly string[]): DpoError {
  return new DpoError('model.extra-tensor', `${path} has ${weight} several times: as ${tensors.join(' and as ')}.`, {
    values: { path, extra: tensors.slice(1) },
    hint: 'Save the model again by one program.',
  });
}

/** The error of a tensor of another shape. Its hint says when only the vocabulary's size differs. */
export function wrongShape(
  { path, config }: ModelFiles,
  tensor: string,
  expected: readonly number[],
  received: readonly number[],
): DpoError {
  const [tokens, vocabSize] = [received[0], expected[0]];
  const resized =
    vocabSize === config.vocab_size && tokens !== vocabSize && received.slice(1).join() === expected.slice(1).join();
  return new DpoError(
    'model.wrong-shape',
    `${path}, tensor "${tensor}" is [${received.join(', ')}], but config.json asks for [${expected.join(', ')}].`,
    {
      values: { path, tensor, expected, received },
      ...(resized
        ? {
            hint: `Its vocabulary has ${tokens} tokens, config.json says "vocab_size": ${vocabSize}. Save config.json with the model after resizing.`,
          }
        : {}),
    },
  );
}

/** The first three of several names, and how many follow. */
function some(names: readonly string[]): string {
  return names.slice(0, 3).join(', ') + (names.length > 3 ? ` and ${names.length - 3} more` : '');
}
