/**
 * The role of the place that an option names:
 *
 * - `input`: a file, folder or dataset that is read; `input-model`: a model that is read
 * - `output-file`: a file that is written; `output-dataset`: a file or a folder, by its ending; `output-model`: a folder
 * - `output-run`: a run folder that is begun, resumed or replaced; `into-run`: a run folder that gets an evaluation or a report
 * - `inside-output`: a checkpoint in the output, from which the run goes on
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
