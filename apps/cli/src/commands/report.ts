import { join } from 'node:path';
import { DpoError } from '@dpo/base';
import { isThere } from '@dpo/base/files';
import { writeComparison, writeReport } from '@dpo/eval';
import { holdOutputs, place, USAGE } from '@dpo/run/command-line';
import { z } from 'zod';
import { defineCommand } from '../command/define.js';

const run = place('into-run').describe('The run folder, which gets the page unless --out names another place');
const out = place('output-file').describe(
  'The page, ending in .html, instead of report.html or comparison.html in RUN',
);

/** `dpo report`: the HTML report of a run, or a page that compares several runs. */
export const reportCommand = defineCommand({
  name: 'report',
  summary: 'Write the report of a run, or compare several runs on one page',
  positional: ['run', 'others'],
  options: z.strictObject({
    run,
    others: z.array(place('input')).default([]).describe('More run folders, to compare with the first'),
    out: out.optional(),
  }),
  details:
    'The page is one file that needs no network. The figures are written beside the page as CSV, and for a single win rate every\n' +
    'pair. A run is the folder of a training or of a win rate. Example: dpo report runs/a runs/b --out compared.html',
  guardsOutputs: true,
  run: async (options, context) => {
    const page = options.out;
    const outputs =
      page === undefined
        ? await holdOutputs({ name: 'report', options: z.object({ run }), positional: ['run'] }, options)
        : await holdPage(page);
    try {
      const folders = [options.run, ...options.others];
      const path =
        folders.length === 1
          ? await writeReport(options.run, page)
          : await writeComparison(folders, page ?? join(options.run, 'comparison.html'));
      context.out(path);
      return 0;
    } finally {
      await outputs.release();
    }
  },
});

/** Guards a page at a place of its own, and the tables beside the page. */
async function holdPage(page: string): Promise<{ release(): Promise<void> }> {
  if (!page.endsWith('.html'))
    throw new DpoError(USAGE, `--out ${page} must end in .html.`, { values: { path: page } });
  for (const ending of ['.csv', '-pairs.csv']) {
    const table = page.replace(/\.html$/, ending);
    if ((await isThere(page)) || !(await isThere(table))) continue;
    throw new DpoError('report.table-exists', `${table} exists without ${page}, and stays as it is.`, {
      values: { path: table },
      hint: 'Choose another name for --out: a table of the same name is written beside the page.',
    });
  }
  return holdOutputs({ name: 'report', options: z.object({ out }) }, { out: page });
}
