/** What the clients sent and what was acknowledged, and how it compares with what the server has. */

interface Known {
  /** The last acknowledged version and its mark; absent: never acknowledged. */
  version: number
  mark: string
  deleted: boolean
  /** Marks that were sent and not answered when the server died: each may be there or not. */
  open: Set<string>
}

interface Transaction {
  paths: string[]
  acknowledged: boolean
}

export class Ledger {
  private readonly known = new Map<string, Known>()
  private readonly transactions: Transaction[] = []
  private readonly identifiers = new Map<string, { sent: number }>()
  private acknowledged = 0
  private next = 0
  private finished = 0

  mark(): string {
    return `m${++this.next}`
  }

  /** Before a request is sent: from now on its content may appear. */
  sending(path: string, mark: string): void {
    const known = this.known.get(path) ?? { version: 0, mark: '', deleted: false, open: new Set() }
    known.open.add(mark)
    this.known.set(path, known)
  }

  answered(path: string, answer: { version: number; mark: string; deleted: boolean }): void {
    const known = this.known.get(path) ?? { version: 0, mark: '', deleted: false, open: new Set() }
    this.known.set(path, known)
    known.open.delete(answer.mark)
    if (answer.version <= known.version) return
    Object.assign(known, answer)
    this.acknowledged++
  }

  refused(path: string, mark: string): void {
    this.known.get(path)?.open.delete(mark)
  }

  transaction(paths: string[]): Transaction {
    const made = { paths, acknowledged: false }
    this.transactions.push(made)
    return made
  }

  identifier(value: string): void {
    this.identifiers.set(value, { sent: 1 })
  }

  counts() {
    return { versions: this.acknowledged, transactions: this.finished }
  }

  /** Problems, one sentence each; then what is there becomes what is known. */
  async compare(base: string): Promise<string[]> {
    const problems: string[] = []
    const there = new Map<string, { version: number; mark: string; deleted: boolean }>()
    for (const [path, known] of this.known) {
      const found = await readHistory(base, path, problems)
      if (found) there.set(path, found)
      this.comparePath(path, known, { found, problems })
    }
    for (const { paths, acknowledged } of this.transactions) {
      const count = paths.filter(path => there.has(path)).length
      if (count !== paths.length && (acknowledged || count > 0))
        problems.push(`of a transaction of ${paths.length} only ${count} are there`)
    }
    for (const value of this.identifiers.keys()) {
      const answer = await fetch(`${base}/Patient?identifier=urn:crash|${value}`)
      const { entry = [] } = (await answer.json()) as { entry?: unknown[] }
      if (entry.length > 1) problems.push(`a conditional create stored ${entry.length}`)
    }
    this.finished += this.transactions.length
    this.transactions.length = 0
    this.identifiers.clear()
    await this.comparePhantoms(base, problems)
    return problems
  }

  private comparePath(
    path: string,
    known: Known,
    { found, problems }: { found: Awaited<ReturnType<typeof readHistory>>; problems: string[] },
  ): void {
    const { version, open } = known
    if (version > (found?.version ?? 0))
      problems.push(
        `${path}: version ${version} was acknowledged, and ${found?.version ?? 'nothing'} is there`,
      )
    else if (
      found &&
      found.version === version &&
      (found.deleted !== known.deleted || (!found.deleted && found.mark !== known.mark))
    )
      problems.push(`${path}: version ${version} has another content than was acknowledged`)
    else if (found && found.version > version && !found.deleted && !open.has(found.mark))
      problems.push(`${path}: version ${found.version} was never sent`)
    open.clear()
    if (found) Object.assign(known, found)
  }

  private async comparePhantoms(base: string, problems: string[]): Promise<void> {
    let url: string | undefined = `${base}/Patient?_count=1000`
    while (url) {
      const page = (await (await fetch(url)).json()) as {
        entry?: { resource: { id: string; identifier?: { value: string }[] } }[]
        link?: { relation: string; url: string }[]
      }
      for (const { resource } of page.entry ?? [])
        if (
          !this.known.has(`Patient/${resource.id}`) &&
          !resource.identifier?.[0]?.value?.startsWith('m')
        )
          problems.push(`Patient/${resource.id} was never sent`)
      url = page.link?.find(({ relation }) => relation === 'next')?.url
    }
  }
}

/** The newest version, after checking that all numbers below it are there. */
async function readHistory(base: string, path: string, problems: string[]) {
  const answer = await fetch(`${base}/${path}/_history?_count=1000`)
  if (answer.status === 404) return undefined
  const { entry = [] } = (await answer.json()) as {
    entry?: {
      resource?: { meta: { versionId: string }; identifier?: { value: string }[] }
      response: { etag: string }
    }[]
  }
  const versions = entry.map(({ response }) => Number(/\d+/.exec(response.etag)?.[0]))
  if (versions.some((version, index) => version !== versions.length - index))
    problems.push(`${path}: its versions are ${versions.join(', ')}`)
  const [newest] = entry
  const read = await fetch(`${base}/${path}`)
  if (read.status !== (newest?.resource ? 200 : 410))
    problems.push(`${path}: the history and the read disagree`)
  return {
    version: versions[0] ?? 0,
    mark: newest?.resource?.identifier?.[0]?.value ?? '',
    deleted: newest?.resource === undefined,
  }
}
