const interactive = process.stderr.isTTY === true;

/** A line that is written over at a terminal; elsewhere it appears every ten seconds. */
export function progressLine() {
  let shown = false;
  let last = Date.now();
  return {
    update(text) {
      if (interactive) {
        process.stderr.write(`\r\x1b[2K${text.slice(0, (process.stderr.columns ?? 80) - 1)}`);
        shown = true;
      } else if (Date.now() - last >= 10_000) {
        last = Date.now();
        process.stderr.write(`${text}\n`);
      }
    },
    /** Removes the line. */
    end() {
      if (shown) process.stderr.write('\r\x1b[2K');
      shown = false;
    },
  };
}

/** "1.4 s", "38 s". */
export function seconds(milliseconds) {
  const value = milliseconds / 1000;
  return `${value < 10 ? value.toFixed(1) : Math.round(value)} s`;
}
