import { z } from 'zod';

/** The schema of a text that ends answers, in which `\n` stands for a line break. */
export const stopSchema = z
  .string()
  .min(1)
  .transform((text) => text.replaceAll('\\n', '\n'))
  .optional();
