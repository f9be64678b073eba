import { z } from 'zod';
import { option } from './option.js';

/** The option that says what happens to rows that cannot be used. */
export const onErrorOption = option(
  z.enum(['stop', 'skip']).default('stop'),
  'What to do with rows that cannot be used',
  { onResume: 'free' },
);
