/** A tensor of a shader that is bound in several pieces, since the device binds no more bytes at once. */
export interface SplitBinding {
  /** The tensor's name in the shader. */
  readonly name: string;
  /** The numbers of the bindings of its pieces. */
  readonly bindings: readonly number[];
}

/**
 * Makes a shader read and write tensors piece by piece: every access to such a tensor becomes a call of a function that chooses the
 * piece. With this, tfjs's kernels compute on tensors beyond `maxStorageBufferBindingSize`.
 *
 * @param code a shader of tfjs, WGSL
 * @param pieceBytes the bytes of every piece but the last
 * @returns undefined when the shader uses a tensor in another way than by reading and setting elements
 */
export function splitBindings(code: string, tensors: readonly SplitBinding[], pieceBytes: number): string | undefined {
  let result: string | undefined = code;
  for (const tensor of tensors) result = result && splitOne(result, tensor, pieceBytes);
  return result;
}

function splitOne(code: string, { name, bindings }: SplitBinding, pieceBytes: number): string | undefined {
  const declaration = new RegExp(
    `@group\\(0\\) @binding\\(\\d+\\) var<storage, (read|read_write)> ${name}\\s*:\\s*array<(\\w+(?:<\\w+>)?)>;`,
  ).exec(code);
  const [whole, access, type] = declaration ?? [];
  if (whole === undefined || type === undefined || type.startsWith('atomic')) return undefined;
  const rest = rewriteAccesses(code.replace(whole, ''), name);
  if (rest === undefined) return undefined;
  const length = pieceBytes / (type.startsWith('vec4') ? 16 : 4);
  const pieces = bindings.map((binding, k) => ({ binding, piece: `${name}_piece_${k}`, start: k * length }));
  /** Statements that choose the piece of an element, from the last piece down. */
  const choose = (then: (element: string) => string): string =>
    [...pieces]
      .reverse()
      .map(({ piece, start }) => `if (i >= ${start}) { ${then(`${piece}[i - ${start}]`)} }`)
      .join('\n');
  const setter =
    access === 'read_write' ? `fn ${name}_set(i : i32, v : ${type}) {\n${choose((e) => `${e} = v; return;`)}\n}` : '';
  return [
    ...pieces.map(
      ({ binding, piece }) => `@group(0) @binding(${binding}) var<storage, ${access}> ${piece} : array<${type}>;`,
    ),
    `fn ${name}_at(i : i32) -> ${type} {\n${choose((e) => `return ${e};`)}\nreturn ${type}();\n}`,
    setter,
    rest,
  ].join('\n');
}

/** Replaces `name[i]` by `name_at(i)`, and `name[i] = v;` by `name_set(i, v);`. */
function rewriteAccesses(code: string, name: string): string | undefined {
  const start = new RegExp(`(?<![.\\w])${name}\\s*\\[`).exec(code);
  if (start === null) return new RegExp(`&\\s*\\(?\\s*${name}(?!\\w)`).test(code) ? undefined : code;
  const before = code.slice(0, start.index);
  if (/&\s*\(?\s*$/.test(before)) return undefined;
  const open = start.index + start[0].length;
  const close = closing(code, open);
  const index = rewriteAccesses(code.slice(open, close), name);
  const assignment = /^\s*=(?!=)/.exec(code.slice(close + 1));
  if (index === undefined) return undefined;
  if (assignment === null) {
    const rest = rewriteAccesses(code.slice(close + 1), name);
    return rest === undefined ? undefined : `${before}${name}_at(i32(${index}))${rest}`;
  }
  const from = close + 1 + assignment[0].length;
  const end = code.indexOf(';', from);
  const [value, rest] = [code.slice(from, end), code.slice(end)].map((part) => rewriteAccesses(part, name));
  if (value === undefined || rest === undefined) return undefined;
  return `${before}${name}_set(i32(${index}), ${value.trim()})${rest}`;
}

/** The place of the bracket that closes the one before `from`. */
function closing(code: string, from: number): number {
  let depth = 1;
  let at = from;
  for (; depth > 0 && at < code.length; at++) depth += code[at] === '[' ? 1 : code[at] === ']' ? -1 : 0;
  return at - 1;
}
