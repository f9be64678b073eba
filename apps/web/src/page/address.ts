/** The origins that may enter a policy: other characters have a meaning there. */
const origin = /^https?:\/\/([\w.-]+|\[[\da-f:.]+\])(:\d+)?$/;

/**
 * The address of a model in a page's query: `?model=https://…`. Undefined without an address of http or https.
 *
 * @param query `location.search`
 */
export function addressOf(query: string): URL | undefined {
  const text = new URLSearchParams(query).get('model');
  if (text === null || !URL.canParse(text)) return undefined;
  const address = new URL(text);
  return origin.test(address.origin) ? address : undefined;
}
