import type { SchemaTree } from 'hyparquet';

/**
 * A value of the library without the keys of structs that hold null: all structs of a column have the same keys, and null for
 * the keys that a message or an object lacks. Values of JSON columns stay unchanged.
 */
export function withoutNulls(value: unknown, { children, element }: SchemaTree): unknown {
  if (children.length === 0 || typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value)) {
    const item = itemOf(children, element.converted_type === 'LIST' || element.logical_type?.type === 'LIST');
    return item === undefined ? value : value.map((each: unknown) => withoutNulls(each, item));
  }
  if (element.converted_type === 'MAP' || element.logical_type?.type === 'MAP') return value;
  const nodes = new Map(children.map((child) => [child.element.name, child]));
  const entries = Object.entries(value).flatMap(([name, child]): [string, unknown][] => {
    if (child === null || child === undefined) return [];
    const node = nodes.get(name);
    return [[name, node === undefined ? child : withoutNulls(child, node)]];
  });
  return Object.fromEntries(entries);
}

/** The node of a list's items: Parquet has a repeated group between list and items, which older writers left out. */
function itemOf(children: readonly SchemaTree[], isList: boolean): SchemaTree | undefined {
  const group = children[0];
  if (!isList || group === undefined) return undefined;
  return group.children.length === 1 ? group.children[0] : group;
}
