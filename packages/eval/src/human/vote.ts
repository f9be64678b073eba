import { between, oneOf, record, type Shape, text, unknownOr } from '../shape.js';
import { questionShapes, type StoredVerdict } from '../verdicts/stored-verdict.js';

/** What a rater can say of two answers A and B. A skip is no verdict. */
export const CHOICES = ['A', 'B', 'tie', 'both_bad', 'skip'] as const;
/** One of {@link CHOICES}. */
export type Choice = (typeof CHOICES)[number];

/** What a line of votes says of its question, under the keys of `verdicts.jsonl`. */
type QuestionKeys = Pick<
  StoredVerdict,
  | 'prompt_id'
  | 'first'
  | 'repetition'
  | 'model_length'
  | 'baseline_length'
  | 'temperature'
  | 'sample'
  | 'prompt_digest'
  | 'comment'
  | 'milliseconds'
>;

/** A line of `votes.jsonl`: what a rater said of two answers. A stood on the left. */
export interface Vote extends QuestionKeys {
  readonly rater: string;
  readonly vote: Choice;
  /** The time of the vote, in ISO 8601. */
  readonly at?: string | undefined;
}

/** A line that is no vote: the rater takes the last vote back, or ends the session and sees the names. */
export interface Mark {
  readonly rater: string;
  readonly vote: 'undo' | 'done';
  readonly at?: string | undefined;
}

/** A line of `votes.jsonl`, with the file's own keys. */
export type VoteLine = Vote | Mark;

/** Whether a line is an undo or the end of a session. */
export function isMark(line: VoteLine): line is Mark {
  return line.vote === 'undo' || line.vote === 'done';
}

const common = { rater: text, at: unknownOr(text) };
const MARKS = ['undo', 'done'] as const;

const markShape: Shape<Mark> = record<Mark>({ ...common, vote: oneOf(MARKS) });
const choiceShape: Shape<Vote> = record<Vote>({
  ...questionShapes,
  ...common,
  vote: oneOf(CHOICES),
  comment: unknownOr(text),
  milliseconds: unknownOr(between(0, Number.MAX_VALUE)),
});
/** What every line has. Its value says whether the line is a vote or a mark. */
const voteOf = record<{ readonly vote: VoteLine['vote'] }>({ vote: oneOf([...CHOICES, ...MARKS]) });

/** Reads a parsed line; other keys are left out. @throws ShapeError that names the key */
export const voteLineShape: Shape<VoteLine> = (value, where) => {
  const { vote } = voteOf(value, where);
  return MARKS.some((mark) => mark === vote) ? markShape(value, where) : choiceShape(value, where);
};
