/** What reading put right, in one word. */
export type MendCode =
  | 'prompt-repeated'
  | 'conversation-as-text'
  | 'role-names'
  | 'split-before-answers'
  | 'answers-as-turns'
  | 'unpaired-rows';

/** What was put right in each case, for people. */
const MENDED: Readonly<Record<MendCode, string>> = {
  'prompt-repeated': 'The answers began with the prompt once more, which was cut off there.',
  'conversation-as-text': 'A conversation was given as JSON within a text, and was read as a conversation.',
  'role-names': 'Roles had other names (Human, GPT, capitals), and are called user, assistant and system now.',
  'split-before-answers':
    'The conversations part at a turn that is not of the assistant: both answers begin with the turn of the assistant before.',
  'answers-as-turns': 'Conversations had plain texts as answers, which were read as turns of the assistant.',
  'unpaired-rows': 'Rows hold no preference (a tie, or one answer alone), and were left out.',
};

/** Is told, while rows are read, what was put right in them and which of their keys are of no use. */
export interface RowNotes {
  mend(code: MendCode, row: number): void;
  aside(key: string): void;
}

/** One kind of thing that was put right. */
export interface Mended {
  readonly code: MendCode;
  readonly message: string;
  /** In how many rows. */
  readonly count: number;
  /** The first rows of them, counted from 0. */
  readonly rows: readonly number[];
}

/** What reading a dataset has to say about it. */
export interface ReadNotes {
  readonly path: string;
  /** Columns, and keys within columns, that nothing is made of. */
  readonly leftAside: readonly string[];
  readonly mended: readonly Mended[];
}

const ROWS_NAMED = 20;

/** Collects what is told of one pass over the rows of a file. */
export class Notes implements RowNotes {
  readonly #aside = new Set<string>();
  readonly #mended = new Map<MendCode, { count: number; rows: number[] }>();
  readonly #here = new Set<MendCode>();

  /** Another row begins: what is put right in it counts once, wherever it was. */
  next(): void {
    this.#here.clear();
  }

  aside(key: string): void {
    this.#aside.add(key);
  }

  mend(code: MendCode, row: number): void {
    const found = this.#mended.get(code) ?? { count: 0, rows: [] };
    this.#mended.set(code, found);
    if (this.#here.has(code)) return;
    this.#here.add(code);
    found.count++;
    if (found.rows.length < ROWS_NAMED) found.rows.push(row);
  }

  of(path: string): ReadNotes {
    const codes = Object.keys(MENDED) as MendCode[];
    return {
      path,
      leftAside: [...this.#aside].sort(),
      mended: codes.flatMap((code) => {
        const found = this.#mended.get(code);
        return found === undefined ? [] : [{ code, message: MENDED[code], ...found }];
      }),
    };
  }
}
