/** Of calls that come faster than they are done, only the latest waits: a slider is never behind. */
export function latest(work) {
  let busy = false;
  let waiting = null;
  return async (...given) => {
    waiting = given;
    if (busy) return;
    busy = true;
    try {
      while (waiting) {
        const next = waiting;
        waiting = null;
        await work(...next);
      }
    } finally {
      busy = false;
    }
  };
}
