import { atOnce, type PackedBatch, type PromptGroup } from '@dpo/base';
import { bucketsBetween } from './_buckets.js';
import { type FilledRow, fillRows } from './_first-fit.js';
import { groupSize, type PackOptions, pack, positionCost } from './pack.js';

/** What {@link planPacking} is told of a run. */
export interface PlanOptions {
  /** Positions that a micro-batch may have; one row may have more. Default 2048. */
  readonly positions?: number | undefined;
  /** Divides every step into so many micro-batches of equally many groups, whatever positions they have. */
  readonly microBatches?: number | undefined;
  /** How many steps the run has: more shapes are worth their compilation in a long one. Default: those that are given. */
  readonly steps?: number | undefined;
}

/** How the batches of a run are divided and packed. */
export interface PackingPlan {
  /** The micro-batches of a step, as numbers of its groups. Every group is in one of them. */
  divide(groups: readonly PromptGroup[]): number[][];
  /** Packs a micro-batch into the smallest shape of the plan that holds it; what holds no shape gets one of its own. */
  pack(groups: readonly PromptGroup[]): PackedBatch;
  /** The shapes: B rows of T positions, R predicted tokens. */
  readonly shapes: readonly Required<PackOptions>[];
}

/** Row lengths that a plan may have. */
const LENGTHS = 3;
/** What compiling one more shape costs, in positions that are computed: some seconds for a model of 100 million parameters. */
const COMPILATION = 800;
/** What a micro-batch costs besides its positions, in positions: gradients of all weights are added up. */
const MICRO_BATCH = 64;
/** Rows are as long as whole vectors of the processor. */
const VECTOR = 4;
const TOKENS_UNIT = 16;
const DEFAULT_POSITIONS = 2048;

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

/** The same plan in steps, which `inPieces` of `@dpo/base` does with pauses: that of a long run with large batches takes seconds. */
export function* planPackingSteps(
  batches: readonly (readonly PromptGroup[])[],
  options: PlanOptions = {},
): Generator<undefined, PackingPlan> {
  const { positions = DEFAULT_POSITIONS, microBatches = 1 } = options;
  const run = (options.steps ?? batches.length) / Math.max(1, batches.length);
  const sizes = batches.map((groups) => groups.map(groupSize));
  const longest = sizes.flat().reduce((a, b) => Math.max(a, b), 1);
  const whole = run <= 1;
  const layout = (given: readonly number[], lengths: readonly number[]) =>
    microBatches > 1 ? inTurn(given, lengths, microBatches) : byPositions(given, lengths, positions);

  const lengths = yield* chooseLengths(sizes, longest, whole, layout);
  const parts = yield* layoutAll(sizes, (given, step) =>
    layout(given, lengths).map((part) => ({
      ...part,
      tokens: part.groups.reduce((sum, g) => sum + answerTokens(batches[step]?.[g]), 0),
    })),
  );
  const shapes = chooseShapes(parts, run).sort((a, b) => shapeCost(a) - shapeCost(b));
  return {
    shapes,
    divide: (groups) => layout(groups.map(groupSize), lengths).map((part) => part.groups),
    pack(groups) {
      const given = groups.map(groupSize);
      const most = given.reduce((a, b) => Math.max(a, b), 0);
      const tokens = groups.reduce((sum, group) => sum + answerTokens(group), 0);
      const shape = shapes.find((each) => {
        if (most > each.length || tokens > each.tokens) return false;
        return fillRows(given, [each.length]).length <= each.rows;
      });
      if (shape !== undefined) return pack(groups, shape);
      const length = lengths.find((each) => each >= most);
      return pack(groups, length === undefined ? {} : { length });
    },
  };
}

/** A micro-batch: B rows of one length. */
interface Part {
  readonly length: number;
  readonly rows: number;
  /** Positions of the fullest row. */
  readonly used: number;
  readonly groups: number[];
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
    return { ...best, groups: best.groups.map((g) => g + from) };
  });
}

function partOf(length: number, rows: readonly FilledRow[]): Part {
  return {
    length,
    rows: rows.length,
    used: rows.reduce((most, row) => Math.max(most, row.used), 0),
    // In the order of the step, so that the records are.
    groups: rows.flatMap(({ groups }) => groups).sort((a, b) => a - b),
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
  longest: number,
  whole: boolean,
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
  const candidates = bucketsBetween(median, Math.max(longest, Math.min(total, 1024)), 16);
  /** Where all batches are known, rows end where the fullest of them ends. */
  const tight = function* (lengths: readonly number[]) {
    const parts = yield* layoutAll(sizes, (given) => layout(given, lengths));
    if (!whole) return { lengths: [...lengths], parts };
    const ends = lengths.map((length) => {
      const used = parts.reduce((most, part) => (part.length === length ? Math.max(most, part.used) : most), 0);
      return Math.ceil(used / VECTOR) * VECTOR;
    });
    const kept = [...new Set(ends.filter((end) => end > 0))].sort((a, b) => a - b);
    return { lengths: kept, parts: yield* layoutAll(sizes, (given) => layout(given, kept)) };
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
function chooseShapes(
  parts: readonly (Part & { readonly tokens: number })[],
  run: number,
): { rows: number; length: number; tokens: number }[] {
  return [...groupByLength(parts)].flatMap(([length, same]) => {
    const counts = [...new Set(same.map(({ rows }) => rows))].sort((a, b) => a - b);
    const padding = (allowed: readonly number[]) =>
      same.reduce((sum, { rows }) => sum + positionCost(atLeast(allowed, rows) - rows, length), 0) * run;
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
    return allowed.map((rows) => {
      const held = same.filter((part) => atLeast(allowed, part.rows) === rows);
      const tokens = held.reduce((most, part) => Math.max(most, part.tokens), 1);
      return { rows, length, tokens: Math.ceil(tokens / TOKENS_UNIT) * TOKENS_UNIT };
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

function atLeast(allowed: readonly number[], rows: number): number {
  return allowed.find((count) => count >= rows) ?? rows;
}

function shapeCost({ rows, length }: { readonly rows: number; readonly length: number }): number {
  return positionCost(rows, length);
}

function answerTokens(group: PromptGroup | undefined): number {
  return group?.answers.reduce((sum, { length }) => sum + length, 0) ?? 0;
}
