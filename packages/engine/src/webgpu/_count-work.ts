import { sizeOf } from '../shared/size-of.js';
import { flush } from './_commands.js';
import { checkFits } from './_large-tensors.js';
import type { TfjsBackend } from './tfjs-backend.js';

/** As many commands as are recorded before the device gets them: it computes while JavaScript records the next ones. */
const MOST_RECORDED = 512;

/** The work of a device so far. */
export interface Work {
  dispatches: number;
  submissions: number;
}

/** Counts dispatches and submissions, and submits after many dispatches only, or when values are read. tfjs submits after 15. */
export function countWork(backend: TfjsBackend, work: Work): void {
  let recorded = 0;
  const submit = backend.submitQueue.bind(backend);
  backend.submitQueue = () => {
    work.submissions++;
    recorded = 0;
    submit();
  };
  backend.recorded = () => {
    work.dispatches++;
    if (++recorded >= MOST_RECORDED) flush(backend);
  };
  const run = backend.runWebGPUProgram.bind(backend);
  const { maxBufferSize } = backend.device.limits;
  backend.runWebGPUProgram = (program, inputs, dtype, uniforms, output) => {
    checkFits(`The result of ${program.shaderKey.split(/[_ ]/, 1)}`, program.outputShape, maxBufferSize);
    backend.dispatchCountInPass = 0;
    const result = run(program, inputs, dtype, uniforms, output);
    if (sizeOf(program.outputShape) > 0) backend.recorded();
    return result;
  };
}
