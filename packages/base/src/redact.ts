/** The replacement of a secret. */
const mask = '***';

/** A part of a secret of this length betrays the secret. Shorter parts occur in any word. */
const partLength = 6;

/** The parts of each secret, by the secret. */
const partsOfSecrets = new Map<string, ReadonlySet<string>>();
let isEnvironmentRead = false;

/**
 * Keeps a secret (a token, a password) out of every message from now on: {@link redact} removes each part of six letters or more,
 * also when it is escaped as in JSON or in an address. Shorter secrets are not recognised.
 */
export function keepSecret(secret: string): void {
  for (const form of formsOf(secret)) {
    if (form.length < partLength || partsOfSecrets.has(form)) continue;
    const parts = new Set<string>();
    for (let at = 0; at + partLength <= form.length; at++) parts.add(form.slice(at, at + partLength));
    partsOfSecrets.set(form, parts);
  }
}

/**
 * {@link keepSecret} for the secrets of an environment: the values of variables with names of tokens, passwords and keys, and the
 * passwords in addresses (`HF_ENDPOINT`, `HTTPS_PROXY`, `PIP_INDEX_URL`, …).
 */
export function keepSecretsOf(environment: Readonly<Record<string, string | undefined>>): void {
  for (const [name, value = ''] of Object.entries(environment)) {
    if (/(TOKEN|PASSWORD|PASSWD|SECRET|API_?KEY)$/i.test(name)) keepSecret(value.trim());
    // One variable may hold several addresses (PIP_EXTRA_INDEX_URL). The address of a proxy may lack the scheme.
    for (const address of value.includes('@') ? value.split(/\s+/) : []) {
      const login = /^(?:[a-z][a-z0-9+.-]{0,20}:\/\/)?(.+)@/i.exec(address)?.[1] ?? '';
      if (address.includes('://') || /proxy$/i.test(name)) keepLogin(login);
    }
  }
}

/** Keeps the text before the @ of an address: `user:password`, or a token alone. */
function keepLogin(login: string): void {
  const colon = login.indexOf(':');
  keepSecret(login.slice(colon + 1));
  if (colon >= 0) keepSecret(base64(login));
}

function formsOf(secret: string): string[] {
  const lines = secret.split(/[\r\n]+/);
  return [secret, ...lines, JSON.stringify(secret).slice(1, -1), ...encodings(secret)];
}

function encodings(secret: string): string[] {
  try {
    return [encodeURIComponent(secret), decodeURIComponent(secret)];
  } catch {
    return []; // Half a character, or a % without an encoded character.
  }
}

function base64(text: string): string {
  return btoa(String.fromCodePoint(...new TextEncoder().encode(text)));
}

/**
 * A text without secrets. The function removes logins in addresses, the query of an address (which may hold a signature),
 * authorization headers, tokens of the Hugging Face hub, and every part of a secret that {@link keepSecret} got. The secrets of
 * the process's own environment are always removed.
 */
export function redact(text: string): string {
  if (!isEnvironmentRead) {
    isEnvironmentRead = true;
    // Browsers have no environment.
    if (typeof process !== 'undefined') keepSecretsOf(process.env);
  }
  return withoutParts(withoutPatterns(text));
}

function withoutPatterns(text: string): string {
  return text
    .replace(/[^\s"'<>()`]+/g, (word) => (word.includes('://') ? withoutLogin(word) : word))
    .replace(/\b(Bearer|Basic) [^\s"']{6,}/g, `$1 ${mask}`)
    .replace(/\bhf_[A-Za-z0-9]{6,}/g, mask);
}

/** An address, its login and query masked. */
function withoutLogin(word: string): string {
  const start = word.indexOf('://') + '://'.length;
  const at = word.lastIndexOf('@');
  const login = word.slice(start, Math.max(at, start));
  // A password may hold a / or an @. Before the @ of a path there is no colon except the colon of a port.
  const isLogin = at >= start && (!login.includes('/') || /:(?!\d+\/)/.test(login));
  const rest = isLogin ? mask + word.slice(at) : word.slice(start);
  const query = rest.indexOf('?');
  return word.slice(0, start) + (query < 0 || query === rest.length - 1 ? rest : `${rest.slice(0, query)}?${mask}`);
}

/** Masks every part of every secret. */
function withoutParts(text: string): string {
  const inside = new Uint8Array(text.length);
  for (const parts of partsOfSecrets.values()) {
    for (let at = 0; at + partLength <= text.length; at++) {
      if (parts.has(text.slice(at, at + partLength))) inside.fill(1, at, at + partLength);
    }
  }
  if (!inside.includes(1)) return text;
  let result = '';
  for (let at = 0; at < text.length; at++) {
    if (inside[at] === 0) result += text.charAt(at);
    else if (inside[at - 1] !== 1) result += mask;
  }
  return result;
}

/**
 * {@link redact} for all texts in plain JSON and in errors (message, stack, own fields, cause). A value without secrets is
 * returned itself, any other value as a copy.
 */
export function redactDeep(value: unknown): unknown {
  return redactWithin(value, new Set());
}

/** The largest depth that is searched for secrets. People do not read deeper values. */
const maxDepth = 20;

function redactWithin(value: unknown, above: ReadonlySet<unknown>): unknown {
  if (typeof value === 'string') return redact(value);
  if (typeof value !== 'object' || value === null || above.has(value) || above.size > maxDepth) return value;
  const floor = new Set([...above, value]);
  if (value instanceof Error) return redactError(value, floor);
  if (Array.isArray(value)) {
    const items = value.map((item) => redactWithin(item, floor));
    return items.some((item, i) => item !== value[i]) ? items : value;
  }
  const prototype: unknown = Object.getPrototypeOf(value);
  if (prototype !== Object.prototype && prototype !== null) return value;
  const entries = Object.entries(value).map(([key, item]) => [redact(key), redactWithin(item, floor), key, item]);
  const hasChanged = entries.some(([key, item, oldKey, oldItem]) => key !== oldKey || item !== oldItem);
  return hasChanged ? Object.fromEntries(entries.map(([key, item]) => [key, item])) : value;
}

/** Properties of errors that are not enumerable, and that a logger prints all the same. */
const hiddenProperties = ['message', 'stack', 'cause', 'errors'] as const;

function redactError(error: Error, above: ReadonlySet<unknown>): Error {
  const names = [...new Set([...Object.keys(error), ...hiddenProperties.filter((name) => name in error)])];
  const fields = names.map((name) => {
    const value: unknown = Reflect.get(error, name);
    return { name, value, cleanValue: redactWithin(value, above) };
  });
  if (fields.every(({ value, cleanValue }) => value === cleanValue)) return error;
  // A copy of the same class, since callers tell errors apart by class, and some errors' fields cannot be written.
  const copy: Error = Object.create(Object.getPrototypeOf(error));
  for (const { name, cleanValue } of fields) {
    const enumerable = Object.prototype.propertyIsEnumerable.call(error, name);
    Object.defineProperty(copy, name, { value: cleanValue, enumerable, configurable: true, writable: true });
  }
  return copy;
}
