export { folderStore, openFolder } from '../folder-checkpoints.js';
