import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { asTyped, programTyped } from './as-typed.js';
import { defineCommand } from './define.js';

describe('programTyped', () => {
  it.each([
    [{ DPO_PROGRAM: 'npm run dpo --', npm_command: 'run-script' }, 'npm run dpo --'],
    [{ npm_command: 'exec', npm_config_user_agent: 'npm/11.0.0 node/v20.20.0' }, 'npx dpo'],
    [{ npm_command: 'run-script', npm_lifecycle_event: 'train' }, 'npx dpo'],
    [{ npm_config_user_agent: 'pnpm/10.34.8 npm/? node/v20.20.0' }, 'pnpm exec dpo'],
    [{}, 'dpo'],
  ])('%j', (environment, program) => {
    expect(programTyped(environment)).toBe(program);
  });
});

describe('asTyped', () => {
  const names = ['train', 'engine', 'data'];
  const clone = (text: string) => asTyped(text, 'npm run dpo --', names);

  it('puts the typed words before commands, and before nothing else', () => {
    expect(clone('Run: dpo engine install')).toBe('Run: npm run dpo -- engine install');
    expect(clone('`dpo train` or "dpo data build hh"')).toBe(
      '`npm run dpo -- train` or "npm run dpo -- data build hh"',
    );
    expect(clone('Usage: dpo COMMAND [options]')).toBe('Usage: npm run dpo -- COMMAND [options]');
    for (const text of ['This is a defect of dpo: please', '@dpo/data train', 'the dpo training', 'my-dpo train'])
      expect(clone(text)).toBe(text);
  });

  it('names options by their flags when a library named their keys', () => {
    const command = defineCommand({
      name: 'train',
      summary: '',
      options: z.strictObject({ maxLength: z.number(), maxPromptLength: z.number(), data: z.string() }),
      run: async () => 0,
    });
    expect(asTyped('Name it by maxLength: any number.', 'dpo', names, command)).toBe(
      'Name it by --max-length: any number.',
    );
    expect(asTyped('Raise maxLength, or set maxPromptLength below it; data stay.', 'dpo', names, command)).toBe(
      'Raise --max-length, or set --max-prompt-length below it; data stay.',
    );
    for (const text of ['"maxLength" of a file', 'options.maxLength', '--max-length', 'maxLengths'])
      expect(asTyped(text, 'dpo', names, command)).toBe(text);
  });
});
