/** Runs `work` alone among all callers that name one of its keys; callers wait in the order they came. */
type Exclusive = <T>(keys: string[], work: () => Promise<T>) => Promise<T>

/**
 * A queue per key inside this process. It only saves retries: what makes writes correct is the store's own check of
 * versions and searches. All keys are taken in one step, so two callers can never wait for each other.
 */
export function createExclusive(): Exclusive {
  const last = new Map<string, Promise<void>>()

  return <T>(keys: string[], work: () => Promise<T>): Promise<T> => {
    const before = keys.map(key => last.get(key)).filter(promise => promise !== undefined)
    const run = before.length === 0 ? work() : Promise.all(before).then(work)
    const done: Promise<void> = run.then(
      () => release(),
      () => release(),
    )
    const release = () => {
      for (const key of keys) if (last.get(key) === done) last.delete(key)
    }
    for (const key of keys) last.set(key, done)
    return run
  }
}
