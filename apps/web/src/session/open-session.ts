import type { EncodedPair } from '@dpo/base';
import { blobFolder } from '@dpo/base/bytes';
import {
  adamw,
  type CheckpointStore,
  learningRates,
  methodNamed,
  offlineBatches,
  type Reference,
  referenceModel,
  type StepRecord,
  train,
  withoutAdapter,
} from '@dpo/core';
import { cutSummary, encodePairs, readPreferencesFrom } from '@dpo/data';
import type { Engine } from '@dpo/engine';
import {
  adapterContents,
  addLora,
  cloneModel,
  createTokenizer,
  type FileContents,
  generate,
  type LanguageModel,
  loadModelFrom,
  type ModelFiles,
  type ModelTokenizer,
  mergeAdapter,
  modelContents,
  openModelFolder,
} from '@dpo/models';
import type { Inputs } from './inputs.js';
import type { Settings } from './settings.js';

/** What the page says of a model and its pairs. */
export interface SessionFacts {
  readonly parameters: number;
  readonly trainable: number;
  readonly pairs: number;
  /** Rows whose prompt or answer was cut. */
  readonly cutRows: number;
  /** Sentences about the files. */
  readonly notes: readonly string[];
}

/** A prompt, and how a model goes on. */
export interface Sample {
  readonly prompt: string;
  readonly text: string;
}

/** Where a training begins, and where its checkpoints go. */
interface TrainingPlace {
  readonly store: CheckpointStore;
  /** A checkpoint after every so many steps. */
  readonly everySteps: number;
  /** The checkpoint to go on from. */
  readonly resume?: string | undefined;
  readonly signal?: AbortSignal | undefined;
  readonly onSaved?: ((step: number) => void) | undefined;
}

/** A model that is ready to be trained on pairs. */
export interface Session {
  readonly facts: SessionFacts;
  /** Draws one sample to each of a few prompts: of the model as it is now, or without what was trained. */
  draw(when: 'before' | 'now'): Promise<Sample[]>;
  train(place: TrainingPlace): AsyncGenerator<StepRecord, void, undefined>;
  /** The files of the PEFT adapter. @throws DpoError `lora.no-adapter` */
  adapterFiles(): FileContents[];
  /** The files of the whole model, with the adapter merged into it. The session cannot train any more afterwards. */
  mergedFiles(): Promise<FileContents[]>;
  dispose(): void;
}

/** Prompts of which samples are drawn. */
const PROMPTS = 4;

/**
 * Opens a model and pairs for a training.
 *
 * @param onProgress called with the share of the weights that is read
 * @throws DpoError the errors of `openModelFolder`, `loadModelFrom`, `createTokenizer`, `readPreferencesFrom` and `encodePairs`
 */
export async function openSession(
  engine: Engine,
  inputs: Inputs,
  settings: Settings,
  onProgress: (share: number) => void = () => undefined,
): Promise<Session> {
  const source = await openModelFolder(blobFolder(inputs.modelName, inputs.model));
  // Errors of the pairs come before the weights are read, which takes longest.
  const dataset = await readPreferencesFrom(inputs.pairsName, inputs.pairs);
  const loaded = await loadModelFrom(engine, source, { onProgress: (bytes, total) => onProgress(bytes / total) });
  try {
    const tokenizer = loaded.tokenizer ?? createTokenizer(source.tokenizerFiles, inputs.modelName);
    const { maxLength, eos, loraRank, seed } = settings;
    const limit = Math.min(maxLength, loaded.model.maxPositions);
    const pairs = encodePairs(dataset, tokenizer, { maxLength: limit, eos });
    const model =
      loraRank === 0 ? loaded.model : await addLora(loaded.model, { rank: loraRank, alpha: 2 * loraRank, seed });
    const reference = loraRank === 0 ? referenceModel(await cloneModel(model)) : withoutAdapter(model);
    const facts: SessionFacts = {
      parameters: sizeOf(model.weights),
      trainable: sizeOf(model.trainable()),
      pairs: pairs.length,
      cutRows: cutSummary(pairs).truncatedRows,
      notes: loaded.notes,
    };
    return sessionOf({ model, reference, tokenizer, pairs, source, settings, facts });
  } catch (error) {
    loaded.model.dispose();
    throw error;
  }
}

interface Parts {
  readonly model: LanguageModel;
  readonly reference: Reference;
  readonly tokenizer: ModelTokenizer;
  readonly pairs: readonly EncodedPair[];
  readonly source: ModelFiles;
  readonly settings: Settings;
  readonly facts: SessionFacts;
}

function sessionOf({ model, reference, tokenizer, pairs, source, settings, facts }: Parts): Session {
  const prompts = distinctPrompts(pairs, model.maxPositions - settings.sampleTokens);
  let current = model;
  return {
    facts,
    draw: async (when) => {
      const generations = await generate(current, prompts, {
        maxNewTokens: Math.min(settings.sampleTokens, current.maxPositions - 1),
        stopTokens: tokenizer.endTokenIds,
        seed: settings.seed,
        adapter: when === 'now',
      });
      return generations.map(({ prompt, tokens }) => {
        const before = prompts[prompt] ?? Int32Array.of();
        return {
          prompt: tokenizer.decode(before, { skipSpecialTokens: true }),
          text: tokenizer.decodeAfter(before, tokens, { skipSpecialTokens: true }),
        };
      });
    },
    train: ({ store, everySteps, resume, signal, onSaved }) =>
      train({
        ...{ model, reference, resume, signal, steps: settings.steps },
        method: methodNamed('dpo', { beta: settings.beta }),
        optimizer: adamw(),
        learningRate: learningRates({ ...settings, warmupSteps: Math.min(3, settings.steps - 1) }),
        batches: offlineBatches(pairs, { ...settings, batchSize: Math.min(settings.batchSize, pairs.length) }),
        checkpoints: { store, everySteps, keep: 2, onSaved: (_, { step }) => onSaved?.(step) },
      }),
    adapterFiles: () => adapterContents(model, { source }),
    async mergedFiles() {
      current = await mergeAdapter(current);
      return modelContents(current, { source });
    },
    dispose: () => current.dispose(),
  };
}

/** The first few prompts that differ, without the beginnings that leave no room for a sample. */
function distinctPrompts(pairs: readonly EncodedPair[], room: number): Int32Array[] {
  const prompts = new Map(pairs.map(({ prompt }) => [prompt.join(), prompt.slice(-Math.max(1, room))]));
  return [...prompts.values()].slice(0, PROMPTS);
}

function sizeOf(weights: ReadonlyMap<string, { readonly shape: readonly number[] }>): number {
  return [...weights.values()].reduce((sum, { shape }) => sum + shape.reduce((product, size) => product * size, 1), 0);
}
