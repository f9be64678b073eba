import { DpoError } from '@dpo/base';
import type { ModelFiles } from '../files/model-files.js';
import { commonPrefix, plainName } from './tensor-names.js';
import type { WeightPlan } from './weight-plan.js';

/**
 * The error of files that lack weights, by what they seem to be: `model.not-a-language-model` for a reward model or
 * another model with a head of another kind, and for a body without a head; `model.unmerged-adapter`;
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
      hint: 'Its config.json may belong to another model, or a part of its weights was not fetched.',
    })
  );
}

function unmergedAdapter({ path }: ModelFiles, names: readonly string[]): DpoError | undefined {
  const factor = names.find((name) => /\.lora_(A|B|a|b)(\.|$)/.test(name));
  if (factor === undefined) return undefined;
  return new DpoError(
    'model.unmerged-adapter',
    `${path} holds an adapter's factors among the model's own weights ("${factor}"), and not how they count.`,
    {
      values: { path, tensor: factor },
      hint: 'Save it in Python with merge_and_unload().save_pretrained("NEW_FOLDER"), or the adapter by itself with save_pretrained.',
    },
  );
}

/** The error of a model with a head that gives no words: a reward model, or another classifier. */
export function anotherHead(
  { head }: WeightPlan,
  { path, config, tensors }: ModelFiles,
  missing: readonly string[],
): DpoError | undefined {
  const architecture = architectureOf(config);
  const other = [...tensors.keys()].find((name) =>
    /^(score|classifier|classification_head|qa_outputs)\./.test(plainName(name)),
  );
  const said = /For(Sequence|Token)Classification|ForQuestionAnswering|RewardModel/.test(architecture ?? '');
  if (head === undefined || (other === undefined && !said)) return undefined;
  return new DpoError(
    'model.not-a-language-model',
    `${path} is no language model but a reward model or classifier${named(architecture)}: it has ${other ?? 'a head of its own'} in place of ${head.name}.`,
    {
      values: { path, missing, architecture: architecture ?? null, tensor: other ?? null },
      hint: 'Give the language model that it was trained from.',
    },
  );
}

/** A model whose head is all that is missing. */
function headless(
  { head }: WeightPlan,
  { path, config }: ModelFiles,
  missing: readonly string[],
): DpoError | undefined {
  if (head === undefined || missing.some((name) => name !== head.name && name !== biasOf(head.name))) return undefined;
  const architecture = architectureOf(config);
  return new DpoError(
    'model.not-a-language-model',
    `${path} holds only the body of a model${named(architecture)}: ${head.name}, which turns hidden states into words, is missing, and ` +
      `config.json ${config.tie_word_embeddings === undefined ? 'does not say' : 'denies'} that the embedding takes its place.`,
    {
      values: { path, missing, architecture: architecture ?? null },
      hint: 'Save the whole model with AutoModelForCausalLM. Where the head is the embedding, set "tie_word_embeddings": true in config.json.',
    },
  );
}

function architectureOf(config: Readonly<Record<string, unknown>>): string | undefined {
  const [first] = Array.isArray(config.architectures) ? config.architectures : [];
  return typeof first === 'string' ? first : undefined;
}

function named(architecture: string | undefined): string {
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
    `${path} has "${prefix}" before the names of its weights: "${prefix}${ofBody[0]}" where "${ofBody[0]}" is expected.`,
    {
      values: { path, prefix, missing },
      hint: `Another program saved the model within one of its own. Take "${prefix}" off the names, or save the inner model by itself.`,
    },
  );
}

export function extraTensors({ path }: ModelFiles, extra: readonly string[], modelType: string): DpoError {
  return new DpoError(
    'model.extra-tensor',
    `${path} holds tensors that are no part of a ${modelType} model as its config.json describes it: ${some(extra)}.`,
    { values: { path, extra }, hint: 'Without them the results would differ from those of the model that was saved.' },
  );
}

export function ambiguousTensor({ path }: ModelFiles, weight: string, found: readonly string[]): DpoError {
  return new DpoError('model.extra-tensor', `${path} has ${weight} several times: as ${found.join(' and as ')}.`, {
    values: { path, extra: found.slice(1) },
    hint: 'Save the model again by one program.',
  });
}

/** The error of a tensor of another shape. Another number of rows of the vocabulary is called so. */
export function wrongShape(
  { path, config }: ModelFiles,
  tensor: string,
  expected: readonly number[],
  received: readonly number[],
): DpoError {
  const [rows, wanted] = [received[0], expected[0]];
  const resized =
    wanted === config.vocab_size && rows !== wanted && received.slice(1).join() === expected.slice(1).join();
  return new DpoError(
    'model.wrong-shape',
    `${path}, tensor "${tensor}" is [${received.join(', ')}], but config.json asks for [${expected.join(', ')}].`,
    {
      values: { path, tensor, expected, received },
      ...(resized
        ? {
            hint: `Its vocabulary has ${rows} tokens, config.json says "vocab_size": ${wanted}. Save config.json with the model after resizing.`,
          }
        : {}),
    },
  );
}

/** The first of many names. */
function some(names: readonly string[]): string {
  return names.slice(0, 3).join(', ') + (names.length > 3 ? ` and ${names.length - 3} more` : '');
}
