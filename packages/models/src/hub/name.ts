import { DpoError } from '@dpo/base';

/** A model on the hub. */
export interface HubName {
  /** `org/name`, or `name` alone for the oldest models (`gpt2`). */
  readonly id: string;
  /** A branch, a tag or a commit. */
  readonly revision: string;
}

const namePattern = /^[A-Za-z0-9][\w.-]*(?:\/[A-Za-z0-9][\w.-]*)?$/;

/** Parses `org/name[@revision]`; undefined where the text cannot be the name of a model on the hub. */
export function parseHubName(text: string): HubName | undefined {
  const at = text.indexOf('@');
  const id = at < 0 ? text : text.slice(0, at);
  const revision = at < 0 ? 'main' : text.slice(at + 1);
  if (!namePattern.test(id) || id.includes('..') || id.includes('--')) return undefined;
  // A revision becomes a path in the cache: no empty, absolute or upward parts.
  if (!/^[\w][\w./-]*$/.test(revision) || revision.split('/').some((part) => part === '' || /^\.+$/.test(part))) {
    return undefined;
  }
  return { id, revision };
}

/** As {@link parseHubName}; throws `hub.bad-name` instead. */
export function needHubName(text: string): HubName {
  const name = parseHubName(text);
  if (name !== undefined) return name;
  throw new DpoError('hub.bad-name', `${JSON.stringify(text)} is not the name of a model on the hub.`, {
    values: { name: text },
    hint: 'Names are org/name or org/name@revision.',
  });
}
