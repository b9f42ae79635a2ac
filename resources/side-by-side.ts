/** Does it for each, so many at a time; the answers are in the order of what is asked. */
export async function sideBySide<T, R>(
  all: readonly T[],
  atOnce: number,
  run: (one: T, index: number) => Promise<R>,
): Promise<R[]> {
  const answers: R[] = []
  let next = 0
  const work = async () => {
    for (let index = next++; index < all.length; index = next++)
      answers[index] = await run(all[index] as T, index)
  }
  await Promise.all(Array.from({ length: Math.min(atOnce, all.length) }, work))
  return answers
}
