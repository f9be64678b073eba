import { createHash } from 'node:crypto';
import { readdir, rename } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { DpoError } from '@dpo/base';
import { asFileError, readTextFile } from '@dpo/base/files';
import { DataType, type Field, type RecordBatch, type Schema } from 'apache-arrow';
import { isJsonField } from '../rows/arrow-columns.js';
import { emptyDataset } from '../rows/dataset.js';
import { noSuchSplit } from './_no-such-split.js';
import { writeText } from './_write-text.js';
import type { ArrowBlocks } from './arrow/blocks.js';
import { openArrowFile } from './arrow/open-arrow-file.js';
import { ArrowFileWriter } from './arrow/write.js';

/** The size at which a shard ends, the default of Python's `datasets`. */
const SHARD_BYTES = 500_000_000;
const SHARD = /^data-\d+-of-\d+\.arrow$/;

/** True for a folder that `save_to_disk` wrote, even when its `state.json` is lost. */
export async function isDatasetsFolder(path: string): Promise<boolean> {
  const names = await readdir(path).catch((error: unknown) => {
    throw asFileError(error, path);
  });
  return names.includes('dataset_dict.json') || names.includes('state.json') || names.some((name) => SHARD.test(name));
}

/**
 * Opens a folder that Python's `datasets` wrote by `save_to_disk`: `state.json` lists the shards, each an Arrow stream. Of a
 * `DatasetDict` the function opens the `split`; by default the only split, or `train` among several.
 *
 * @throws DpoError `data.not-a-dataset-folder`, `data.no-such-split`, `data.empty-dataset`, `data.broken-file`, and the errors of
 * {@link openArrowFile}
 */
export async function openDatasetsFolder(path: string, split: string | undefined): Promise<ArrowBlocks> {
  const dictionary = await readJson(join(path, 'dataset_dict.json'));
  if (dictionary !== undefined)
    return openDatasetsFolder(join(path, await chooseSplit(path, dictionary, split)), undefined);
  if (split !== undefined) await checkSplit(path, split);
  const state = await readJson(join(path, 'state.json'));
  const names = state === undefined ? await findShards(path) : shardNames(state);
  if (state !== undefined && names?.length === 0) throw emptyDataset(path);
  if (names === undefined || names.length === 0) {
    throw new DpoError(
      'data.not-a-dataset-folder',
      `${path} is no folder of Python's datasets, and holds no data files.`,
      {
        values: { path },
        hint: 'Folders that can be read: those of save_to_disk (state.json, data-*.arrow), and folders of .parquet, .arrow, .jsonl, .json or .csv files.',
      },
    );
  }
  checkShardNames(names, path);
  const shards: ArrowBlocks[] = [];
  for (const name of names) shards.push(await openArrowFile(join(path, name)));
  const schema = (shards[0] as ArrowBlocks).schema;
  shards.forEach((shard, i) => {
    if (String(shard.schema) === String(schema)) return;
    throw new DpoError('data.broken-file', `${join(path, names[i] as string)} has other columns than ${names[0]}.`, {
      values: { path, shard: names[i], schema: String(shard.schema), expected: String(schema) },
      hint: 'Write the dataset again.',
    });
  });
  return { schema, blocks: shards.flatMap(({ blocks }) => blocks) };
}

/** Checks the names in `state.json`, which may say anything: each shard lies in the folder, and is listed once. */
function checkShardNames(names: readonly string[], path: string): void {
  const earlier = new Set<string>();
  for (const name of names) {
    if (name === basename(name) && name !== '..' && !earlier.has(name)) {
      earlier.add(name);
      continue;
    }
    const what = earlier.has(name) ? 'twice' : 'which is not the name of a file in the folder';
    throw new DpoError(
      'data.broken-file',
      `${join(path, 'state.json')} lists the shard ${JSON.stringify(name)}, ${what}.`,
      {
        values: { path, shard: name },
        hint: 'Write the dataset again.',
      },
    );
  }
}

async function chooseSplit(path: string, dictionary: unknown, split: string | undefined): Promise<string> {
  const names: unknown = isObject(dictionary) ? dictionary.splits : undefined;
  const splits = Array.isArray(names) ? names.map(String) : [];
  const chosen = split ?? (splits.length === 1 ? splits[0] : 'train');
  if (chosen !== undefined && splits.includes(chosen)) return chosen;
  throw noSuchSplit(path, String(chosen), splits);
}

async function checkSplit(path: string, split: string): Promise<void> {
  const info = await readJson(join(path, 'state.json'));
  const own: unknown = isObject(info) ? info._split : undefined;
  if (own !== split) throw noSuchSplit(path, split, typeof own === 'string' ? [own] : []);
}

/** The shards of a folder whose `state.json` is lost, in the order of their names. */
async function findShards(path: string): Promise<string[]> {
  try {
    return (await readdir(path)).filter((name) => SHARD.test(name)).sort();
  } catch (error) {
    throw asFileError(error, path);
  }
}

function shardNames(state: unknown): string[] | undefined {
  const files: unknown = isObject(state) ? state._data_files : undefined;
  if (!Array.isArray(files)) return undefined;
  return files.flatMap((file: unknown) => (isObject(file) && typeof file.filename === 'string' ? [file.filename] : []));
}

/**
 * Writes the files of a folder of Python's `datasets`: shards in the stream format, `dataset_info.json` and `state.json`.
 * Returns the number of rows.
 */
export async function fillDatasetsFolder(
  folder: string,
  schema: Schema,
  batches: AsyncIterable<RecordBatch>,
): Promise<number> {
  const hash = createHash('sha256');
  const shards: string[] = [];
  let rows = 0;
  let writer: ArrowFileWriter | undefined;
  const end = async (): Promise<void> => {
    await writer?.finish();
    rows += writer?.rows ?? 0;
    writer = undefined;
  };
  try {
    for await (const batch of batches) {
      if (writer === undefined) {
        const shard = join(folder, `shard-${shards.length}`);
        writer = await ArrowFileWriter.open(shard, 'stream', schema, { hash });
        shards.push(shard);
      }
      await writer.write(batch);
      if (writer.bytes >= SHARD_BYTES) await end();
    }
    await end();
  } catch (error) {
    await writer?.abandon();
    throw error;
  }
  const names = shards.map((_, i) => `data-${fiveDigits(i)}-of-${fiveDigits(shards.length)}.arrow`);
  for (const [i, shard] of shards.entries()) await rename(shard, join(folder, names[i] as string));
  await writeText(
    join(folder, 'dataset_info.json'),
    JSON.stringify(
      { citation: '', description: '', features: pythonFeatures(schema), homepage: '', license: '' },
      null,
      2,
    ),
  );
  await writeText(
    join(folder, 'state.json'),
    JSON.stringify(
      {
        _data_files: names.map((filename) => ({ filename })),
        _fingerprint: hash.digest('hex').slice(0, 16),
        _format_columns: null,
        _format_kwargs: {},
        _format_type: null,
        _output_all_columns: false,
        _split: null,
      },
      null,
      2,
    ),
  );
  return rows;
}

/** The metadata that Python's `datasets` adds to an Arrow schema, under `huggingface`. */
export function pythonMetadata(schema: Schema): Readonly<Record<string, string>> {
  return { huggingface: JSON.stringify({ info: { features: pythonFeatures(schema) } }) };
}

/** The columns as `datasets.Features` in JSON. Lists are `[item]`, which every version reads. */
function pythonFeatures(schema: Schema): Record<string, unknown> {
  return Object.fromEntries(schema.fields.map((field) => [field.name, pythonFeature(field)]));
}

function pythonFeature(field: Field): unknown {
  if (isJsonField(field)) return { _type: 'Json' };
  const type: DataType = field.type;
  if (DataType.isList(type)) return type.children.map(pythonFeature);
  if (DataType.isStruct(type))
    return Object.fromEntries(type.children.map((child) => [child.name, pythonFeature(child)]));
  return { dtype: DataType.isUtf8(type) ? 'string' : DataType.isBool(type) ? 'bool' : 'float64', _type: 'Value' };
}

async function readJson(path: string): Promise<unknown> {
  let text: string;
  try {
    text = await readTextFile(path);
  } catch (error) {
    if (error instanceof Error && 'code' in error && (error.code === 'ENOENT' || error.code === 'ENOTDIR'))
      return undefined;
    throw asFileError(error, path);
  }
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new DpoError('data.broken-json', `${path} is not valid JSON.`, { values: { path }, cause });
  }
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null;
}

function fiveDigits(value: number): string {
  return String(value).padStart(5, '0');
}
