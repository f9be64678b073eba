// Bundles a file for browsers from the packages' sources, and refuses modules of Node.
import { builtinModules } from 'node:module';
import { relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { rolldown } from 'rolldown';

const root = fileURLToPath(new URL('../..', import.meta.url));

/**
 * Bundles an entry into one script.
 *
 * @param {string} entry path of the entry's file
 * @param {{format?: 'esm' | 'iife'}} options a module by default; `iife` for a script that runs before all modules
 * @returns {Promise<{code: string, modules: string[]}>} the script, and the files in it
 * @throws Error that names every file which imports a module of Node
 */
export async function bundleForBrowsers(entry, { format = 'esm' } = {}) {
  /** @type {string[]} */
  const wrong = [];
  const bundle = await rolldown({
    input: entry,
    platform: 'browser',
    resolve: { conditionNames: ['source', 'browser', 'import', 'module', 'default'] },
    logLevel: 'silent',
    plugins: [
      {
        name: 'refuse-node',
        resolveId(specifier, importer = '') {
          // tfjs's files for WebAssembly look for Node at run time; their package.json leaves Node out for browsers.
          const ours = !importer.includes('/node_modules/');
          if (!specifier.startsWith('node:') && !(ours && builtinModules.includes(specifier))) return null;
          wrong.push(`${relative(root, importer)} imports ${specifier}`);
          return { id: specifier, external: true };
        },
      },
    ],
  });
  try {
    const { output } = await bundle.generate({ format, codeSplitting: false, minify: true });
    const [{ code, imports, moduleIds }] = output;
    wrong.push(...imports.map((name) => `the bundle imports ${name}`).filter((line) => !line.includes('node:')));
    if (wrong.length > 0) throw new Error(`Not for browsers: ${[...new Set(wrong)].join('; ')}`);
    return { code, modules: moduleIds.map((id) => relative(root, id)) };
  } finally {
    await bundle.close();
  }
}
