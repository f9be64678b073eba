import { DpoError } from '@dpo/base';

/** The name of a model or a dataset on the hub. */
export interface HubName {
  readonly kind: 'model' | 'dataset';
  /** `org/name`, or `name` alone for the oldest models (`gpt2`). */
  readonly id: string;
  /** A branch, a tag or a commit. */
  readonly revision: string;
}

const namePattern = /^[A-Za-z0-9][\w.-]*(?:\/[A-Za-z0-9][\w.-]*)?$/;

/** Parses `org/name[@revision]`; undefined for a text that cannot be a name on the hub. */
export function parseHubName(text: string, kind: HubName['kind'] = 'model'): HubName | undefined {
  const at = text.indexOf('@');
  const id = at < 0 ? text : text.slice(0, at);
  const revision = at < 0 ? 'main' : text.slice(at + 1);
  if (!namePattern.test(id) || id.includes('..') || id.includes('--')) return undefined;
  // A revision becomes a path in the cache, so it may have no empty, absolute or upward parts.
  if (!/^[\w][\w./-]*$/.test(revision) || revision.split('/').some((part) => part === '' || /^\.+$/.test(part))) {
    return undefined;
  }
  return { kind, id, revision };
}

/** Parses a name as {@link parseHubName} does. @throws DpoError `hub.bad-name` for any other text */
export function needHubName(text: string, kind: HubName['kind'] = 'model'): HubName {
  const name = parseHubName(text, kind);
  if (name !== undefined) return name;
  throw new DpoError('hub.bad-name', `${JSON.stringify(text)} is not the name of a ${kind} on the hub.`, {
    values: { name: text },
    hint: 'Names are org/name or org/name@revision.',
  });
}

/** The path of a repository's files, from the hub's address on: `/org/name`, `/datasets/org/name`. */
export function filesPath({ kind, id }: HubName): string {
  return kind === 'dataset' ? `/datasets/${id}` : `/${id}`;
}

/** The title of a repository in messages. */
export function repositoryTitle({ kind, id, revision }: HubName): string {
  return revision === 'main' ? `${kind} ${id}` : `${kind} ${id} at revision ${revision}`;
}
