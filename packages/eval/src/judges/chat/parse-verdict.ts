/** What a text says: the number of a label, or why there is none. */
export type ParsedVerdict =
  | { readonly label: number }
  | { readonly label: undefined; readonly why: 'no-label' | 'two-labels' | 'empty' };

/**
 * Reads the verdict of a judge's text. One set of rules, and nothing is guessed:
 *
 * 1. Reasoning is no part of the text: `<think>…</think>`, what stands before a lone `</think>`, and what follows a `<think>`
 *    that never ends.
 * 2. A JSON object with `verdict` says it, also between fences and with raw line breaks in its texts; of several the last does.
 * 3. Else the last statement does: a line that is a label alone, or a word such as "verdict", "better" or "preferred", followed
 *    by a label. `[[A]]` and `\boxed{A}` are statements wherever they stand.
 * 4. What a judge quotes is no statement of the judge's, but for a label alone in quotes. What is denied in its own clause ("I would not
 *    choose A") or taken back behind it ("A is worse") states nothing.
 * 5. Only offered labels count, small or capital. Where the last statement names two different labels, or bare statements
 *    follow one another and differ, the text says neither.
 */
export function parseVerdict(text: string, labels: readonly string[]): ParsedVerdict {
  const said = withoutReasoning(text).trim();
  if (said === '') return { label: undefined, why: 'empty' };
  const objects = objectsIn(said, labels);
  // Words after the last object may say something else: then the words are the last statement, where they make one.
  const words = said.slice(objects.at(-1)?.to ?? 0).replace(/```/g, '');
  const wordsLast = objects.length === 0 || /[\p{L}\p{N}]/u.test(words);
  const stated = wordsLast ? lineStatements(withoutQuotations(said.replace(OBJECT, ' '), labels), labels) : [];
  const found = stated.length > 0 ? stated : finalObjects(said, objects);
  if (found.length === 0) return { label: undefined, why: 'no-label' };
  const different = [...new Set(found)];
  return different.length > 1 ? { label: undefined, why: 'two-labels' } : { label: different[0] as number };
}

function withoutReasoning(text: string): string {
  return text
    .replace(/<(think|thinking|reasoning)>[\s\S]*?<\/\1>/gi, '')
    .replace(/^[\s\S]*<\/(think|thinking|reasoning)>/i, '')
    .replace(/<(think|thinking|reasoning)>[\s\S]*$/i, '');
}

/** Leaves of quotations those that hold a label and nothing else, `[[A]]` as A. */
function withoutQuotations(text: string, labels: readonly string[]): string {
  return text.replace(/"([^"\n]*)"|“([^”\n]*)”|«([^»\n]*)»/g, (_, ...[straight, curly, angled]: string[]) => {
    const quoted = (straight ?? curly ?? angled ?? '').replace(/\[\[\s*(.)\s*\]\]/, '$1').trim();
    return labelOf(quoted.replace(/[.,!*_`]/g, ''), labels) === undefined ? '""' : `"${quoted}"`;
  });
}

function labelOf(word: string, labels: readonly string[]): number | undefined {
  const at = labels.indexOf(word.toUpperCase());
  return at < 0 ? undefined : at;
}

/** A JSON object without objects in it, whose keys are in quotes. */
const OBJECT = /\{[^{}]*"[^{}]*\}/g;

interface StatingObject {
  readonly label: number;
  readonly from: number;
  readonly to: number;
}

function objectsIn(text: string, labels: readonly string[]): StatingObject[] {
  return [...text.matchAll(OBJECT)].flatMap(({ 0: object, index }) => {
    const label = labelOf(verdictIn(object) ?? '', labels);
    return label === undefined ? [] : [{ label, from: index, to: index + object.length }];
  });
}

/** The labels of the last object, and of those that nothing but blanks parts from it. */
function finalObjects(text: string, objects: readonly StatingObject[]): number[] {
  const gap = objects.findLastIndex(({ to }, i) => /[\p{L}\p{N}]/u.test(text.slice(to, objects[i + 1]?.from ?? to)));
  return objects.slice(gap + 1).map(({ label }) => label);
}

function verdictIn(object: string): string | undefined {
  // Raw line breaks and tabs stand inside of texts only where a model wrote them there: JSON wants them escaped.
  for (const text of [object, object.replace(/[\n\r\t]+/g, ' ')]) {
    try {
      const { verdict } = JSON.parse(text) as { readonly verdict?: unknown };
      return typeof verdict === 'string' ? verdict.trim() : undefined;
    } catch {
      // The other way of reading it, or none.
    }
  }
  return undefined;
}

/**
 * The labels of the last line that states any; where the line is a statement and nothing else, also those of such lines right
 * before it. Prose ("B is better") counts only
 * where no line says a verdict outright: the sentence that explains a verdict praises the other answer as well.
 */
function lineStatements(text: string, labels: readonly string[]): number[] {
  const lines = text.split('\n').filter((line) => /[\p{L}\p{N}]/u.test(line));
  const patterns = patternsOf(labels);
  for (const read of [outright, inProse]) {
    const stated = lines.map((line) => read(line, patterns).flatMap((word) => labelOf(word, labels) ?? []));
    const last = stated.findLastIndex((found) => found.length > 0);
    if (last < 0) continue;
    const bare = (line: string) => patterns.bare.test(line);
    const before = lines.slice(0, last).findLastIndex((line) => !bare(line));
    const first = bare(lines[last] as string) ? before + 1 : last;
    return stated.slice(first, last + 1).flat();
  }
  return [];
}

/** Words that announce a verdict, and nouns that may stand before a label. */
const WORDS =
  '(?:verdict|preferred|preference|better|best|winner|choice|choose|chosen|prefer|pick|decision|judge?ment|conclusion|answer(?=\\s*(?:is\\b|[:=*])))';
const NOUNS = '(?:answer|response|reply|summary|option|assistant|candidate|output|text)';
const OPEN = '[\\s"\'*_`([{]*';
/** What follows a label at the end of a line or a sentence. */
const ENDS = /^["'*_`)\]}]*(?:[^\p{L}\p{N}]*$|[.!;])/u;
const CLOSE = '["\'*_`)\\]}]*';

function patternsOf(labels: readonly string[]) {
  const label = `([${labels.join('')}${labels.join('').toLowerCase()}])`;
  const capital = `([${labels.join('')}])`;
  const announced = `\\b${WORDS}\\b(?:\\s+(?:${NOUNS}|one|verdict|choice|is|are))*${CLOSE}\\s*(?:[:=>–—-]|\\bis\\b)?${OPEN}(?:${NOUNS}\\s+)?${OPEN}`;
  const ends = "(?![\\p{L}\\p{N}'’])";
  return {
    alone: new RegExp(`^[^\\p{L}\\p{N}]*(?:${NOUNS}\\s+)?${OPEN}${label}[^\\p{L}\\p{N}]*$`, 'iu'),
    marked: new RegExp(`(?:\\[\\[|\\\\boxed\\{)\\s*${label}\\s*(?:\\]\\]|\\})`, 'gu'),
    both: new RegExp(
      `(?:^[^\\p{L}\\p{N}]*|${announced})${label}${CLOSE}\\s*(?:\\bor\\b|\\band\\b|[/&,+])\\s*${OPEN}(?:${NOUNS}\\s+)?${label}${ends}`,
      'iu',
    ),
    announced: new RegExp(`${announced}${label}${ends}`, 'giu'),
    /** A line that is a statement and nothing else. */
    bare: new RegExp(`^[^\\p{L}\\p{N}]*(?:${announced}|(?:${NOUNS}\\s+)?${OPEN})${label}[^\\p{L}\\p{N}]*$`, 'iu'),
    praised: new RegExp(
      `\\b${capital}${CLOSE}\\s+(?:is|was|does)\\s+(?:\\w+ly\\s+|much\\s+)?(?:the\\s+)?(?:better|best|preferred|preferable|winner)\\b`,
      'gu',
    ),
  };
}

type Patterns = ReturnType<typeof patternsOf>;

const DENIED = /\b(?:not|never|neither|nor|cannot|hardly)\b|n['’]t\b/i;
const CLAUSE = /[.,;:!?—]|\b(?:but|so|hence|therefore|though|because|since|and)\b/gi;
/** What takes a label back that stands before it. */
const TAKEN_BACK =
  /^["'*_`)\]}]*\s+(?:is|was|does|would be)\s+(?:\w+ly\s+|much\s+)?(?:not\b|worse\b|inferior\b|weaker\b)/i;

/** As far back as a clause is looked at, in characters. */
const LONGEST_CLAUSE = 200;

/** Whether a word that denies stands before a place of a line, in the same clause. */
function isDenied(line: string, at: number): boolean {
  const before = line.slice(Math.max(0, at - LONGEST_CLAUSE), at);
  const clause = [...before.matchAll(CLAUSE)].at(-1);
  return DENIED.test(before.slice(clause === undefined ? 0 : clause.index + clause[0].length));
}

function outright(line: string, { alone, marked, both, announced }: Patterns): string[] {
  const only = alone.exec(line)?.[1];
  if (only !== undefined) return [only];
  const marks = [...line.matchAll(marked)].flatMap(([, label]) => label ?? []);
  if (marks.length > 0) return marks;
  const [, one, other] = both.exec(line) ?? [];
  if (one !== undefined && other !== undefined) return [one, other]; // "A or B" chooses neither
  // A small letter counts where the line or the sentence ends with it: "a" is an article, too.
  return [...line.matchAll(announced)].flatMap(({ 0: statement, 1: label = '', index }) => {
    const rest = line.slice(index + statement.length);
    if (isDenied(line, index) || TAKEN_BACK.test(rest)) return [];
    return label === label.toUpperCase() || ENDS.test(rest) ? [label] : [];
  });
}

function inProse(line: string, { praised }: Patterns): string[] {
  return [...line.matchAll(praised)].flatMap(({ 1: label, index }) =>
    label === undefined || isDenied(line, index) ? [] : [label],
  );
}
