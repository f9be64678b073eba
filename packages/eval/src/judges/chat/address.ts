import { DpoError } from '@dpo/base';

/** The address of an OpenAI-compatible server. */
export interface Address {
  /** Without a slash at its end; /chat/completions follows it. */
  readonly url: string;
  /** Whether the server is on this machine or in a private network, where servers often need no key. */
  readonly isPrivate: boolean;
}

/**
 * Reads the address of a server, such as `http://localhost:8000/v1`.
 *
 * @throws DpoError `judge.bad-address` for a text that is no address; `judge.key-in-address` for an address with a login or a
 *   query, since keys come from the environment alone. The second error does not repeat the address.
 */
export function parseAddress(text: string): Address {
  let url: URL;
  try {
    url = new URL(text);
  } catch {
    throw new DpoError('judge.bad-address', `${text} is no address of a judge.`, {
      values: { address: text },
      hint: 'Write it with its scheme and, usually, /v1: http://localhost:8000/v1',
    });
  }
  if (url.username !== '' || url.password !== '' || url.search !== '')
    throw new DpoError('judge.key-in-address', "The judge's address holds a login or a query, which may be a key.", {
      hint: 'Put the key into the environment (OPENAI_API_KEY, or the variable that --judge-key-env names).',
    });
  if (url.protocol !== 'http:' && url.protocol !== 'https:')
    throw new DpoError('judge.bad-address', `${text} is no address of a judge: the scheme should be http or https.`, {
      values: { address: text },
    });
  const path = url.pathname.replace(/\/+$/, '').replace(/\/chat\/completions$/, '');
  return { url: `${url.origin}${path}`, isPrivate: isPrivateHost(url.hostname) };
}

function isPrivateHost(host: string): boolean {
  if (!host.includes('.') && !host.includes(':')) return true; // localhost, or a name of the local network
  if (/^\[(::1|f[cd]|fe80)/i.test(host) || /\.(local|lan|internal)$/i.test(host)) return true;
  return /^(127\.|10\.|192\.168\.|169\.254\.|172\.(1[6-9]|2\d|3[01])\.)/.test(host);
}
