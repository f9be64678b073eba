/** Deeper than any row. Recursive functions walk through the values, and must end before their stack does. */
const MAX_DEPTH = 100;

/** Valid JSON that is nested too deeply. */
export class TooDeep extends RangeError {
  constructor() {
    super(`it is nested more than ${MAX_DEPTH} deep`);
  }
}

/** The value that JSON.parse returns. @throws {@link TooDeep} besides the errors of JSON.parse */
export function boundedJson(text: string): unknown {
  const value: unknown = JSON.parse(text);
  checkDepth(value);
  return value;
}

/** Checks how deeply lists and objects are nested, 100 levels at most. @throws {@link TooDeep} */
export function checkDepth(value: unknown, levels = MAX_DEPTH): void {
  if (typeof value !== 'object' || value === null) return;
  if (levels === 0) throw new TooDeep();
  for (const item of Array.isArray(value) ? value : Object.values(value)) checkDepth(item, levels - 1);
}
