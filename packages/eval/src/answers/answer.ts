import { createHash } from 'node:crypto';
import type { Text } from '@dpo/data';

/** An answer to a prompt, from wherever it came. */
export interface Answer {
  readonly prompt: Text;
  readonly text: string;
  /** The prompt's name, when the file gives a name. */
  readonly promptId?: string | undefined;
  /** The temperature at which the answer was drawn. */
  readonly temperature?: number | undefined;
}

/** The name of a prompt that its file does not name: the beginning of the SHA-256 of its text, 12 hexadecimal digits. */
export function promptName(prompt: Text): string {
  return createHash('sha256').update(JSON.stringify(prompt)).digest('hex').slice(0, 12);
}
