/** A text as one word of a POSIX shell's command: in single quotes where the shell would take it apart. */
export function shellWord(text: string): string {
  return /^[\w./@%+=:,-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`;
}
