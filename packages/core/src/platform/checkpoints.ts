export { restoreCheckpoint, saveCheckpoint } from '../checkpoint.js';
