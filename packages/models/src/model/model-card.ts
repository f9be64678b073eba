import { frontMatter, type Yaml } from './_front-matter.js';

/** A value in a table. */
type Cell = string | number | boolean | null | undefined | readonly (string | number | boolean)[];

/** The contents of a model card. Only the name is required; parts without content are left out. */
export interface ModelCard {
  /** The model's name, the card's title. */
  readonly name: string;
  /** The model that it was trained from: a name on the hub (`org/name`), or a description. */
  readonly base?: string | undefined;
  /** Whether the folder holds a LoRA adapter for the base instead of a whole model. Default false. */
  readonly adapter?: boolean | undefined;
  /** What the model does. Default: it writes. */
  readonly task?: 'text-generation' | 'text-classification' | undefined;
  /** How it was trained. */
  readonly method?: ModelCardMethod | undefined;
  /** What it was trained on. */
  readonly data?: readonly ModelCardData[] | undefined;
  /** Name → value, in this order. */
  readonly hyperparameters?: Readonly<Record<string, Cell>> | undefined;
  /** How well it does. */
  readonly evaluation?: readonly ModelCardResult[] | undefined;
  /** The licence's identifier on the hub: `apache-2.0`, `other`, … */
  readonly license?: string | undefined;
  /** ISO 639-1 codes of the languages. */
  readonly languages?: readonly string[] | undefined;
  /** Name → version of the software that it was made with. */
  readonly versions?: Readonly<Record<string, string>> | undefined;
  /** Further paragraphs in Markdown, such as limitations. */
  readonly notes?: string | undefined;
}

/** A method of training on a model card. */
export interface ModelCardMethod {
  /** `dpo`, `ipo`, `sft`, …, which becomes a tag. */
  readonly id: string;
  /** In words: Direct Preference Optimization. */
  readonly name: string;
  /** The number of its paper on arXiv. */
  readonly arxiv?: string | undefined;
}

/** A dataset on a model card. */
export interface ModelCardData {
  /** A name on the hub (`org/name`), or a description. */
  readonly name: string;
  readonly rows?: number | undefined;
  /** SHA-256 of the rows. */
  readonly fingerprint?: string | undefined;
}

/** A measurement on a model card. */
export interface ModelCardResult {
  /** The metric's name, such as `rewards/accuracies`. */
  readonly metric: string;
  readonly value: number;
  /** Half the width of a 95 % interval. */
  readonly interval?: number | undefined;
  /** The dataset of the measurement. Results with a dataset also go into the card's index of results. */
  readonly dataset?: string | undefined;
}

/** A name on the hub. */
const hubName = /^[A-Za-z0-9][\w.-]*\/[A-Za-z0-9][\w.-]*$/;

/**
 * The text of a model card (`README.md` of a model's folder). It begins with YAML front matter that the model hub and Python's
 * huggingface_hub read (base, data, licence, tags, results). Base, data, method, hyperparameters and evaluation follow in words
 * and tables. Texts are quoted or escaped, so that nothing in them becomes markup of the front matter or of a table.
 */
export function modelCard(card: ModelCard): string {
  const { name, base, adapter = false, task = 'text-generation', method, data = [], evaluation = [] } = card;
  const onHub = base !== undefined && hubName.test(base);
  const meta: Record<string, Yaml> = {
    ...(card.license === undefined ? {} : { license: card.license }),
    ...(card.languages === undefined ? {} : { language: [...card.languages] }),
    library_name: adapter ? 'peft' : 'transformers',
    pipeline_tag: task,
    ...(onHub ? { base_model: base, base_model_relation: adapter ? 'adapter' : 'finetune' } : {}),
    ...withContent(
      'datasets',
      data.map((entry) => entry.name).filter((entry) => hubName.test(entry)),
    ),
    tags: [task, ...(method === undefined ? [] : [method.id]), ...(adapter ? ['lora'] : [])],
    ...resultsIndex(name, task, evaluation),
  };
  const sections = [
    `# ${inline(name)}`,
    introduction(card, onHub),
    section(
      'Data',
      table(
        ['data', 'rows', 'fingerprint'],
        data.map((entry) => [entry.name, entry.rows, entry.fingerprint]),
      ),
    ),
    section('Hyperparameters', table(['setting', 'value'], Object.entries(card.hyperparameters ?? {}))),
    section(
      'Evaluation',
      table(
        ['metric', 'value', 'data'],
        evaluation.map(({ metric, value, interval, dataset }) => [
          metric,
          interval === undefined ? rounded(value) : `${rounded(value)} ± ${rounded(interval)}`,
          dataset,
        ]),
      ),
    ),
    section('Made with', table(['software', 'version'], Object.entries(card.versions ?? {}))),
    card.notes?.trim(),
  ].filter((part) => part !== undefined && part !== '');
  return `${frontMatter(meta)}\n${sections.join('\n\n')}\n`;
}

function introduction({ base, adapter, task, method }: ModelCard, onHub: boolean): string {
  const whole = task === 'text-classification' ? 'A reward model' : 'A language model';
  const what = adapter ? 'A LoRA adapter' : whole;
  const from = base === undefined ? '' : ` for ${onHub ? `[${inline(base)}](https://hf.co/${base})` : inline(base)}`;
  const paper =
    method?.arxiv === undefined
      ? ''
      : ` ([arXiv ${inline(method.arxiv)}](https://arxiv.org/abs/${encodeURIComponent(method.arxiv)}))`;
  const how = method === undefined ? '' : `, trained by ${inline(method.name)}${paper}`;
  return `${what}${adapter ? from : from.replace(' for ', ' made from ')}${how}.`;
}

/** The hub's `model-index`, from which its pages and huggingface_hub read results. */
function resultsIndex(name: string, task: string, results: readonly ModelCardResult[]): Record<string, Yaml> {
  const measured = results.filter(({ dataset, value }) => dataset !== undefined && Number.isFinite(value));
  if (measured.length === 0) return {};
  const datasets = [...new Set(measured.map(({ dataset }) => dataset as string))];
  const entries = datasets.map((dataset) => ({
    task: { type: task },
    dataset: { name: dataset, type: dataset },
    metrics: measured
      .filter((entry) => entry.dataset === dataset)
      .map(({ metric, value }) => ({ type: metric, name: metric, value })),
  }));
  return { 'model-index': [{ name, results: entries }] };
}

function withContent(key: string, values: readonly string[]): Record<string, Yaml> {
  return values.length === 0 ? {} : { [key]: [...values] };
}

function section(title: string, content: string | undefined): string | undefined {
  return content === undefined ? undefined : `## ${title}\n\n${content}`;
}

/** A table without its empty columns; undefined without rows. */
function table(titles: readonly string[], rows: readonly (readonly Cell[])[]): string | undefined {
  if (rows.length === 0) return undefined;
  const columns = titles.map((_, i) => i).filter((i) => rows.some((row) => row[i] !== undefined && row[i] !== null));
  const line = (cells: readonly Cell[]) => `| ${columns.map((i) => cell(cells[i])).join(' | ')} |`;
  return [line(titles), `|${columns.map(() => '---').join('|')}|`, ...rows.map(line)].join('\n');
}

function cell(value: Cell): string {
  if (value === undefined || value === null) return '';
  return inline(Array.isArray(value) ? value.join(', ') : String(value));
}

/** A text in one line, without markup. */
function inline(text: string): string {
  return text
    .replace(/\s+/g, ' ')
    .trim()
    .replace(/[\\`*[\]<>|]/g, '\\$&');
}

function rounded(value: number): number {
  return Number(value.toPrecision(5));
}
