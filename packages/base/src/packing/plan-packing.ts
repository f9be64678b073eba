import { atOnce } from '../in-pieces.js';
import type { PromptGroup } from '../vocabulary/examples.js';
import type { PackedBatch } from '../vocabulary/packed-batch.js';
import { bucket, bucketsBetween } from './buckets.js';
import { type FilledRow, fillRows } from './fill-rows.js';
import { answerTokens, groupSize, layOut, type PackedShape } from './lay-out.js';
import { positionCost, TOKENS_UNIT } from './pack.js';

/** The options of {@link planPacking}. */
export interface PlanOptions {
  /** The largest number of positions of a micro-batch, except that a single packed row may be longer. Default 2048. */
  readonly positions?: number | undefined;
  /** Divides every step into so many micro-batches of equally many groups, instead of dividing by positions. */
  readonly microBatches?: number | undefined;
  /** The number of steps of the run. In a long run more shapes are worth their compilation. Default the number of `batches`. */
  readonly steps?: number | undefined;
}

/** A packed micro-batch. */
export interface PackedPart {
  /** The indices of the micro-batch's groups in the step, in the order of the packed batch. */
  readonly indices: readonly number[];
  readonly batch: PackedBatch;
}

/** How the batches of a run are divided and packed. */
export interface PackingPlan {
  /**
   * The micro-batches of a step. Every group is in one micro-batch, and all groups of a micro-batch have the same number of answers.
   * A micro-batch is packed into the smallest shape of the plan that holds it, or into a shape of its own when none does.
   */
  pack(groups: readonly PromptGroup[]): PackedPart[];
  /** The shapes of the plan: B packed rows of T positions, R targets. */
  readonly shapes: readonly PackedShape[];
}

/** The largest number of lengths of packed rows in a plan. */
const LENGTHS = 3;
/** The cost of compiling one more shape, in computed positions: some seconds for a model of 100 million parameters. */
const COMPILATION = 800;
/** The cost of a micro-batch besides its positions, in positions: the gradients of all weights are added up. */
const MICRO_BATCH = 64;
/** The length of a packed row is a multiple of the processor's vector. */
const VECTOR = 4;
const DEFAULT_POSITIONS = 2048;
/** The lengths of packed rows for a plan without batches. */
const DEFAULT_LENGTHS = [64, 128, 256, 512, 1024, 2048, 4096];

/**
 * A plan for a run whose batches differ in length. It has few shapes, since each shape is traced and compiled once, and little
 * padding.
 *
 * The plan chooses up to three lengths of packed rows, with the least cost of all batches. Each group, the longest first, goes to the
 * first packed row with room, and a new packed row has the smallest length that holds the group. Packed rows of one length form
 * micro-batches of up to `positions`. Numbers of packed rows are rounded up to the numbers of few shapes, unless the padding would
 * cost more than compiling another shape. The result depends on the groups alone, so that a resumed run packs as the run before.
 *
 * @param batches the groups of each step, or of the first few hundred steps of a long run
 */
export function planPacking(batches: readonly (readonly PromptGroup[])[], options: PlanOptions = {}): PackingPlan {
  return atOnce(planPackingSteps(batches, options));
}

/** The same plan in steps, for `inPieces`: the plan of a long run with large batches takes seconds. */
export function* planPackingSteps(
  batches: readonly (readonly PromptGroup[])[],
  options: PlanOptions = {},
): Generator<undefined, PackingPlan> {
  const { positions = DEFAULT_POSITIONS, microBatches } = options;
  const run = (options.steps ?? batches.length) / Math.max(1, batches.length);
  const parts = batches.flatMap(byAnswers);
  const sizes = parts.map(({ groups }) => groups.map(groupSize));
  const longest = sizes.flat().reduce((a, b) => Math.max(a, b), 1);
  const exact = run <= 1;
  const layout = (stepSizes: readonly number[], lengths: readonly number[]) =>
    microBatches === undefined ? byPositions(stepSizes, lengths, positions) : byCount(stepSizes, lengths, microBatches);

  const lengths =
    batches.length === 0 ? DEFAULT_LENGTHS : yield* chooseLengths(sizes, { longest, exact, positions }, layout);
  const microBatchParts = yield* layoutAll(sizes, (stepSizes, i) =>
    layout(stepSizes, lengths).map((part) => ({
      ...part,
      tokens: part.indices.reduce((sum, g) => sum + answerTokens(parts[i]?.groups[g] as PromptGroup), 0),
    })),
  );
  const shapes = chooseShapes(microBatchParts, run).sort((a, b) => shapeCost(a) - shapeCost(b));
  return {
    shapes,
    pack: (groups) =>
      byAnswers(groups).flatMap((same) =>
        layout(same.groups.map(groupSize), lengths).map((part) => ({
          indices: part.indices.map((g) => same.indices[g] as number),
          batch: packPart(same.groups, part, shapes),
        })),
      ),
  };
}

/** Groups with the same number of answers, and their indices in the step. */
interface SameAnswers {
  readonly groups: readonly PromptGroup[];
  readonly indices: readonly number[];
}

function byAnswers(groups: readonly PromptGroup[]): SameAnswers[] {
  const indices = new Map<number, number[]>();
  groups.forEach(({ answers }, g) => {
    const same = indices.get(answers.length) ?? [];
    same.push(g);
    indices.set(answers.length, same);
  });
  return [...indices.values()].map((same) => ({ indices: same, groups: same.map((g) => groups[g] as PromptGroup) }));
}

/** Lays a micro-batch out in the smallest shape of its length that holds it, or in a shape of its own. */
function packPart(groups: readonly PromptGroup[], part: Part, shapes: readonly PackedShape[]): PackedBatch {
  const own = part.indices.map((g) => groups[g] as PromptGroup);
  const tokens = own.reduce((sum, group) => sum + answerTokens(group), 0);
  const shape = shapes.find(
    (each) => each.length === part.length && part.inRows.length <= each.packedRows && tokens <= each.tokens,
  );
  const places = new Map(part.indices.map((g, place) => [g, place]));
  return layOut(
    own,
    part.inRows.map((row) => row.map((g) => places.get(g) as number)),
    shape ?? { packedRows: bucket(part.inRows.length, 1), length: part.length, tokens: bucket(tokens, TOKENS_UNIT) },
  );
}

/** A micro-batch: packed rows of one length. */
interface Part {
  readonly length: number;
  /** B. */
  readonly packedRows: number;
  /** The positions in use of the fullest packed row. */
  readonly fullest: number;
  /** The indices of all groups, in the order of the step, which records have too. */
  readonly indices: readonly number[];
  /** The indices of the groups of each packed row. */
  readonly inRows: readonly (readonly number[])[];
}

/** Micro-batches of packed rows of one length, with up to `positions` positions, of even sizes. */
function byPositions(sizes: readonly number[], lengths: readonly number[], positions: number): Part[] {
  const rows = fillRows(sizes, lengths);
  return [...new Set(rows.map(({ length }) => length))].flatMap((length) => {
    const same = rows.filter((row) => row.length === length);
    const count = Math.ceil(same.length / Math.max(1, Math.floor(positions / length)));
    return Array.from({ length: count }, (_, i) => {
      const from = Math.ceil((i * same.length) / count);
      return partOf(length, same.slice(from, Math.ceil(((i + 1) * same.length) / count)));
    });
  });
}

/** `count` micro-batches of equally many groups, in the order of the step, each with the length of the least cost. */
function byCount(sizes: readonly number[], lengths: readonly number[], count: number): Part[] {
  const parts = Math.min(count, sizes.length);
  const [least, remainder] = [Math.floor(sizes.length / parts), sizes.length % parts];
  return Array.from({ length: parts }, (_, i) => {
    const from = i * least + Math.min(i, remainder);
    const partSizes = sizes.slice(from, from + least + (i < remainder ? 1 : 0));
    const longest = partSizes.reduce((a, b) => Math.max(a, b), 0);
    const candidates = lengths.filter((length) => length >= longest);
    const attempts = (candidates.length > 0 ? candidates : [longest]).map((length) =>
      partOf(length, fillRows(partSizes, [length])),
    );
    const best = attempts.reduce((a, b) => (shapeCost(b) < shapeCost(a) ? b : a));
    const shift = (indices: readonly number[]) => indices.map((g) => g + from);
    return { ...best, indices: shift(best.indices), inRows: best.inRows.map(shift) };
  });
}

function partOf(length: number, rows: readonly FilledRow[]): Part {
  return {
    length,
    packedRows: rows.length,
    fullest: rows.reduce((most, row) => Math.max(most, row.usedPositions), 0),
    indices: rows.flatMap(({ indices }) => indices).sort((a, b) => a - b),
    inRows: rows.map(({ indices }) => indices),
  };
}

/** The results of all batches, one batch at each step. */
function* layoutAll<Result>(
  sizes: readonly (readonly number[])[],
  layout: (stepSizes: readonly number[], step: number) => readonly Result[],
): Generator<undefined, Result[]> {
  const parts: Result[] = [];
  for (const [step, stepSizes] of sizes.entries()) {
    parts.push(...layout(stepSizes, step));
    yield;
  }
  return parts;
}

/** Adds lengths of packed rows while a length saves more than its compilation costs. One length always holds the longest group. */
function* chooseLengths(
  sizes: readonly (readonly number[])[],
  { longest, exact, positions }: { readonly longest: number; readonly exact: boolean; readonly positions: number },
  layout: (sizes: readonly number[], lengths: readonly number[]) => readonly Part[],
): Generator<undefined, number[]> {
  const total = sizes.reduce(
    (most, stepSizes) =>
      Math.max(
        most,
        stepSizes.reduce((a, b) => a + b, 0),
      ),
    longest,
  );
  const all = sizes.flat().sort((a, b) => a - b);
  const median = all[Math.floor(all.length / 2)] ?? longest;
  const candidates = bucketsBetween(median, Math.max(longest, Math.min(total, 1024, positions)), 16);
  /** When the plan has all batches of the run, the lengths are cut to the fullest packed rows. */
  const tight = function* (lengths: readonly number[]) {
    const parts = yield* layoutAll(sizes, (stepSizes) => layout(stepSizes, lengths));
    if (!exact) return { lengths: [...lengths], parts };
    const ends = lengths.map((length) => {
      const fullest = parts.reduce((most, part) => (part.length === length ? Math.max(most, part.fullest) : most), 0);
      return Math.ceil(fullest / VECTOR) * VECTOR;
    });
    const tightLengths = [...new Set(ends.filter((end) => end > 0))].sort((a, b) => a - b);
    return { lengths: tightLengths, parts: yield* layoutAll(sizes, (stepSizes) => layout(stepSizes, tightLengths)) };
  };
  const cost = (parts: readonly Part[]) => parts.reduce((sum, part) => sum + shapeCost(part) + MICRO_BATCH, 0);
  const best = function* (base: readonly number[]): Generator<undefined, LengthChoice | undefined> {
    let chosen: LengthChoice | undefined;
    for (const length of candidates) {
      if (base.includes(length) || (base.length === 0 && length < longest)) continue;
      const attempt = yield* tight([...base, length].sort((a, b) => a - b));
      const choice = { base: [...base, length], lengths: attempt.lengths, cost: cost(attempt.parts) };
      if (chosen === undefined || choice.cost < chosen.cost) chosen = choice;
    }
    return chosen;
  };
  let chosen = yield* best([]);
  for (let i = 1; i < LENGTHS && chosen !== undefined; i++) {
    const next = yield* best(chosen.base);
    if (next === undefined || chosen.cost - next.cost < Math.max(COMPILATION, 0.03 * chosen.cost)) break;
    chosen = next;
  }
  return chosen?.lengths ?? [longest];
}

/** A choice of lengths of packed rows. */
interface LengthChoice {
  /** The lengths before they are cut to the fullest packed rows. */
  readonly base: readonly number[];
  readonly lengths: number[];
  /** The cost of all batches, in positions. */
  readonly cost: number;
}

/** Shapes for all micro-batches: for each length the numbers of packed rows that are worth their compilation. */
function chooseShapes(parts: readonly (Part & { readonly tokens: number })[], run: number): PackedShape[] {
  return [...groupByLength(parts)].flatMap(([length, same]) => {
    const counts = [...new Set(same.map(({ packedRows }) => packedRows))].sort((a, b) => a - b);
    const padding = (allowed: readonly number[]) =>
      same.reduce((sum, { packedRows }) => sum + positionCost(atLeast(allowed, packedRows) - packedRows, length), 0) *
      run;
    let allowed = counts.slice(-1);
    for (;;) {
      const attempts = counts
        .filter((count) => !allowed.includes(count))
        .map((count) => [...allowed, count].sort((a, b) => a - b));
      const next = attempts.reduce<number[] | undefined>(
        (a, b) => (a === undefined || padding(b) < padding(a) ? b : a),
        undefined,
      );
      if (next === undefined || padding(allowed) - padding(next) < COMPILATION) break;
      allowed = next;
    }
    return allowed.map((packedRows) => {
      const partsOfShape = same.filter((part) => atLeast(allowed, part.packedRows) === packedRows);
      const tokens = partsOfShape.reduce((most, part) => Math.max(most, part.tokens), 1);
      return { packedRows, length, tokens: Math.ceil(tokens / TOKENS_UNIT) * TOKENS_UNIT };
    });
  });
}

function groupByLength<P extends { readonly length: number }>(parts: readonly P[]): Map<number, P[]> {
  const groups = new Map<number, P[]>();
  for (const part of parts) {
    const same = groups.get(part.length) ?? [];
    same.push(part);
    groups.set(part.length, same);
  }
  return groups;
}

function atLeast(allowed: readonly number[], packedRows: number): number {
  return allowed.find((count) => count >= packedRows) ?? packedRows;
}

function shapeCost({ packedRows, length }: Pick<PackedShape, 'packedRows' | 'length'>): number {
  return positionCost(packedRows, length);
}
