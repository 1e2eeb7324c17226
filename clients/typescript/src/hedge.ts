// A second attempt beside one that takes long.

/**
 * The first good answer of `once`, or of two of them when the first has none after `afterMs` and `mayHedge` allows it.
 * The signal that each gets is aborted when the other one has won.
 */
export async function hedged<T>(
  once: (signal: AbortSignal) => Promise<T>,
  afterMs: number,
  sleep: (ms: number) => Promise<void>,
  mayHedge: () => boolean,
): Promise<T> {
  const controllers = [new AbortController(), new AbortController()] as const;
  let settled = false;
  const first = once(controllers[0].signal);
  const ended = first.then(
    () => void (settled = true),
    () => void (settled = true),
  );
  await Promise.race([ended, sleep(afterMs)]);
  if (settled || !mayHedge()) return first;
  const attempts = [first, once(controllers[1].signal)];
  try {
    return await Promise.any(attempts);
  } catch {
    return first; // both failed: as without a hedge
  } finally {
    for (const controller of controllers) controller.abort();
  }
}
