import type { Json } from '@dpo/base';
import type { Context } from './_evaluator.js';
import { applyFilter, type Filter } from './_filter.js';
import { fromJson } from './_from-json.js';
import { globalsOf } from './_globals.js';
import { Interpreter, type Rendered } from './_interpreter.js';
import { failure } from './_jinja-error.js';
import { listFilters } from './_list-filters.js';
import { numberFilters } from './_number-filters.js';
import { TemplateParser } from './_parse-template.js';
import { Scope } from './_scope.js';
import { selectFilters } from './_select-filters.js';
import { applyTest, testNames } from './_tests.js';
import { textFilters } from './_text-filters.js';
import { defaultLimits, Work, type WorkLimits } from './_work.js';

export { JinjaError } from './_jinja-error.js';

/** Jinja's filters that are not supported: their result is random, or of use in web pages alone. */
const unsupportedFilters = Object.fromEntries(
  ['random', 'urlize'].map((name): [string, Filter] => [
    name,
    () => {
      throw failure(`the filter '${name}' is not supported`);
    },
  ]),
);

const filters: ReadonlyMap<string, Filter> = new Map(
  Object.entries({ ...textFilters, ...numberFilters, ...listFilters, ...selectFilters, ...unsupportedFilters }),
);

const names = { filter: new Set(filters.keys()), test: testNames };

interface RenderOptions {
  /** The time of `strftime_now`. Default: the time of the call. */
  readonly now?: Date;
  /** How much the template may do. Default {@link defaultLimits}. */
  readonly limits?: Partial<WorkLimits>;
}

/** A parsed template. */
export interface Template {
  /**
   * The template's text for these variables.
   *
   * @throws {JinjaError} with its line, when an operation fails, the template itself raises, or a work limit is exceeded.
   */
  render(variables: Readonly<Record<string, Json>>, options?: RenderOptions): Rendered;
}

/**
 * Parses a template as transformers does chat templates: Jinja2's immutable sandbox with `trim_blocks` and `lstrip_blocks`, loop
 * controls, `{% generation %}`, `tojson` without escapes for HTML, `raise_exception` and `strftime_now`. See
 * docs/decisions/0015-chat-templates.md.
 *
 * @throws {JinjaError} `syntax`, with its line.
 */
export function parseTemplate(source: string): Template {
  const tree = new TemplateParser(source, names).template();
  return {
    render(variables, { now = new Date(), limits } = {}) {
      const work = new Work({ ...defaultLimits, ...limits });
      const context: Context = {
        work,
        names,
        filter: (name, value, args) => applyFilter(name, filters.get(name), value, args, context),
        test: (name, value, args) => applyTest(name, value, args, context),
      };
      const globals = new Scope();
      for (const [name, value] of Object.entries(globalsOf(work, now))) globals.set(name, value);
      const root = new Scope(globals);
      for (const [name, value] of Object.entries(variables)) root.set(name, fromJson(value));
      return new Interpreter(tree, context, root).run();
    },
  };
}
