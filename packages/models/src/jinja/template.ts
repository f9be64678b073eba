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

/** Filters of Jinja whose text is another one each time, or whose use is web pages alone. */
const refused = Object.fromEntries(
  ['random', 'urlize'].map((name): [string, Filter] => [
    name,
    () => {
      throw failure(`the filter '${name}' is not known here`);
    },
  ]),
);

const filters: ReadonlyMap<string, Filter> = new Map(
  Object.entries({ ...textFilters, ...numberFilters, ...listFilters, ...selectFilters, ...refused }),
);

const names = { filter: new Set(filters.keys()), test: testNames };

interface RenderOptions {
  /** What `strftime_now` tells. Default: now. */
  readonly now?: Date;
  readonly limits?: Partial<WorkLimits>;
}

/** A template that was read. */
export interface Template {
  /**
   * The text for these variables.
   *
   * @throws JinjaError when Jinja raises, the template itself raises, or a work limit is passed; with its line
   */
  render(variables: Readonly<Record<string, Json>>, options?: RenderOptions): Rendered;
}

/**
 * Reads a template as transformers' chat templates are read: Jinja2's immutable sandbox with `trim_blocks` and
 * `lstrip_blocks`, loop controls, `{% generation %}`, `tojson` without escapes for HTML, `raise_exception` and
 * `strftime_now`. See docs/decisions/0015-chat-templates.md.
 *
 * @throws JinjaError `syntax`, with its line
 */
export function parseTemplate(source: string): Template {
  const tree = new TemplateParser(source, names).template();
  return {
    render(variables, { now = new Date(), limits } = {}) {
      const work = new Work({ ...defaultLimits, ...limits });
      const context: Context = {
        work,
        names,
        filter: (name, value, given) => applyFilter(name, filters.get(name), value, given, context),
        test: (name, value, given) => applyTest(name, value, given, context),
      };
      const globals = new Scope();
      for (const [name, value] of Object.entries(globalsOf(work, now))) globals.set(name, value);
      const root = new Scope(globals);
      for (const [name, value] of Object.entries(variables)) root.set(name, fromJson(value));
      return new Interpreter(tree, context, root).run();
    },
  };
}
