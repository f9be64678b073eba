import { formatValue } from './_format-spec.js';
import { failure } from './_jinja-error.js';
import { repr, str } from './_print.js';
import type { Arguments, Value } from './_values.js';
import type { Work } from './_work.js';

/**
 * How attributes and items of a value are looked up. `_attributes.ts` passes its own functions, because it imports the methods of
 * texts, `format` among them.
 */
export interface Lookup {
  attribute(value: Value, name: string, work: Work): Value;
  item(value: Value, key: Value, work: Work): Value;
}

/** `text.format(…)`: fields in braces are replaced by values, or by their attributes and items, formatted. */
export function braceFormat(text: string, args: Arguments, lookup: Lookup, work: Work): string {
  return new Formatter(args, lookup, work).format(text, 2);
}

class Formatter {
  private automatic = 0;

  constructor(
    private readonly args: Arguments,
    private readonly lookup: Lookup,
    private readonly work: Work,
  ) {}

  /** @param depth how many levels of fields within fields are allowed, as in Python */
  format(text: string, depth: number): string {
    if (depth < 0) throw failure('Max string recursion exceeded');
    let result = '';
    for (let at = 0; at < text.length; at++) {
      const char = text[at] as string;
      if (char !== '{' && char !== '}') {
        result += char;
      } else if (text[at + 1] === char) {
        result += char;
        at++;
      } else {
        if (char === '}') throw failure("Single '}' encountered in format string");
        const end = closing(text, at);
        result += this.field(text.slice(at + 1, end), depth);
        at = end;
      }
      this.work.joined(result.length);
    }
    return result;
  }

  private field(inside: string, depth: number): string {
    const [, path = '', conversion, spec = ''] = /^([^!:]*)(?:!([^:]*))?(?::([\s\S]*))?$/.exec(inside) ?? [];
    const value = this.value(path);
    const format = this.format(spec, depth - 1);
    if (conversion === undefined) return formatValue(value, format, this.work);
    if (!['s', 'r', 'a'].includes(conversion)) throw failure(`Unknown conversion specifier '${conversion}'`);
    return formatValue(conversion === 's' ? str(value, this.work) : repr(value, this.work), format, this.work);
  }

  private value(path: string): Value {
    const [, first = '', rest = ''] = /^([^.[]*)([\s\S]*)$/.exec(path) ?? [];
    let value = this.first(first);
    const step = /\.([^.[]+)|\[([^\]]+)\]/y;
    while (step.lastIndex < rest.length) {
      const match = step.exec(rest);
      if (match === null) throw failure('Empty attribute in format string');
      const key = match[2];
      if (key === undefined) value = this.lookup.attribute(value, match[1] as string, this.work);
      else value = this.lookup.item(value, /^\d+$/.test(key) ? Number(key) : key, this.work);
    }
    return value;
  }

  private first(name: string): Value {
    if (name !== '' && !/^\d+$/.test(name)) {
      const value = this.args.keywords.get(name);
      if (value === undefined) throw failure(`KeyError: '${name}'`);
      return value;
    }
    const value = this.args.positional[name === '' ? this.automatic++ : Number(name)];
    if (value === undefined) throw failure('Replacement index out of range for positional args tuple');
    return value;
  }
}

function closing(text: string, from: number): number {
  let depth = 0;
  for (let at = from; at < text.length; at++) {
    if (text[at] === '{') depth++;
    if (text[at] === '}' && --depth === 0) return at;
  }
  throw failure("expected '}' before end of string");
}
