/** The number of the label that a text names, or why the text names none. */
export type ParsedVerdict =
  | { readonly label: number }
  | { readonly label: undefined; readonly why: 'no-label' | 'two-labels' | 'empty' };

/**
 * Reads the verdict out of a judge's text. Nothing is guessed:
 *
 * 1. Reasoning does not count: `<think>…</think>`, all before a lone `</think>`, and all after a `<think>` that never ends.
 * 2. The last JSON object with `verdict` says the verdict, also between fences and with raw line breaks in its texts.
 * 3. Without such an object the last statement does: a line that is a label alone, or a word such as "verdict", "better" or
 *    "preferred", followed by a label. `[[A]]` and `\boxed{A}` are statements wherever they stand.
 * 4. A quotation is no statement of the judge's, unless a label is all that it holds. A label that is denied in its clause ("I
 *    would not choose A") or taken back after it ("A is worse") is not stated.
 * 5. Only offered labels count, small or capital. When the last statement names two different labels, or bare statements that
 *    follow one another differ, the text says neither.
 */
export function parseVerdict(text: string, labels: readonly string[]): ParsedVerdict {
  const reply = withoutReasoning(text).trim();
  if (reply === '') return { label: undefined, why: 'empty' };
  const objects = objectsIn(reply, labels);
  // Words after the last object count before the object when they make a statement.
  const words = reply.slice(objects.at(-1)?.to ?? 0).replace(/```/g, '');
  const wordsLast = objects.length === 0 || /[\p{L}\p{N}]/u.test(words);
  const stated = wordsLast ? lineStatements(withoutQuotations(reply.replace(OBJECT, ' '), labels), labels) : [];
  const verdicts = stated.length > 0 ? stated : finalObjects(reply, objects);
  if (verdicts.length === 0) return { label: undefined, why: 'no-label' };
  const different = [...new Set(verdicts)];
  return different.length > 1 ? { label: undefined, why: 'two-labels' } : { label: different[0] as number };
}

function withoutReasoning(text: string): string {
  return text
    .replace(/<(think|thinking|reasoning)>[\s\S]*?<\/\1>/gi, '')
    .replace(/^[\s\S]*<\/(think|thinking|reasoning)>/i, '')
    .replace(/<(think|thinking|reasoning)>[\s\S]*$/i, '');
}

/** Empties all quotations but those of a label alone. `[[A]]` in quotes becomes A. */
function withoutQuotations(text: string, labels: readonly string[]): string {
  return text.replace(/"([^"\n]*)"|“([^”\n]*)”|«([^»\n]*)»/g, (_, ...[straight, curly, angled]: string[]) => {
    const content = (straight ?? curly ?? angled ?? '').replace(/\[\[\s*(.)\s*\]\]/, '$1').trim();
    return labelOf(content.replace(/[.,!*_`]/g, ''), labels) === undefined ? '""' : `"${content}"`;
  });
}

function labelOf(word: string, labels: readonly string[]): number | undefined {
  const at = labels.indexOf(word.toUpperCase());
  return at < 0 ? undefined : at;
}

/** A JSON object without inner objects, whose keys are in quotes. */
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

/** The labels of the last object, and of the objects before it that only blanks part from one another. */
function finalObjects(text: string, objects: readonly StatingObject[]): number[] {
  const gap = objects.findLastIndex(({ to }, i) => /[\p{L}\p{N}]/u.test(text.slice(to, objects[i + 1]?.from ?? to)));
  return objects.slice(gap + 1).map(({ label }) => label);
}

function verdictIn(object: string): string | undefined {
  // JSON forbids raw line breaks and tabs inside of texts; models write them all the same.
  for (const text of [object, object.replace(/[\n\r\t]+/g, ' ')]) {
    try {
      const { verdict } = JSON.parse(text) as { readonly verdict?: unknown };
      return typeof verdict === 'string' ? verdict.trim() : undefined;
    } catch {
      // Not JSON: the second reading may be.
    }
  }
  return undefined;
}

/**
 * The labels of the last line with a statement. When the line is a bare statement, the labels of the bare statements right before
 * it as well. Prose ("B is better") counts only when no line says a verdict outright, since a sentence that explains a verdict may
 * praise the other answer.
 */
function lineStatements(text: string, labels: readonly string[]): number[] {
  const lines = text.split('\n').filter((line) => /[\p{L}\p{N}]/u.test(line));
  const patterns = patternsOf(labels);
  for (const labelsIn of [outright, inProse]) {
    const stated = lines.map((line) => labelsIn(line, patterns).flatMap((word) => labelOf(word, labels) ?? []));
    const last = stated.findLastIndex((numbers) => numbers.length > 0);
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
    /** A bare statement: a line that is a statement and nothing else. */
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
/** Words that take the label before them back. */
const TAKEN_BACK =
  /^["'*_`)\]}]*\s+(?:is|was|does|would be)\s+(?:\w+ly\s+|much\s+)?(?:not\b|worse\b|inferior\b|weaker\b)/i;

/** The longest clause, in characters: the search for a denial goes back no further. */
const LONGEST_CLAUSE = 200;

/** Whether a denial stands before a place of a line, in the same clause. */
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
  // A small letter counts at the end of a line or a sentence, since "a" is an article, too.
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
