import { writeFileSync } from 'node:fs';

/** A vitest reporter that writes how many tests passed, failed and were left out into the file that DPO_TEST_COUNTS names. */
export default class CountTests {
  onTestRunEnd(modules, unhandledErrors) {
    const counts = { passed: 0, failed: unhandledErrors.length, skipped: 0 };
    for (const module of modules) {
      let own = 0;
      for (const test of module.children.allTests()) {
        const { state } = test.result();
        if (state === 'failed') own++;
        else counts[state === 'passed' ? 'passed' : 'skipped']++;
      }
      // A file that does not load has no tests, and counts as one failure.
      counts.failed += own === 0 && module.state() === 'failed' ? 1 : own;
    }
    writeFileSync(process.env.DPO_TEST_COUNTS, JSON.stringify(counts));
  }
}
