/** The code of every error that is the caller's wording. The command line exits with 2 for it. */
export const USAGE = 'cli.usage';
