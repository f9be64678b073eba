import { itemsOf } from './_iterate.js';
import { failure, JinjaError } from './_jinja-error.js';
import { str } from './_print.js';
import { bind, intOf, needText } from './_signature.js';
import { strftime } from './_strftime.js';
import { type Arguments, Callable, Dict, Namespace, Range, type Value } from './_values.js';
import type { Work } from './_work.js';

/** The most items of a range, as in Jinja's sandbox. */
const maxRange = 100_000;

/**
 * The functions that every template may call: Jinja's own, and `raise_exception` and `strftime_now` of transformers.
 *
 * @param now the time of `strftime_now`
 */
export function globalsOf(work: Work, now: Date): Record<string, Value> {
  const functions: Record<string, (args: Arguments) => Value> = {
    cycler: (args) => cycler(args.positional),
    dict: (args) => dictOf(args, work),
    joiner: (args) => joiner(bind('joiner', 'sep?', args)[0] ?? ', '),
    lipsum: () => {
      throw failure('lipsum is not supported: its text changes with every call');
    },
    namespace: (args) => namespace(args, work),
    raise_exception: (args) => {
      throw new JinjaError('raised', str(bind('raise_exception', 'message', args)[0] as Value, work));
    },
    range: rangeOf,
    strftime_now: (args) => strftime(now, needText(bind('strftime_now', 'format', args)[0], 'format')),
  };
  return Object.fromEntries(
    Object.entries(functions).map(([name, call]) => [name, new Callable(name, call, 'function')]),
  );
}

function rangeOf(args: Arguments): Range {
  if (args.keywords.size > 0) throw failure('range() takes no keyword arguments');
  const values = args.positional.map((value) => intOf(value, 0));
  if (values.length === 0 || values.length > 3) throw failure(`range expected 1 to 3 arguments, got ${values.length}`);
  const [start = 0, stop = 0, step = 1] = values.length === 1 ? [0, values[0]] : values;
  if (step === 0) throw failure('range() arg 3 must not be zero');
  const range = new Range(start, stop, step);
  if (range.length <= maxRange) return range;
  throw new JinjaError('limit', `it goes beyond the limit of ranges of ${maxRange} items, as in Jinja's sandbox`);
}

function dictOf({ positional, keywords }: Arguments, work: Work): Dict {
  const dict = new Dict();
  const [from] = positional;
  if (positional.length > 1) throw failure(`dict expected at most 1 argument, got ${positional.length}`);
  if (from instanceof Dict) for (const [key, value] of from.pairs()) dict.set(key, value);
  else if (from !== undefined) {
    for (const pair of itemsOf(from, work)) {
      const [key, value, ...more] = itemsOf(pair, work);
      if (key === undefined || value === undefined || more.length > 0) {
        throw failure('dictionary update sequence element has not length 2');
      }
      dict.set(key, value);
    }
  }
  for (const [key, value] of keywords) dict.set(key, value);
  work.spend(dict.size);
  return dict;
}

function namespace(args: Arguments, work: Work): Namespace {
  const created = new Namespace();
  for (const [key, value] of dictOf(args, work).pairs()) created.values.set(String(key), value);
  return created;
}

/** `cycler`: its `next()` returns one value after the other, and begins again at the end. */
function cycler(values: readonly Value[]): Callable {
  if (values.length === 0) throw failure('at least one item has to be provided');
  let at = 0;
  const current = (): Value => values[at] as Value;
  const next = new Callable('next', () => {
    const value = current();
    at = (at + 1) % values.length;
    return value;
  });
  const reset = new Callable('reset', () => {
    at = 0;
    return null;
  });
  const attributes = (name: string): Value | undefined =>
    name === 'current' ? current() : name === 'next' ? next : name === 'reset' ? reset : undefined;
  return new Callable('cycler', () => failureOf('Cycler'), 'Cycler', attributes, '<Cycler>');
}

function failureOf(type: string): never {
  throw failure(`'${type}' object is not callable`);
}

/** `joiner`: returns an empty text the first time, then the separator. */
function joiner(separator: Value): Callable {
  let isFirst = true;
  return new Callable(
    'joiner',
    () => {
      const value = isFirst ? '' : separator;
      isFirst = false;
      return value;
    },
    'Joiner',
  );
}
