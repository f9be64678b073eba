import { readFile } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import * as data from './index.js';
import * as test from './test/index.js';

describe('the README', () => {
  it('imports only names that are exported', async () => {
    const text = await readFile(new URL('../README.md', import.meta.url), 'utf8');
    const imports = [...text.matchAll(/import \{([^}]+)\} from '@dpo\/data(\/test)?'/g)];
    expect(imports.length).toBe(2);
    for (const [, names, fromTest] of imports) {
      for (const name of (names ?? '').match(/\w+/g) ?? [])
        expect(Object.keys(fromTest === undefined ? data : test)).toContain(name);
    }
  });
});
