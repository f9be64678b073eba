import type { SchemaTree } from 'hyparquet';

/**
 * A value as the library reads it, with the keys of its structs that hold null left out: all structs of a column have the
 * same keys, filled with null where a message or an object has not got them. JSON columns are left as they are.
 */
export function withoutNulls(value: unknown, { children, element }: SchemaTree): unknown {
  if (children.length === 0 || typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value)) {
    const item = itemOf(children, element.converted_type === 'LIST' || element.logical_type?.type === 'LIST');
    return item === undefined ? value : value.map((one: unknown) => withoutNulls(one, item));
  }
  if (element.converted_type === 'MAP' || element.logical_type?.type === 'MAP') return value;
  const nodes = new Map(children.map((child) => [child.element.name, child]));
  const entries = Object.entries(value).flatMap(([name, held]): [string, unknown][] => {
    if (held === null || held === undefined) return [];
    const node = nodes.get(name);
    return [[name, node === undefined ? held : withoutNulls(held, node)]];
  });
  return Object.fromEntries(entries);
}

/** What a list holds: Parquet puts a repeated group between, which older writers left out. */
function itemOf(children: readonly SchemaTree[], isList: boolean): SchemaTree | undefined {
  const between = children[0];
  if (!isList || between === undefined) return undefined;
  return between.children.length === 1 ? between.children[0] : between;
}
