export { type Batches, type BatchOptions, batches } from './packing/batches.js';
export { groupSize, type PackedShape } from './packing/lay-out.js';
export { type PackOptions, pack, packLength } from './packing/pack.js';
export { type PackedValues, packedValues } from './packing/packed-values.js';
export {
  type PackedPart,
  type PackingPlan,
  type PlanOptions,
  planPacking,
  planPackingSteps,
} from './packing/plan-packing.js';
