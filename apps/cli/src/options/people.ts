import { z } from 'zod';

/** The options of `--judge human`. */
export const peopleOptions = {
  rater: z.array(z.string()).optional().describe('Who judges, with --judge human: a name, or several with commas'),
  planned: z.int().positive().optional().describe('Pairs that each rater is to judge, drawn by the seed [all]'),
  port: z.int().min(0).max(65535).default(0).describe('Port of the raters’ page [a free port]'),
};
