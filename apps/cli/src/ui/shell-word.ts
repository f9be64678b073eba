/** A text as one word of a POSIX shell's command: in single quotes when the shell would take the text apart. */
export function shellWord(text: string): string {
  return /^[\w./@%+=:,-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`;
}
