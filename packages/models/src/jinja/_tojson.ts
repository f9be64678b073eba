import { compare } from './_compare.js';
import { itemsOf } from './_iterate.js';
import { failure } from './_jinja-error.js';
import { floatText } from './_python-float.js';
import type { BoundValues } from './_signature.js';
import { compareTexts } from './_text.js';
import { Dict, Float, isList, Tuple, textOf, truthy, typeOf, type Value } from './_values.js';
import type { Work } from './_work.js';

interface Style {
  readonly ascii: boolean;
  /** The indentation of a level; undefined when all is in one line. */
  readonly indent: string | undefined;
  readonly comma: string;
  readonly colon: string;
  readonly sorted: boolean;
}

/** `tojson` as in transformers: Python's `json.dumps`, without escapes for HTML. */
export function tojson(value: Value, args: BoundValues, work: Work): string {
  const [ascii = false, indent = null, separators = null, sorted = false] = args;
  const step = indent === null ? undefined : (textOf(indent) ?? spaces(indent, work));
  const [comma, colon] = separators === null ? [] : itemsOf(separators, work).map(textOf);
  const style: Style = {
    ascii: truthy(ascii),
    indent: step,
    comma: comma ?? (step === undefined ? ', ' : ','),
    colon: colon ?? ': ',
    sorted: truthy(sorted),
  };
  const text = new Writer(style, work).write(value, '\n');
  work.text(text.length);
  return text;
}

function spaces(indent: Value, work: Work): string {
  const width = typeof indent === 'number' ? Math.max(0, indent) : Number(indent === true);
  work.text(width);
  return ' '.repeat(width);
}

class Writer {
  constructor(
    private readonly style: Style,
    private readonly work: Work,
  ) {}

  /** @param line a line break with the blanks of the level */
  write(value: Value, line: string): string {
    this.work.spend(1);
    const text = textOf(value);
    if (text !== undefined) return this.text(text);
    if (value === null) return 'null';
    if (typeof value === 'boolean' || typeof value === 'number') return String(value);
    if (value instanceof Float) return number(value.value);
    return this.work.nested(() => this.compound(value, line));
  }

  private compound(value: Value, line: string): string {
    const inner = this.style.indent === undefined ? line : line + this.style.indent;
    const items = isList(value) ? value : value instanceof Tuple ? value.items : undefined;
    if (items !== undefined)
      return this.enclosed(
        '[',
        items.map((item) => this.write(item, inner)),
        ']',
        line,
        inner,
      );
    if (!(value instanceof Dict)) throw failure(`Object of type ${typeOf(value)} is not JSON serializable`);
    const pairs = this.style.sorted ? this.inOrder(value) : [...value.pairs()];
    const entries = pairs.map(
      ([key, entry]) => `${this.text(keyText(key))}${this.style.colon}${this.write(entry, inner)}`,
    );
    return this.enclosed('{', entries, '}', line, inner);
  }

  private inOrder(dict: Dict): (readonly [Value, Value])[] {
    return [...dict.pairs()].sort(([a], [b]) => {
      const [left, right] = [textOf(a), textOf(b)];
      return left !== undefined && right !== undefined ? compareTexts(left, right) : compare(a, b, '<', this.work);
    });
  }

  private enclosed(open: string, parts: readonly string[], close: string, line: string, inner: string): string {
    if (parts.length === 0) return open + close;
    const spread = this.style.indent !== undefined;
    const length = parts.reduce((sum, part) => sum + part.length + inner.length, 0);
    this.work.text(length);
    const between = spread ? this.style.comma + inner : this.style.comma;
    return spread ? open + inner + parts.join(between) + line + close : open + parts.join(between) + close;
  }

  private text(text: string): string {
    this.work.text(text.length);
    const pattern = this.style.ascii ? /["\\]|[^ -~]/g : /["\\\p{Cc}]/gu;
    return `"${text.replace(pattern, (char) => this.escaped(char))}"`;
  }

  private escaped(char: string): string {
    const shortEscape = short[char];
    if (shortEscape !== undefined || (!this.style.ascii && char > '\x1f')) return shortEscape ?? char;
    return `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`;
  }
}

const short: Readonly<Record<string, string>> = {
  '"': '\\"',
  '\\': '\\\\',
  '\b': '\\b',
  '\f': '\\f',
  '\n': '\\n',
  '\r': '\\r',
  '\t': '\\t',
};

function number(value: number): string {
  if (Number.isNaN(value)) return 'NaN';
  return Number.isFinite(value) ? floatText(value) : value < 0 ? '-Infinity' : 'Infinity';
}

function keyText(key: Value): string {
  const text = textOf(key);
  if (text !== undefined) return text;
  if (key === null) return 'null';
  if (typeof key === 'boolean' || typeof key === 'number') return String(key);
  if (key instanceof Float) return number(key.value);
  throw failure(`keys must be str, int, float, bool or None, not ${typeOf(key)}`);
}
