// The page's script: trains, and sends the numbers to the test's server.
import { threeSteps } from './three-steps.mjs';

const outcome = await threeSteps().catch((error) => ({ error: String(error?.stack ?? error) }));
await fetch('/outcome', { method: 'POST', body: JSON.stringify(outcome) });
