import type { PackedBatch } from '@dpo/base';
import { packedValues } from '@dpo/base/packing';
import * as tf from '@tensorflow/tfjs-core';
import { packedAttention } from '../blocks/packed-attention.js';
import type { LanguageModel, PackedInputs } from '../model/types.js';

/** A prompt and the answers that share it, in tokens. */
export interface Group {
  readonly prompt: readonly number[];
  readonly answers: readonly (readonly number[])[];
}

/**
 * The plainest packing: `perRow` groups to a packed row, one after the other, packed rows padded to the longest. It is slow and
 * obvious; `@dpo/base` has the real one.
 */
export function referencePacking(groups: readonly Group[], perRow = 1): PackedBatch {
  interface Cell {
    readonly id: number;
    readonly position: number;
    readonly group: number;
    readonly answer: number;
  }
  const packedRows: Cell[][] = [];
  const predictions: { packedRow: number; at: number; target: number; sequence: number }[] = [];
  let sequences = 0;
  groups.forEach(({ prompt, answers }, g) => {
    const number = g % perRow;
    if (number === 0) packedRows.push([]);
    const packedRow = packedRows.length - 1;
    const cells = packedRows[packedRow] as Cell[];
    prompt.forEach((id, position) => {
      cells.push({ id, position, group: number + 1, answer: 0 });
    });
    const lastOfPrompt = cells.length - 1;
    answers.forEach((answer, a) => {
      answer.forEach((id, i) => {
        const at = i === 0 ? lastOfPrompt : cells.length - 1;
        predictions.push({ packedRow, at, target: id, sequence: sequences });
        // The last token is a target only.
        if (i < answer.length - 1) cells.push({ id, position: prompt.length + i, group: number + 1, answer: a + 1 });
      });
      sequences++;
    });
  });
  const length = Math.max(...packedRows.map((cells) => cells.length));
  const grid = (pick: (cell: Cell) => number) =>
    Int32Array.from(packedRows.flatMap((cells) => Array.from({ length }, (_, t) => pick(cells[t] ?? padding))));
  const list = (pick: (entry: (typeof predictions)[number]) => number) => Int32Array.from(predictions.map(pick));
  const padding: Cell = { id: 0, position: 0, group: 0, answer: 0 };
  return {
    packedRows: packedRows.length,
    length,
    tokens: predictions.length,
    sequences,
    ids: grid(({ id }) => id),
    positions: grid(({ position }) => position),
    groupNumbers: grid(({ group }) => group),
    answerNumbers: grid(({ answer }) => answer),
    predictors: list(({ packedRow, at }) => packedRow * length + at),
    targets: list(({ target }) => target),
    sequence: list(({ sequence }) => sequence),
    lengths: Int32Array.from(groups.flatMap(({ answers }) => answers.map((answer) => answer.length))),
    fill: packedRows.flat().length / (packedRows.length * length),
  };
}

/** log π of each answer of each group, in nats. */
export async function scoreGroups(
  model: LanguageModel,
  groups: readonly Group[],
  options: { readonly perRow?: number; readonly adapter?: boolean } = {},
): Promise<number[][]> {
  const batch = referencePacking(groups, options.perRow);
  const score = model.engine.function<string, 'logps'>('score', (scope, inputs) => ({
    logps: model.sequenceLogps(
      (name) => scope.read(model.variable(name)),
      { ...(inputs as unknown as Omit<PackedInputs, 'sequences'>), sequences: batch.sequences },
      { adapter: options.adapter },
    ),
  }));
  const { logps } = await score(packedValues(batch));
  score.dispose();
  let at = 0;
  return groups.map(({ answers }) => answers.map(() => logps.data[at++] as number));
}

/** The logits at every position of one text, [T, V] row-major. */
export async function tokenLogits(
  model: LanguageModel,
  ids: readonly number[],
  options: { readonly adapter?: boolean } = {},
): Promise<Float32Array> {
  const run = model.engine.function<'ids' | 'positions' | 'ones', 'logits'>('logits', (scope, inputs) => {
    const params = (name: string) => scope.read(model.variable(name));
    const { ids, positions, ones } = inputs as Record<'ids' | 'positions' | 'ones', tf.Tensor2D>;
    const attend = packedAttention({ groupNumbers: ones, answerNumbers: tf.zerosLike(ones), positions });
    const states = model.hidden(params, { ids, positions }, attend, options);
    return { logits: model.logits(params, states, options) };
  });
  const grid = (data: Int32Array) => ({ dtype: 'int32' as const, shape: [1, ids.length], data });
  const { logits } = await run({
    ids: grid(Int32Array.from(ids)),
    positions: grid(Int32Array.from(ids.keys())),
    ones: grid(new Int32Array(ids.length).fill(1)),
  });
  run.dispose();
  return logits.data as Float32Array;
}
