import { JinjaError } from './_jinja-error.js';
import { tokenise } from './_lexer.js';
import { TokenStream } from './_token-stream.js';

/** How deeply expressions and statements may be nested. */
const deepest = 150;

/** How many characters a template may have. Models' templates have 1,000 to 100,000. */
const longest = 2 ** 21;

/** The state of the parser. */
export class ParserState {
  protected readonly stream: TokenStream;
  /** The errors of unknown filters and tests, in branches that may never be taken. */
  protected readonly unknown: JinjaError[] = [];
  /** For each open macro, which of the names `caller`, `kwargs` and `varargs` its body reads. */
  protected readonly reads: Set<string>[] = [];
  private depth = 0;

  constructor(
    template: string,
    private readonly names: { readonly filter: ReadonlySet<string>; readonly test: ReadonlySet<string> },
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

  /** Notes that the body of the open macros reads a name. */
  protected noteRead(name: string): void {
    if (name === 'caller' || name === 'kwargs' || name === 'varargs') for (const names of this.reads) names.add(name);
  }

  protected useOf(kind: 'filter' | 'test', name: string, line: number): void {
    if (!this.names[kind].has(name)) this.unknown.push(this.stream.error(`No ${kind} named '${name}'.`, line));
  }
}
