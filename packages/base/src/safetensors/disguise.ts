import type { ByteFile } from '../bytes/byte-file.js';
import { DpoError } from '../error.js';
import { DISGUISE_START, disguiseOf } from '../files/disguise.js';

/**
 * Refuses a file under the name of weights that is something else.
 * @throws DpoError `model.lfs-pointer` for Git's pointer to a large file that was not fetched, `model.pickle` for a file of PyTorch
 */
export async function checkDisguise(file: ByteFile): Promise<void> {
  const disguise = disguiseOf(await file.read(0, Math.min(file.size, DISGUISE_START)));
  if (disguise === undefined) return;
  if (disguise === 'lfs-pointer')
    throw new DpoError(
      'model.lfs-pointer',
      `${file.path} is only Git's pointer to a large file that was not fetched.`,
      {
        values: { path: file.path, size: file.size },
        hint: 'Run `git lfs pull` in its folder, or fetch the file from the hub.',
      },
    );
  // PyTorch's zip archives hold pickles.
  throw new DpoError('model.pickle', `${file.path} is a file that PyTorch pickled, whatever its name says.`, {
    values: { path: file.path },
    hint: 'Pickles run code when they are opened, so they are not read. Convert the file in Python with safetensors.torch.save_file.',
  });
}
