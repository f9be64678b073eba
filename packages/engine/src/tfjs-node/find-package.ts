import { existsSync, readdirSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';

/** tfjs's packages with a native backend, the one for GPUs first. */
const NAMES = ['@tensorflow/tfjs-node-gpu', '@tensorflow/tfjs-node'] as const;

/** An installed package of tfjs with a native backend, as plain JSON. */
export interface TfjsNodePackage {
  readonly name: (typeof NAMES)[number];
  readonly version: string;
  readonly folder: string;
  /** Whether the package's native binding is there. The package's install script makes the binding. */
  readonly isBuilt: boolean;
}

/**
 * tfjs's packages with a native backend that are installed, as the project sees them, and else as this package sees them. Nothing of
 * the packages is loaded.
 *
 * @param from a folder of the project
 */
export function findTfjsNode(from: string = process.cwd()): readonly TfjsNodePackage[] {
  const places = [join(from, 'package.json'), import.meta.url].map((place) => createRequire(place));
  return NAMES.flatMap((name) => {
    const place = places.map((require) => look(require, name)).find((each) => each !== undefined);
    return place === undefined ? [] : [{ name, ...place, isBuilt: hasBinding(join(place.folder, 'lib')) }];
  });
}

function look(require: NodeJS.Require, name: string): Pick<TfjsNodePackage, 'folder' | 'version'> | undefined {
  try {
    const { version = 'of an unknown version' } = require(`${name}/package.json`) as { readonly version?: string };
    return { folder: dirname(require.resolve(`${name}/package.json`)), version };
  } catch {
    return undefined;
  }
}

/** The binding stands in a folder for a version of Node's native interface, `napi-v8`. */
function hasBinding(folder: string): boolean {
  return existsSync(folder) && readdirSync(folder).some((name) => existsSync(join(folder, name, 'tfjs_binding.node')));
}
