import { writeFile } from 'node:fs/promises';
import { basename, join, resolve } from 'node:path';
import { writeFileAtomic } from '@dpo/base/files';
import type { ReportData } from './data.js';
import { figuresCsv, pairsCsv } from './figures.js';
import { reportData } from './read-run.js';
import { renderReport } from './render.js';
import { renderComparison } from './render-comparison.js';

/**
 * Writes the report of a run from what its folder holds, and returns the page's path. The figures of a run that was measured lie as
 * CSV beside the page; those of a training alone are in its `metrics.jsonl`.
 *
 * @param path of the page, ending in `.html`; default `report.html` of the folder
 */
export async function writeReport(folder: string, path = join(folder, 'report.html')): Promise<string> {
  const data = await reportData(folder);
  return writePage(path, renderReport(data), [data], pairsCsv(data));
}

/**
 * Writes a page that compares several runs, with their figures as CSV beside it, and returns its path. Runs of the same name are
 * called by their whole paths. Nothing is written into the runs.
 *
 * @param path of the page, ending in `.html`
 */
export async function writeComparison(folders: readonly string[], path: string): Promise<string> {
  const runs: ReportData[] = [];
  for (const folder of folders) runs.push(await reportData(folder));
  const names = folders.map((folder) => basename(resolve(folder)));
  const named = runs.map((run, i) => {
    const own = names.filter((name) => name === names[i]).length === 1;
    return { ...run, title: (own ? names[i] : folders[i]) as string };
  });
  return writePage(path, renderComparison(named), named, undefined);
}

/** The page last: where it is, its tables are. */
async function writePage(
  path: string,
  page: string,
  runs: readonly ReportData[],
  pairs: string | undefined,
): Promise<string> {
  const base = path.replace(/\.html$/, '');
  const measured = runs.some(({ evaluation, winRate }) => evaluation !== undefined || winRate !== undefined);
  if (measured || runs.length > 1) await writeText(`${base}.csv`, figuresCsv(runs));
  if (pairs !== undefined) await writeText(`${base}-pairs.csv`, pairs);
  await writeText(path, page);
  return path;
}

async function writeText(path: string, text: string): Promise<void> {
  await writeFileAtomic(path, (file) => writeFile(file, text));
}
