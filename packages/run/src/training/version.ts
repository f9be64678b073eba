import { createRequire } from 'node:module';

// The program's bundle lies as deep in its package as this file in ours: it finds the program's manifest, of the same version.
const manifest = createRequire(import.meta.url)('../../package.json') as { readonly version: string };

/** The version that runs record. */
export const version: string = manifest.version;
