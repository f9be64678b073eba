import { DpoError } from '../error.js';
import type { ByteFile } from '../files/byte-file.js';
import { DISGUISE_START, disguiseOf } from '../files/disguise.js';

/**
 * Throws where a file of weights is something else under their name: `model.lfs-pointer` for the note that Git leaves
 * where a large file was not fetched, `model.pickle` for what PyTorch writes.
 */
export async function checkDisguise(file: ByteFile): Promise<void> {
  const found = disguiseOf(await file.read(0, Math.min(file.size, DISGUISE_START)));
  if (found === undefined) return;
  if (found === 'lfs-pointer')
    throw new DpoError('model.lfs-pointer', `${file.path} is only Git's note of a large file that was not fetched.`, {
      values: { path: file.path, size: file.size },
      hint: 'Run `git lfs pull` in its folder, or fetch the file from the hub.',
    });
  // PyTorch's zip archives hold pickles.
  throw new DpoError('model.pickle', `${file.path} is a file that PyTorch pickled, whatever its name says.`, {
    values: { path: file.path },
    hint: 'Pickles run code when they are opened, so they are not read. Convert it in Python with safetensors.torch.save_file.',
  });
}
