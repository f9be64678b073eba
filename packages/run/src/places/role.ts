/**
 * What an option names that names a place:
 *
 * - `input`: a file, folder or dataset that is read; `input-model`: a model
 * - `output-file`: a file that is written; `output-dataset`: a file or a folder, as its ending says; `output-model`: a folder
 * - `output-run`: a run folder that is begun, gone on with or replaced; `into-run`: one that gets an evaluation or a report
 * - `inside-output`: a part of the output that the run goes on from
 *
 * `holdOutputs` guards every output before the command runs.
 */
export type PlaceRole =
  | 'input'
  | 'input-model'
  | 'output-file'
  | 'output-dataset'
  | 'output-model'
  | 'output-run'
  | 'into-run'
  | 'inside-output';
