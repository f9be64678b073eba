export * from './browser.js';
export { trainerFiles } from './checkpoint-state.js';
export { type ListedCheckpoint, latestCheckpoint, listCheckpoints } from './list-checkpoints.js';
export { readCheckpointState } from './read-checkpoint-state.js';
export { type MetricsFile, openMetrics, readMetrics, type StoredRecord, writeRunConfig } from './run-files.js';
export { openTensorBoard, type TensorBoardFile } from './tensorboard.js';
export {
  checkCheckpoint,
  type FoundCheckpoints,
  findWholeCheckpoint,
  type TornCheckpoint,
  type WholeCheckpoint,
} from './whole-checkpoints.js';
