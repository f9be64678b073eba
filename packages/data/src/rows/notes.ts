/** A kind of fault that reading puts right. */
export type MendCode =
  | 'prompt-repeated'
  | 'conversation-as-text'
  | 'role-names'
  | 'split-before-answers'
  | 'answers-as-turns'
  | 'unpaired-rows';

/** A sentence for people about each kind. */
const MEND_MESSAGES: Readonly<Record<MendCode, string>> = {
  'prompt-repeated': 'The answers began with the prompt once more, which was cut off there.',
  'conversation-as-text': 'A conversation was given as JSON within a text, and was read as a conversation.',
  'role-names': 'Roles had other names (Human, GPT, capitals), and are called user, assistant and system now.',
  'split-before-answers':
    "The conversations part at a turn that is not the assistant's: both answers begin with the assistant's turn before that one.",
  'answers-as-turns': 'Conversations had plain texts as answers, which were read as turns of the assistant.',
  'unpaired-rows': 'Rows hold no preference (a tie, or one answer alone), and were left out.',
};

/** Takes notes while rows are read. */
export interface RowNotes {
  /** Notes that something was put right in a row. */
  mend(code: MendCode, row: number): void;
  /** Notes a key that nothing is made of. */
  aside(key: string): void;
}

/** One kind of fault that was put right, and its rows. */
export interface Mend {
  readonly code: MendCode;
  readonly message: string;
  /** The number of rows. */
  readonly count: number;
  /** The numbers of the first 20 of these rows, counted from 0. */
  readonly rows: readonly number[];
}

/** What was noted while a dataset was read. */
export interface ReadNotes {
  /** The file or folder. */
  readonly path: string;
  /** Columns, and keys within columns, that nothing is made of. */
  readonly leftAside: readonly string[];
  /** The faults that were put right. */
  readonly mended: readonly Mend[];
}

const MAX_ROWS = 20;

/** The notes of one pass over the rows of a file. */
export class Notes implements RowNotes {
  readonly #aside = new Set<string>();
  readonly #mends = new Map<MendCode, { count: number; rows: number[] }>();
  readonly #inRow = new Set<MendCode>();

  /** Begins another row. A kind of fault counts once in a row, however often it occurs. */
  next(): void {
    this.#inRow.clear();
  }

  aside(key: string): void {
    this.#aside.add(key);
  }

  mend(code: MendCode, row: number): void {
    const tally = this.#mends.get(code) ?? { count: 0, rows: [] };
    this.#mends.set(code, tally);
    if (this.#inRow.has(code)) return;
    this.#inRow.add(code);
    tally.count++;
    if (tally.rows.length < MAX_ROWS) tally.rows.push(row);
  }

  of(path: string): ReadNotes {
    const codes = Object.keys(MEND_MESSAGES) as MendCode[];
    return {
      path,
      leftAside: [...this.#aside].sort(),
      mended: codes.flatMap((code) => {
        const tally = this.#mends.get(code);
        return tally === undefined ? [] : [{ code, message: MEND_MESSAGES[code], ...tally }];
      }),
    };
  }
}
