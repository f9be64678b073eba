import { DpoError, keepSecret } from '@dpo/base';

/** The address of a hub. */
export interface HubAddress {
  /** The address without login and without a slash at the end. */
  readonly base: string;
  /** Scheme, host and port: tokens are sent to this origin only. */
  readonly origin: string;
  /** The host for people, with the port when it is not the usual one. */
  readonly host: string;
  /** `user:password` of the address, for the header of requests to the hub. */
  readonly login: string | undefined;
}

/**
 * Takes a hub's address apart.
 *
 * @throws DpoError `hub.bad-endpoint` for any other text; the message has no login
 */
export function parseAddress(text: string): HubAddress {
  const login = /^[a-z]+:\/\/(.+)@/i.exec(text)?.[1];
  if (login !== undefined) keepSecret(login.slice(login.indexOf(':') + 1));
  const url = URL.canParse(text.trim()) ? new URL(text.trim()) : undefined;
  if (url === undefined || !/^https?:$/.test(url.protocol)) {
    throw new DpoError('hub.bad-endpoint', `${JSON.stringify(text)} is not the address of a model hub.`, {
      values: { endpoint: text },
      hint: 'Set HF_ENDPOINT to an address that begins with https://, or unset it. A password with / or @ is written %2F, %40.',
    });
  }
  return {
    base: `${url.origin}${url.pathname}`.replace(/\/+$/, ''),
    origin: url.origin,
    host: url.host,
    login: loginOf(url),
  };
}

function loginOf({ username, password }: URL): string | undefined {
  if (username === '' && password === '') return undefined;
  const [user, secret] = [decode(username), decode(password)];
  keepSecret(secret || user);
  return `${user}:${secret}`;
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text; // A % without an encoded character stands for itself.
  }
}
