import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { removeOwn, writeFileAtomic, writeFolderAtomic } from '@dpo/base/files';
import { openSafetensors, type Safetensors, writeSafetensors } from '@dpo/base/safetensors';
import type { FolderCheckpoints } from './checkpoint.js';
import { type CheckpointState, trainerFiles } from './checkpoint-state.js';
import type { CheckpointStore, OpenCheckpoint, TensorToSave } from './checkpoint-store.js';
import { listCheckpoints } from './list-checkpoints.js';
import { readCheckpointState } from './read-checkpoint-state.js';
import { digestFiles } from './whole-checkpoints.js';

/**
 * A store of checkpoints as folders `checkpoint-N` in a run's folder. Each folder is written beside its place and renamed into
 * the place. A checkpoint's name is its folder's path. `saveModel` writes the model's weights, so that other programs read a
 * checkpoint as a model.
 */
export function folderStore({ folder, saveModel }: FolderCheckpoints): CheckpointStore {
  return {
    async save({ state, parts }) {
      const path = join(folder, `checkpoint-${state.step}`);
      await writeFolderAtomic(path, 'checkpoint', async (temporary) => {
        await saveModel(temporary);
        await writeTensors(join(temporary, trainerFiles.optimizer), parts.optimizer);
        for (const part of ['reference', 'method'] as const)
          if (parts[part].length > 0) await writeTensors(join(temporary, trainerFiles[part]), parts[part]);
        const whole: CheckpointState = { ...state, files: await digestFiles(temporary) };
        await writeFileAtomic(join(temporary, trainerFiles.state), (file) =>
          writeFile(file, `${JSON.stringify(whole, null, 2)}\n`),
        );
      });
      return path;
    },
    list: async () => (await listCheckpoints(folder)).map(({ path, step }) => ({ name: path, step })),
    open: openFolder,
    remove: async (name) => void (await removeOwn(name)),
  };
}

/**
 * Opens the checkpoint in a folder, wherever the folder is.
 *
 * @throws DpoError `checkpoint.unreadable` when the folder holds no checkpoint that can be read
 */
export async function openFolder(path: string): Promise<OpenCheckpoint> {
  const files: Safetensors[] = [];
  return {
    name: path,
    state: await readCheckpointState(path),
    async tensors(part) {
      const file = await openSafetensors(part === 'model' ? path : join(path, trainerFiles[part]));
      files.push(file);
      return { shape: (name) => file.tensors.get(name)?.shape, read: (name) => file.read(name) };
    },
    async close() {
      for (const file of files) await file.close();
    },
  };
}

async function writeTensors(file: string, tensors: readonly TensorToSave[]): Promise<void> {
  await writeSafetensors(
    file,
    tensors.map(({ name, shape, read }) => ({ name, shape, dtype: 'float32' as const, data: read })),
  );
}
