import { readFileSync } from 'node:fs';
import type { Json } from '@dpo/base';
import { describe, expect, it } from 'vitest';
import { JinjaError, parseTemplate } from './template.js';

/** A template and its text, or `null` when Jinja raises. */
type Case = readonly [template: string, text: string | null];

// Texts by transformers' Jinja, made by tooling/parity/templates.py.
const fixture = new URL('../../../../tooling/parity/fixtures/templates/features.json', import.meta.url);
const expected = JSON.parse(readFileSync(fixture, 'utf8')) as {
  readonly now: string;
  readonly variables: Readonly<Record<string, Json>>;
  readonly features: readonly Case[];
  readonly random: readonly Case[];
};

function rendered(template: string): string | null {
  try {
    return parseTemplate(template).render(expected.variables, { now: new Date(expected.now) }).text;
  } catch (error) {
    if (error instanceof JinjaError) return null;
    throw error;
  }
}

function errorOf(template: string, limits = {}): JinjaError {
  try {
    parseTemplate(template).render(expected.variables, { limits });
  } catch (error) {
    if (error instanceof JinjaError) return error;
    throw error;
  }
  throw new Error(`It was rendered: ${template.slice(0, 100)}`);
}

describe('a template', () => {
  it('does everything that published templates use as Jinja does', () => {
    expect(expected.features.map(([template]) => [template, rendered(template)])).toEqual(expected.features);
  });

  it('computes a thousand random expressions as Jinja does', () => {
    expect(expected.random.length).toBeGreaterThan(900);
    expect(expected.random.map(([template]) => [template, rendered(template)])).toEqual(expected.random);
  });

  it.each([
    ['syntax', 3, 'one\ntwo\n{% for x in y %}{{ x }', "unexpected '}'"],
    ['syntax', 2, '{{ 1 }}\n{{ x | nope }}', "No filter named 'nope'."],
    [
      'runtime',
      3,
      "{% macro m(x) %}\n\n{{ x + 'a' }}{% endmacro %}\n\n{{ m(1) }}",
      'unsupported operand type(s) for +',
    ],
    ['runtime', 2, '{% if true %}\n{{ missing.x }}{% endif %}', "'missing' is undefined"],
    ['raised', 4, "a\n\n\n{{ raise_exception('No ' ~ messages[0].role ~ '.') }}", 'No system.'],
    ['runtime', 1, "{% include 'other.jinja' %}", 'no other template'],
  ] as const)('fails by %s in line %i', (fault, line, template, message) => {
    const error = errorOf(template);
    expect(error).toMatchObject({ fault, line });
    expect(error.message).toContain(message);
  });

  it('returns the places of generation blocks', () => {
    const template = '{% for m in m %}{{ m }}:{% generation %}{{ m }}.{% endgeneration %} {% endfor %}';
    const { text, generations } = parseTemplate(template).render({ m: ['a', 'bc'] });
    expect(text).toBe('a:a. bc:bc. ');
    expect(generations).toEqual([
      [2, 4],
      [8, 11],
    ]);
  });
});

const growing = (step: string): string =>
  `{% set ns = namespace(x='x', l=[1]) %}{% for i in range(90) %}{% set ns.${step} %}{% endfor %}{{ ns.l }}`;

describe('a template that does too much', () => {
  it.each([
    ['a long range', '{% for i in range(999999999) %}{% endfor %}'],
    ['loops in loops', '{% for i in range(99999) %}{% for j in range(99999) %}{% endfor %}{% endfor %}'],
    ['a long text', "{{ 'x' * 10 ** 10 }}"],
    ['a long list', '{{ [0] * 10 ** 9 }}'],
    ['a long tuple', '{{ (1,) * 10 ** 9 }}'],
    ['a text that doubles', growing('x = ns.x ~ ns.x')],
    ['a sum that doubles', growing('x = ns.x + ns.x')],
    ['a list that doubles', growing('l = ns.l + ns.l')],
    ['a list of itself twice, printed', growing('l = [ns.l, ns.l]')],
    ['a list of itself twice, as JSON', growing('l = [ns.l, ns.l]').replace('ns.l }}', 'ns.l | tojson }}')],
    [
      'two lists of themselves twice, compared',
      '{% set ns = namespace(a=[1], b=[1]) %}{% for i in range(90) %}{% set ns.a, ns.b = [ns.a, ns.a], [ns.b, ns.b] %}{% endfor %}{{ ns.a == ns.b }}',
    ],
    [
      'a tuple of itself twice as a key',
      growing('l = (ns.l, ns.l)').replace('l=[1]', 'l=(1,)').replace('{{ ns.l }}', '{{ {ns.l: 1} }}'),
    ],
    ['a macro without end', '{% macro m() %}{{ m() }}{% endmacro %}{{ m() }}'],
    [
      'a macro that doubles',
      '{% macro m(n) %}{% if n %}{{ m(n - 1) }}{{ m(n - 1) }}{% endif %}{% endmacro %}{{ m(99) }}',
    ],
    ['a loop that calls itself', '{% for x in [1] recursive %}{{ loop([1]) }}{% endfor %}'],
    ['a block that calls itself', '{% block a %}{{ self.a() }}{% endblock %}'],
    ['deep parentheses', `{{ ${'('.repeat(10_000)}1${')'.repeat(10_000)} }}`],
    ['deep tags', '{% if true %}'.repeat(10_000)],
    ['a long chain', `{{ 1 ${'+ 1 '.repeat(20_000)} }}`],
    ['a tower of powers', '{{ 9 ** 9 ** 9 ** 9 }}'],
    ['a wide text', "{{ 'a'.center(10 ** 9) }}"],
    ['a wide number', "{{ '%999999999d' % 1 }}"],
    ['a wide format', "{{ '{:999999999}'.format(1) }}"],
    ['many long replacements', "{{ ('a' * 100000).replace('a', 'b' * 100000) }}"],
    ['many wide texts', "{{ range(100000) | map('string') | map('center', 100000) | list }}"],
    ['a long join', "{{ (['a' * 100000] * 100000) | join }}"],
    ['a wide indentation', "{{ ('a\\n' * 100000) | indent('x' * 100000) }}"],
    ['many tabs', "{{ ('\\t' * 100000).expandtabs(100000) }}"],
    ['a batch of much', '{{ [1] | batch(10 ** 9, 1) | list }}'],
    ['much text that is escaped', "{{ ('&' * 10000000) | e }}"],
    ['a long word that is wrapped', "{{ ('a-' * 500000) | wordwrap(3) }}"],
    ['a lot of text', `{% for i in range(99999) %}${'x'.repeat(10_000)}{% endfor %}`],
    ['a long template', ' '.repeat(2 ** 21 + 1)],
  ])('ends by a limit: %s', (_, template) => {
    // Fewer steps than by default, so that the tests are quick.
    expect(errorOf(template, { steps: 500_000 }).fault).toBe('limit');
  });

  it('may have five million steps by default, and a text of 32 million characters', () => {
    expect(errorOf('{% for i in range(99999) %}{% for j in range(99999) %}{% endfor %}{% endfor %}').message).toContain(
      '5000000 steps',
    );
    expect(errorOf("{{ 'x' * (2 ** 25 + 1) }}").message).toContain('33554432 characters');
  });
});
