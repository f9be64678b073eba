import { createRequire } from 'node:module';

// In the program's bundle this path leads to the program's manifest, which has the same version.
const manifest = createRequire(import.meta.url)('../../package.json') as { readonly version: string };

/** The version of this package, which runs record. */
export const version: string = manifest.version;
