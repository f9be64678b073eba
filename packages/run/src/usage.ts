/** The code of errors in what the caller wrote. The command line exits with 2 for this code. */
export const USAGE = 'cli.usage';
