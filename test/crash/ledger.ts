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
  /** Marks of conditional creates: of all rounds, and of this one. */
  private readonly conditional = new Set<string>()
  private readonly identifiers = new Set<string>()
  private readonly wrong: string[] = []
  private readonly answers: Record<string, number> = {}
  private acknowledged = 0
  private next = 0
  private finished = 0
  /** Whether clients may be told to come again. */
  readonly patient: boolean
  /** How often they were, by the status of the answer, and in which words last. */
  readonly delays: Record<number, number> = {}
  delay = ''

  constructor(patient = false) {
    this.patient = patient
  }

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
    this.identifiers.add(value)
    this.conditional.add(value)
  }

  /** A server answered a write as it should. */
  wrote(base: string): void {
    this.answers[base] = (this.answers[base] ?? 0) + 1
  }

  /** How often each of some servers did. */
  answersOf = (bases: string[]): number[] => bases.map(base => this.answers[base] ?? 0)

  /** An answer that a living server must not give. */
  unexpected(problem: string): void {
    this.wrong.push(problem)
  }

  counts() {
    return { versions: this.acknowledged, transactions: this.finished }
  }

  /** Problems, one sentence each; then what is there becomes what is known. All servers say the same. */
  async compare(bases: string[]): Promise<string[]> {
    const problems = this.wrong.splice(0)
    const [base = '', ...others] = bases
    const there = await readEverything(base, problems)
    for (const [path, known] of this.known)
      this.comparePath(path, known, { found: there.get(path), problems })
    for (const [path, found] of there)
      if (!this.known.has(path) && !this.conditional.has(found.mark))
        problems.push(`${path} was never sent`)
    for (const { paths, acknowledged } of this.transactions) {
      const count = paths.filter(path => there.has(path)).length
      if (count !== paths.length && (acknowledged || count > 0))
        problems.push(`of a transaction of ${paths.length} only ${count} are there`)
    }
    await this.compareSearches(base, problems)
    for (const each of [base, ...others]) await compareReads(each, { there, problems })
    this.finished += this.transactions.length
    this.transactions.length = 0
    this.identifiers.clear()
    return problems
  }

  private async compareSearches(base: string, problems: string[]): Promise<void> {
    for (const value of this.identifiers) {
      const answer = await fetch(`${base}/Patient?identifier=urn:crash|${value}`)
      const { entry = [] } = (await answer.json()) as { entry?: unknown[] }
      if (entry.length > 1) problems.push(`a conditional create stored ${entry.length}`)
    }
  }

  private comparePath(
    path: string,
    known: Known,
    { found, problems }: { found: Found | undefined; problems: string[] },
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
}

interface Found {
  version: number
  mark: string
  deleted: boolean
}

interface Entry {
  fullUrl: string
  resource?: { meta: { versionId: string }; identifier?: { value: string }[] }
  response: { etag: string }
}

/** The newest version of each resource, after checking that all numbers below it are there, once each. */
async function readEverything(base: string, problems: string[]): Promise<Map<string, Found>> {
  const there = new Map<string, Found>()
  const last = new Map<string, number>()
  let url: string | undefined = `${base}/_history?_count=1000`
  while (url) {
    const page = (await (await fetch(url)).json()) as {
      entry?: Entry[]
      link: { relation: string; url: string }[]
    }
    for (const { fullUrl, resource, response } of page.entry ?? []) {
      const path = fullUrl.split('/').slice(-2).join('/')
      const version = Number(/\d+/.exec(response.etag)?.[0])
      const expected = last.get(path)
      if (expected !== undefined && version !== expected - 1)
        problems.push(`${path}: version ${version} comes before ${expected}`)
      last.set(path, version)
      if (!there.has(path))
        there.set(path, {
          version,
          mark: resource?.identifier?.[0]?.value ?? '',
          deleted: resource === undefined,
        })
    }
    url = page.link.find(({ relation }) => relation === 'next')?.url
  }
  for (const [path, version] of last)
    if (version !== 1) problems.push(`${path}: its first version is ${version}`)
  return there
}

/** A read and a search by identifier say the same as the history, for some of them. */
async function compareReads(
  base: string,
  { there, problems }: { there: Map<string, Found>; problems: string[] },
): Promise<void> {
  const some = [...there].sort(() => Math.random() - 0.5).slice(0, 150)
  for (const [path, { version, mark, deleted }] of some) {
    const read = await fetch(`${base}/${path}`)
    await read.text()
    if (
      read.status !== (deleted ? 410 : 200) ||
      (!deleted && read.headers.get('etag') !== `W/"${version}"`)
    )
      problems.push(`${path}: the read and the history disagree`)
    if (deleted) continue
    const search = await fetch(`${base}/Patient?identifier=urn:crash|${mark}`)
    const { entry = [] } = (await search.json()) as { entry?: Entry[] }
    if (entry.length !== 1 || !entry[0]?.fullUrl.endsWith(path))
      problems.push(`${path}: a search by its identifier finds ${entry.length}`)
  }
}
