/** The number of tokens cut from a row's prompt, and from each answer by its name or number. */
export interface RowCuts {
  readonly cut: { readonly prompt: number } & Readonly<Record<string, number>>;
}

/** The row that an example comes from, and the number of tokens cut from its prompt and from each answer by name. */
export interface RowOrigin<Answer extends string = string> extends RowCuts {
  /** The number of the row in the dataset. */
  readonly row: number;
  /** The number of tokens cut from the prompt and from each answer, an EOS that no longer fits included. */
  readonly cut: { readonly prompt: number } & Readonly<Record<Answer, number>>;
}

/** The cuts of a dataset's examples. */
export interface CutSummary {
  readonly rows: number;
  readonly truncatedPrompts: number;
  /** The number of cut answers of all rows. */
  readonly truncatedAnswers: number;
  /** The number of rows whose prompt or answer was cut. */
  readonly truncatedRows: number;
  readonly promptTokensCut: number;
  readonly answerTokensCut: number;
}

/** Sums the cuts of rows up. */
export function cutSummary(rows: readonly RowCuts[]): CutSummary {
  const prompts = rows.map(({ cut }) => cut.prompt);
  const answers = rows.map(({ cut: { prompt: _, ...answerCuts } }) => Object.values(answerCuts));
  const isPositive = (count: number) => count > 0;
  return {
    rows: rows.length,
    truncatedPrompts: prompts.filter(isPositive).length,
    truncatedAnswers: answers.flat().filter(isPositive).length,
    truncatedRows: rows.filter(({ cut }) => Object.values(cut).some(isPositive)).length,
    promptTokensCut: prompts.reduce((sum, count) => sum + count, 0),
    answerTokensCut: answers.flat().reduce((sum, count) => sum + count, 0),
  };
}
