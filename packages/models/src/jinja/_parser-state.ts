import { JinjaError } from './_jinja-error.js';
import { tokenise } from './_lexer.js';
import { TokenStream } from './_token-stream.js';

/** The deepest that expressions and statements may lie within each other. */
const deepest = 150;

/** The longest that a template may be; those of models have 1,000 to 100,000 characters. */
const longest = 2 ** 21;

/** What the parser knows while it reads. */
export class ParserState {
  protected readonly stream: TokenStream;
  /** Filters and tests that are not known, in branches that may not be taken. */
  protected readonly unknown: JinjaError[] = [];
  /** For each macro that is being read, which of the names that calls define its body reads. */
  protected readonly reads: Set<string>[] = [];
  private depth = 0;

  constructor(
    template: string,
    private readonly known: { readonly filter: ReadonlySet<string>; readonly test: ReadonlySet<string> },
  ) {
    if (template.length > longest) {
      throw new JinjaError('limit', `it goes beyond the limit of a template of ${longest} characters`);
    }
    this.stream = new TokenStream(tokenise(template));
  }

  protected nested<T>(parse: () => T): T {
    this.depth++;
    if (this.depth > deepest) {
      throw new JinjaError(
        'limit',
        `it goes beyond the limit of ${deepest} expressions within each other`,
        this.stream.current.line,
      );
    }
    const node = parse();
    this.depth--;
    return node;
  }

  protected read(name: string): void {
    if (name === 'caller' || name === 'kwargs' || name === 'varargs') for (const set of this.reads) set.add(name);
  }

  protected useOf(kind: 'filter' | 'test', name: string, line: number): void {
    if (!this.known[kind].has(name)) this.unknown.push(this.stream.error(`No ${kind} named '${name}'.`, line));
  }
}
