import { type Context, evaluate } from './_evaluator.js';
import { failure } from './_jinja-error.js';
import type { MacroNode, Statement } from './_nodes.js';
import { Scope } from './_scope.js';
import { type Arguments, Callable, Dict, Tuple, Undefined, type Value } from './_values.js';

/** The text of statements. */
export type RenderBody = (body: readonly Statement[], scope: Scope) => string;

/** A macro as a value. A call renders its body with its parameters, in a scope inside of the macro's own. */
export function macroOf(node: MacroNode, outer: Scope, context: Context, render: RenderBody): Callable {
  const name = node.name ?? 'anonymous';
  const call = (args: Arguments): Value =>
    context.work.nested(() => {
      const scope = new Scope(outer);
      giveParameters(node, args, scope, context);
      return render(node.body, scope);
    });
  const attributes = (attribute: string): Value | undefined =>
    ({
      name: node.name ?? null,
      arguments: new Tuple(node.parameters.map((parameter) => parameter.name)),
      caller: node.reads.has('caller'),
      catch_kwargs: node.reads.has('kwargs'),
      catch_varargs: node.reads.has('varargs'),
    })[attribute];
  return new Callable(name, call, 'Macro', attributes, `<Macro '${name}'>`);
}

function giveParameters(node: MacroNode, args: Arguments, scope: Scope, context: Context): void {
  const keywords = new Map(args.keywords);
  const { parameters } = node;
  const positional = args.positional.slice(0, parameters.length);
  for (const [i, { name, otherwise }] of parameters.entries()) {
    let value: Value | undefined = positional[i];
    if (value === undefined) {
      value = keywords.get(name);
      keywords.delete(name);
    }
    if (value === undefined && otherwise !== undefined) value = evaluate(otherwise, scope, context);
    scope.set(name, value === undefined ? new Undefined(`parameter '${name}' was not provided`) : value);
  }
  giveRest(node, args.positional.slice(parameters.length), keywords, scope);
}

/** The arguments without a parameter: `caller`, `kwargs` and `varargs`, if the macro reads them. */
function giveRest(node: MacroNode, positional: readonly Value[], keywords: Map<string, Value>, scope: Scope): void {
  const own = node.parameters.some((parameter) => parameter.name === 'caller');
  if (node.reads.has('caller') && !own) {
    scope.set('caller', keywords.get('caller') ?? new Undefined('No caller defined'));
    keywords.delete('caller');
  }
  const label = `macro '${node.name ?? 'anonymous'}'`;
  if (node.reads.has('kwargs')) {
    const rest = new Dict();
    for (const [key, value] of keywords) rest.set(key, value);
    scope.set('kwargs', rest);
  } else if (keywords.size > 0) {
    throw failure(`${label} takes no keyword argument '${[...keywords.keys()][0]}'`);
  }
  if (node.reads.has('varargs')) scope.set('varargs', new Tuple(positional));
  else if (positional.length > 0) throw failure(`${label} takes not more than ${node.parameters.length} argument(s)`);
}
