const interactive = process.stderr.isTTY === true;

/** A line that a terminal overwrites; elsewhere a line is printed every ten seconds. */
export function progressLine() {
  let isVisible = false;
  let last = Date.now();
  return {
    update(text) {
      if (interactive) {
        process.stderr.write(`\r\x1b[2K${text.slice(0, (process.stderr.columns ?? 80) - 1)}`);
        isVisible = true;
      } else if (Date.now() - last >= 10_000) {
        last = Date.now();
        process.stderr.write(`${text}\n`);
      }
    },
    /** Removes the line. */
    end() {
      if (isVisible) process.stderr.write('\r\x1b[2K');
      isVisible = false;
    },
  };
}

/** "1.4 s", "38 s". */
export function seconds(milliseconds) {
  const value = milliseconds / 1000;
  return `${value < 10 ? value.toFixed(1) : Math.round(value)} s`;
}
