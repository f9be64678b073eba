/** A value of front matter. */
export type Yaml = string | number | boolean | readonly Yaml[] | { readonly [key: string]: Yaml };

/** A block of YAML between lines of three dashes. Texts are double-quoted, because YAML agrees with JSON there. */
export function frontMatter(values: Readonly<Record<string, Yaml>>): string {
  return `---\n${Object.entries(values)
    .map(([key, value]) => `${entry(key, value, 0)}\n`)
    .join('')}---\n`;
}

function entry(key: string, value: Yaml, depth: number): string {
  const indent = '  '.repeat(depth);
  if (Array.isArray(value)) {
    const items = value.map((item: Yaml) => `${indent}- ${listItem(item, depth)}`);
    return `${indent}${key}:\n${items.join('\n')}`;
  }
  if (typeof value === 'object')
    return `${indent}${key}:\n${Object.entries(value)
      .map(([name, inner]) => entry(name, inner, depth + 1))
      .join('\n')}`;
  return `${indent}${key}: ${scalar(value)}`;
}

/** An item of a list. Its first entry stands on the line of the dash. */
function listItem(value: Yaml, depth: number): string {
  if (typeof value !== 'object') return scalar(value);
  const lines = Object.entries(value).map(([name, inner]) => entry(name, inner as Yaml, depth + 1));
  return lines.join('\n').trimStart();
}

function scalar(value: string | number | boolean): string {
  // YAML 1.1 reads 1e-7 as a text: a number needs a point.
  if (typeof value === 'number') return String(value).replace(/^(-?\d+)e/, '$1.0e');
  // These characters, such as U+2028, end lines in YAML or are not printable there, but JSON leaves them as they are.
  return JSON.stringify(value).replace(
    /[\u007f-\u009f\u2028\u2029\ufeff]/g,
    (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}
