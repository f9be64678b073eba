/** What front matter can hold. */
export type Yaml = string | number | boolean | readonly Yaml[] | { readonly [key: string]: Yaml };

/** A block of YAML between lines of three dashes. Texts are double-quoted, in which YAML agrees with JSON. */
export function frontMatter(values: Readonly<Record<string, Yaml>>): string {
  return `---\n${Object.entries(values)
    .map(([key, value]) => `${keyed(key, value, 0)}\n`)
    .join('')}---\n`;
}

function keyed(key: string, value: Yaml, depth: number): string {
  const indent = '  '.repeat(depth);
  if (Array.isArray(value)) {
    const items = value.map((item: Yaml) => `${indent}- ${entryOf(item, depth)}`);
    return `${indent}${key}:\n${items.join('\n')}`;
  }
  if (typeof value === 'object')
    return `${indent}${key}:\n${Object.entries(value)
      .map(([name, inner]) => keyed(name, inner, depth + 1))
      .join('\n')}`;
  return `${indent}${key}: ${scalar(value)}`;
}

/** An entry of a list: what stands in it begins on the line of its dash. */
function entryOf(value: Yaml, depth: number): string {
  if (typeof value !== 'object') return scalar(value);
  const lines = Object.entries(value).map(([name, inner]) => keyed(name, inner as Yaml, depth + 1));
  return lines.join('\n').trimStart();
}

function scalar(value: string | number | boolean): string {
  // YAML 1.1 takes 1e-7 for a text: it wants a point in the number.
  if (typeof value === 'number') return String(value).replace(/^(-?\d+)e/, '$1.0e');
  // U+2028 and its kin end lines in YAML, but not in JSON.
  return JSON.stringify(value).replace(
    /[\u007f-\u009f\u2028\u2029\ufeff]/g,
    (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}
