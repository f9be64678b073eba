import { DpoError } from '../error.js';
import type { ByteFile } from '../files/byte-file.js';

/**
 * Throws where a file of weights is something else under their name: `model.lfs-pointer` for the note that Git leaves
 * where a large file was not fetched, `model.pickle` for what PyTorch writes.
 */
export async function checkDisguise(file: ByteFile): Promise<void> {
  const start = await file.read(0, Math.min(file.size, 24));
  const text = new TextDecoder('latin1').decode(start);
  if (text.startsWith('version https://git-lfs'))
    throw new DpoError('model.lfs-pointer', `${file.path} is only Git's note of a large file that was not fetched.`, {
      values: { path: file.path, size: file.size },
      hint: 'Run `git lfs pull` in its folder, or fetch the file from the hub.',
    });
  // A zip archive with pickles, or a pickle of protocol 2 to 5. In safetensors, where the header's length comes first,
  // its eighth byte is 0 always.
  const [first = 0, second = 0] = start;
  const zip = text.startsWith('PK') && start[2] === 3 && start[3] === 4;
  if (zip || (first === 0x80 && second >= 2 && second <= 5 && (start[7] ?? 0) !== 0))
    throw new DpoError('model.pickle', `${file.path} is a file that PyTorch pickled, whatever its name says.`, {
      values: { path: file.path },
      hint: 'Pickles run code when they are opened, so they are not read. Convert it in Python with safetensors.torch.save_file.',
    });
}
