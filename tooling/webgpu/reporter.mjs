// A reporter of vitest: a line of JSON to each test that passed, appended to the file that DPO_TEST_RESULTS names.
import { appendFileSync } from 'node:fs';
import { relative } from 'node:path';

/** The name that vitest compares with its pattern of names: suites and test, with a space between. */
const fullName = (task) => (task.parent.type === 'module' ? task.name : `${fullName(task.parent)} ${task.name}`);

export default class {
  onTestCaseResult(test) {
    const { DPO_TEST_RESULTS: results } = process.env;
    if (results === undefined || test.result().state !== 'passed') return;
    const file = relative(process.cwd(), test.module.moduleId).replaceAll('\\', '/');
    const seconds = Math.round((test.diagnostic()?.duration ?? 0) / 100) / 10;
    appendFileSync(results, `${JSON.stringify({ file, test: fullName(test), seconds })}\n`);
  }
}
