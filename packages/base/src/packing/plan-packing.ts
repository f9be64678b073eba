import { atOnce } from '../in-pieces.js';
import type { PromptGroup } from '../vocabulary/examples.js';
import type { PackedBatch } from '../vocabulary/packed-batch.js';
import { bucket, bucketsBetween } from './buckets.js';
import { type FilledRow, fillRows } from './fill-rows.js';
import { answerTokens, groupSize, layOut, type PackedShape } from './lay-out.js';
import { positionCost, TOKENS_UNIT } from './pack.js';

/** What {@link planPacking} is told of a run. */
export interface PlanOptions {
  /** Positions that a micro-batch may have; one row may have more. Default 2048. */
  readonly positions?: number | undefined;
  /** Divides every step into so many micro-batches of equally many groups, whatever positions they have. Default: by positions. */
  readonly microBatches?: number | undefined;
  /** How many steps the run has: more shapes are worth their compilation in a long one. Default: those that are given. */
  readonly steps?: number | undefined;
}

/** A micro-batch, packed. */
export interface PackedPart {
  /** The indices of the micro-batch's groups in the step, in the batch's order. */
  readonly indices: readonly number[];
  readonly batch: PackedBatch;
}

/** How the batches of a run are divided and packed. */
export interface PackingPlan {
  /**
   * The micro-batches of a step; every group is in one of them. Each is packed into the smallest shape of the plan that holds
   * it; what holds no shape gets one of its own. Groups of one micro-batch have equally many answers.
   */
  pack(groups: readonly PromptGroup[]): PackedPart[];
  /** The shapes: B rows of T positions, R predicted tokens. */
  readonly shapes: readonly PackedShape[];
}

/** Row lengths that a plan may have. */
const LENGTHS = 3;
/** What compiling one more shape costs, in positions that are computed: some seconds for a model of 100 million parameters. */
const COMPILATION = 800;
/** What a micro-batch costs besides its positions, in positions: gradients of all weights are added up. */
const MICRO_BATCH = 64;
/** Rows are as long as whole vectors of the processor. */
const VECTOR = 4;
const DEFAULT_POSITIONS = 2048;
/** Row lengths where no batch is known before it is packed. */
const UNKNOWN = [64, 128, 256, 512, 1024, 2048, 4096];

/**
 * A plan for a run whose batches differ in length: few shapes, as each is traced and compiled once, and little padding.
 *
 * Row lengths are chosen, up to three, so that all batches together cost least; each group goes to the first row with
 * room for it, longest first, a new row being of the smallest length that holds it. Rows of one length fill micro-batches of
 * up to `positions`. Numbers of rows are rounded up to those of few shapes, unless the padding would cost more than compiling
 * another. Everything is a function of the groups, so that a resumed run divides and packs as the run before.
 *
 * @param batches the groups of each step, of the first few hundred steps for a long run; with equally many answers each
 */
export function planPacking(batches: readonly (readonly PromptGroup[])[], options: PlanOptions = {}): PackingPlan {
  return atOnce(planPackingSteps(batches, options));
}

/** The same plan in steps, which `inPieces` does with pauses: that of a long run with large batches takes seconds. */
export function* planPackingSteps(
  batches: readonly (readonly PromptGroup[])[],
  options: PlanOptions = {},
): Generator<undefined, PackingPlan> {
  const { positions = DEFAULT_POSITIONS, microBatches } = options;
  const run = (options.steps ?? batches.length) / Math.max(1, batches.length);
  const parts = batches.flatMap(byAnswers);
  const sizes = parts.map(({ groups }) => groups.map(groupSize));
  const longest = sizes.flat().reduce((a, b) => Math.max(a, b), 1);
  const whole = run <= 1;
  const layout = (given: readonly number[], lengths: readonly number[]) =>
    microBatches === undefined ? byPositions(given, lengths, positions) : inTurn(given, lengths, microBatches);

  const lengths = batches.length === 0 ? UNKNOWN : yield* chooseLengths(sizes, { longest, whole, positions }, layout);
  const planned = yield* layoutAll(sizes, (given, i) =>
    layout(given, lengths).map((part) => ({
      ...part,
      tokens: part.indices.reduce((sum, g) => sum + answerTokens(parts[i]?.groups[g] as PromptGroup), 0),
    })),
  );
  const shapes = chooseShapes(planned, run).sort((a, b) => shapeCost(a) - shapeCost(b));
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

/** Groups with equally many answers, and their indices in the step. */
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

/** Lays a micro-batch out in the smallest shape of its length that holds it, else in one of its own. */
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
  /** Positions of the fullest row. */
  readonly used: number;
  /** The indices of all groups, in the order of the step, so that the records are. */
  readonly indices: readonly number[];
  /** The indices of the groups of each packed row. */
  readonly inRows: readonly (readonly number[])[];
}

/** Micro-batches of rows of one length, as many rows as there may be positions, spread evenly. */
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

/** Micro-batches of equally many groups in the order given, the longer ones first, each of the length that costs least. */
function inTurn(sizes: readonly number[], lengths: readonly number[], count: number): Part[] {
  const parts = Math.min(count, sizes.length);
  const [short, longer] = [Math.floor(sizes.length / parts), sizes.length % parts];
  return Array.from({ length: parts }, (_, i) => {
    const from = i * short + Math.min(i, longer);
    const given = sizes.slice(from, from + short + (i < longer ? 1 : 0));
    const most = given.reduce((a, b) => Math.max(a, b), 0);
    const able = lengths.filter((length) => length >= most);
    const tried = (able.length > 0 ? able : [most]).map((length) => partOf(length, fillRows(given, [length])));
    const best = tried.reduce((a, b) => (shapeCost(b) < shapeCost(a) ? b : a));
    const moved = (indices: readonly number[]) => indices.map((g) => g + from);
    return { ...best, indices: moved(best.indices), inRows: best.inRows.map(moved) };
  });
}

function partOf(length: number, rows: readonly FilledRow[]): Part {
  return {
    length,
    packedRows: rows.length,
    used: rows.reduce((most, row) => Math.max(most, row.used), 0),
    indices: rows.flatMap(({ indices }) => indices).sort((a, b) => a - b),
    inRows: rows.map(({ indices }) => indices),
  };
}

/** The parts of all batches, one batch a step. */
function* layoutAll<Laid>(
  sizes: readonly (readonly number[])[],
  layout: (given: readonly number[], step: number) => readonly Laid[],
): Generator<undefined, Laid[]> {
  const parts: Laid[] = [];
  for (const [step, given] of sizes.entries()) {
    parts.push(...layout(given, step));
    yield;
  }
  return parts;
}

/** Adds row lengths while they save more than compiling for them costs. The longest group always has one. */
function* chooseLengths(
  sizes: readonly (readonly number[])[],
  { longest, whole, positions }: { readonly longest: number; readonly whole: boolean; readonly positions: number },
  layout: (sizes: readonly number[], lengths: readonly number[]) => readonly Part[],
): Generator<undefined, number[]> {
  const total = sizes.reduce(
    (most, given) =>
      Math.max(
        most,
        given.reduce((a, b) => a + b, 0),
      ),
    longest,
  );
  const all = sizes.flat().sort((a, b) => a - b);
  const median = all[Math.floor(all.length / 2)] ?? longest;
  const candidates = bucketsBetween(median, Math.max(longest, Math.min(total, 1024, positions)), 16);
  /** Where all batches are known, rows end where the fullest of them ends. */
  const tight = function* (lengths: readonly number[]) {
    const parts = yield* layoutAll(sizes, (given) => layout(given, lengths));
    if (!whole) return { lengths: [...lengths], parts };
    const ends = lengths.map((length) => {
      const used = parts.reduce((most, part) => (part.length === length ? Math.max(most, part.used) : most), 0);
      return Math.ceil(used / VECTOR) * VECTOR;
    });
    const tightLengths = [...new Set(ends.filter((end) => end > 0))].sort((a, b) => a - b);
    return { lengths: tightLengths, parts: yield* layoutAll(sizes, (given) => layout(given, tightLengths)) };
  };
  const cost = (parts: readonly Part[]) => parts.reduce((sum, part) => sum + shapeCost(part) + MICRO_BATCH, 0);
  const best = function* (base: readonly number[]): Generator<undefined, ChosenLengths | undefined> {
    let chosen: ChosenLengths | undefined;
    for (const length of candidates) {
      if (base.includes(length) || (base.length === 0 && length < longest)) continue;
      const tried = yield* tight([...base, length].sort((a, b) => a - b));
      const of = { base: [...base, length], lengths: tried.lengths, cost: cost(tried.parts) };
      if (chosen === undefined || of.cost < chosen.cost) chosen = of;
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

/** Row lengths: what they were chosen from, what they are, and what all batches cost with them, in positions. */
interface ChosenLengths {
  readonly base: readonly number[];
  readonly lengths: number[];
  readonly cost: number;
}

/** Shapes for all micro-batches: of each length the numbers of rows that are worth their compilation. */
function chooseShapes(parts: readonly (Part & { readonly tokens: number })[], run: number): PackedShape[] {
  return [...groupByLength(parts)].flatMap(([length, same]) => {
    const counts = [...new Set(same.map(({ packedRows }) => packedRows))].sort((a, b) => a - b);
    const padding = (allowed: readonly number[]) =>
      same.reduce((sum, { packedRows }) => sum + positionCost(atLeast(allowed, packedRows) - packedRows, length), 0) *
      run;
    let allowed = counts.slice(-1);
    for (;;) {
      const tried = counts
        .filter((count) => !allowed.includes(count))
        .map((count) => [...allowed, count].sort((a, b) => a - b));
      const next = tried.reduce<number[] | undefined>(
        (a, b) => (a === undefined || padding(b) < padding(a) ? b : a),
        undefined,
      );
      if (next === undefined || padding(allowed) - padding(next) < COMPILATION) break;
      allowed = next;
    }
    return allowed.map((packedRows) => {
      const held = same.filter((part) => atLeast(allowed, part.packedRows) === packedRows);
      const tokens = held.reduce((most, part) => Math.max(most, part.tokens), 1);
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
