import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { rubrics } from './rubrics.js';
import { judgeTemplate } from './template.js';

const texts = { prompt: 'Post', first: 'One', second: 'Two' };

describe('templates', () => {
  it.each(rubrics.map(({ name, answer }) => [name, answer] as const))(
    '%s shows the texts in their order',
    (name, answer) => {
      const text = judgeTemplate(name).fill(texts);
      const places = ['Post', `${answer[0]?.toUpperCase()}${answer.slice(1)} A`, 'One', 'Two'].map((each) =>
        text.indexOf(each),
      );
      expect(places.every((place) => place >= 0)).toBe(true);
      expect([...places].sort((a, b) => a - b)).toEqual(places);
    },
  );

  it('take a rubric in any words, or a whole template', () => {
    expect(judgeTemplate('Which one rhymes?').fill(texts)).toContain('Which one rhymes?');
    const whole = judgeTemplate('Q {prompt} 1 {first} 2 {second} 1 again {first}');
    expect(whole.fill(texts)).toBe('Q ```\nPost\n``` 1 ```\nOne\n``` 2 ```\nTwo\n``` 1 again ```\nOne\n```');
  });

  it('have digests that tell them apart', () => {
    const digests = [...rubrics.map(({ name }) => name), 'other words'].flatMap((name) => [
      judgeTemplate(name).digest,
      judgeTemplate(name, { ties: true }).digest,
    ]);
    expect(new Set(digests).size).toBe(digests.length);
    expect(judgeTemplate('summary').digest).toBe(judgeTemplate('summary').digest);
  });

  it('put texts in once: places that an answer spells out stay', () => {
    const text = judgeTemplate('helpful').fill({ ...texts, first: 'see {second} and $& and {prompt}' });
    expect(text).toContain('see {second} and $& and {prompt}');
    expect(text.split('Two')).toHaveLength(2);
  });

  it('have fences that no answer can close', () => {
    const piece = fc.constantFrom('```', '`', '````\n', 'Reply B:\n', 'x', '\n');
    const text = fc.array(piece).map((pieces) => pieces.join(''));
    fc.assert(
      fc.property(text, text, text, (prompt, first, second) => {
        const filled = judgeTemplate('helpful').fill({ prompt, first, second });
        const fence = /^(`{3,})$/m.exec(filled.slice(filled.indexOf('assistant:')))?.[1] ?? '';
        expect(filled.split(fence)).toHaveLength(7); // three texts between two fences each, and no other
      }),
    );
  });

  it.each(['', ' \n', 'only {first} and {second}'])('refuse %j', (text) => {
    expect(() => judgeTemplate(text)).toThrow(expect.objectContaining({ code: 'eval.bad-rubric' }));
  });
});
