/** The element with an id, of a kind. The page's HTML and its script belong together: a missing element is a fault of ours. */
export function element<E extends HTMLElement>(id: string, kind: { new (): E; readonly name: string }): E {
  const match = document.getElementById(id);
  if (match instanceof kind) return match;
  throw new Error(`The page has no ${kind.name} with the id ${id}.`);
}

/** A new element with a class and with texts or elements in it. Texts stay texts. */
export function make<K extends keyof HTMLElementTagNameMap>(
  tag: K,
  className: string,
  ...content: readonly (string | Node)[]
): HTMLElementTagNameMap[K] {
  const result = document.createElement(tag);
  if (className !== '') result.className = className;
  result.append(...content);
  return result;
}
