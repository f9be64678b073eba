import { type Context, evaluate } from './_evaluator.js';
import { failure } from './_jinja-error.js';
import type { MacroNode, Statement } from './_nodes.js';
import { Scope } from './_scope.js';
import { type Arguments, Callable, Dict, Tuple, Undefined, type Value } from './_values.js';

/** Renders statements as a text of their own. */
export type RenderBody = (body: readonly Statement[], scope: Scope) => string;

/** A macro as a value: called, it writes its body with its parameters in a scope inside of the one that it stands in. */
export function macroOf(node: MacroNode, outer: Scope, context: Context, render: RenderBody): Callable {
  const name = node.name ?? 'anonymous';
  const call = (given: Arguments): Value =>
    context.work.nested(() => {
      const scope = new Scope(outer);
      giveParameters(node, given, scope, context);
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

function giveParameters(node: MacroNode, given: Arguments, scope: Scope, context: Context): void {
  const named = new Map(given.named);
  const { parameters } = node;
  const taken = given.positional.slice(0, parameters.length);
  for (const [i, { name, otherwise }] of parameters.entries()) {
    let value = taken[i];
    if (value === undefined) {
      value = named.get(name);
      named.delete(name);
    }
    if (value === undefined && otherwise !== undefined) value = evaluate(otherwise, scope, context);
    scope.set(name, value === undefined ? new Undefined(`parameter '${name}' was not provided`) : value);
  }
  giveRest(node, given.positional.slice(parameters.length), named, scope);
}

/** What the parameters leave over: `caller`, `kwargs` and `varargs`, where the macro reads them. */
function giveRest(node: MacroNode, positional: readonly Value[], named: Map<string, Value>, scope: Scope): void {
  const own = node.parameters.some((parameter) => parameter.name === 'caller');
  if (node.reads.has('caller') && !own) {
    scope.set('caller', named.get('caller') ?? new Undefined('No caller defined'));
    named.delete('caller');
  }
  const label = `macro '${node.name ?? 'anonymous'}'`;
  if (node.reads.has('kwargs')) {
    const rest = new Dict();
    for (const [key, value] of named) rest.set(key, value);
    scope.set('kwargs', rest);
  } else if (named.size > 0) {
    throw failure(`${label} takes no keyword argument '${[...named.keys()][0]}'`);
  }
  if (node.reads.has('varargs')) scope.set('varargs', new Tuple(positional));
  else if (positional.length > 0) throw failure(`${label} takes not more than ${node.parameters.length} argument(s)`);
}
