#!/usr/bin/env node
// turbo without its telemetry. turbo.json has no setting for telemetry, so the `turbo` of this repository is this script, however
// it is started (`pnpm turbo`, `npx turbo`, a package's script).

process.env.TURBO_TELEMETRY_DISABLED = '1';
process.env.DO_NOT_TRACK = '1';
// turbo looks for itself in the root's dependencies, and warns when only this package has it.
process.argv.splice(2, 0, '--skip-infer');
await import('turbo/bin/turbo');
