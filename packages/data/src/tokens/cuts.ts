/** What was cut of an encoded row: tokens of its prompt, and of each answer by name or number. */
export interface RowCuts {
  readonly cut: { readonly prompt: number } & Readonly<Record<string, number>>;
}

/** Where an example in tokens comes from, with what was cut of it; of which answers, is said by their names. */
export interface RowOrigin<Answer extends string = string> extends RowCuts {
  /** The number of its row in the dataset. */
  readonly row: number;
  /** How many tokens were cut from the prompt and from each answer, an EOS that no longer fits included. */
  readonly cut: { readonly prompt: number } & Readonly<Record<Answer, number>>;
}

/** What encoding a dataset cut off. */
export interface CutSummary {
  readonly rows: number;
  readonly truncatedPrompts: number;
  /** Answers, of all rows. */
  readonly truncatedAnswers: number;
  /** Rows in which the prompt or an answer was cut. */
  readonly truncatedRows: number;
  readonly promptTokensCut: number;
  readonly answerTokensCut: number;
}

/** Counts what was cut, to be reported. */
export function cutSummary(rows: readonly RowCuts[]): CutSummary {
  const prompts = rows.map(({ cut }) => cut.prompt);
  const answers = rows.map(({ cut: { prompt: _, ...of } }) => Object.values(of));
  const some = (count: number) => count > 0;
  return {
    rows: rows.length,
    truncatedPrompts: prompts.filter(some).length,
    truncatedAnswers: answers.flat().filter(some).length,
    truncatedRows: rows.filter(({ cut }) => Object.values(cut).some(some)).length,
    promptTokensCut: prompts.reduce((sum, count) => sum + count, 0),
    answerTokensCut: answers.flat().reduce((sum, count) => sum + count, 0),
  };
}
