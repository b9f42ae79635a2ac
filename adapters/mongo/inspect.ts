/**
 * Compares what is stored with itself, and with what is made of it now. Others may write meanwhile: what looks wrong is
 * looked at once more, as it was at one moment.
 */
import type { MongoClient } from 'mongodb'
import type { Finding, Knowledge } from '../../resources/store.ts'
import type { Collections } from './collections.ts'
import { idOf, nameIn, nameOf, under } from './document.ts'
import { inspectValues } from './inspect/values.ts'
import { type Found, findingOn, type Group, groupOf, inspectVersions } from './inspect/versions.ts'
import { type Rows, systemsOf, termsOf, unitsOf } from './terms.ts'

interface Parts {
  client: MongoClient
  collections: Collections
  now: () => number
}

/** How many resources are looked at together. */
const slice = 200

export async function* inspect(
  parts: Parts,
  knowledge: Knowledge,
  progress: (done: number) => void,
): AsyncIterable<Finding> {
  let done = 0
  let held: Group[] = []
  for await (const group of groupsOf(parts)) {
    held.push(group)
    if (held.length < slice) continue
    yield* inspectGroups(held, parts, knowledge)
    done += held.length
    held = []
    progress(done)
  }
  yield* inspectGroups(held, parts, knowledge)
  progress(done + held.length)
  yield* inspectOutbox(parts.collections)
}

/** All versions of each resource: they stand together. */
async function* groupsOf({ collections: { resource } }: Parts): AsyncIterable<Group> {
  let held: Found[] = []
  for await (const version of resource.find<Found>({}).sort({ _id: 1 }).hint({ _id: 1 })) {
    const [first] = held
    if (first && nameIn(first._id) !== nameIn(version._id)) {
      yield groupOf(held)
      held = []
    }
    held.push(version)
  }
  if (held.length > 0) yield groupOf(held)
}

async function* inspectGroups(
  groups: Group[],
  parts: Parts,
  knowledge: Knowledge,
): AsyncIterable<Finding> {
  const rows: { group: Group; rows: Rows }[] = []
  for (const group of groups) {
    let looked = look(group, parts, knowledge)
    if (looked.findings.length > 0) looked = look(await again(group, parts), parts, knowledge)
    yield* looked.findings
    if (looked.rows) rows.push({ group, rows: looked.rows })
  }
  yield* inspectTerms(rows, parts.collections)
}

function look(group: Group, { now }: Parts, knowledge: Knowledge) {
  const { tenant, type } = group
  const expected = inspectValues(group, knowledge)
  return {
    findings: [...inspectVersions(group, now()), ...(expected?.findings ?? [])],
    rows: expected && { tenant, type, rows: expected.extract.rows },
  }
}

/** As it was at one moment. */
async function again({ name }: Group, { client, collections }: Parts): Promise<Group> {
  const session = client.startSession({ snapshot: true })
  try {
    const { resource } = collections
    return groupOf(
      await resource
        .find<Found>({ _id: under(name) }, { session, readConcern: { level: 'snapshot' } })
        .sort({ _id: 1 })
        .toArray(),
    )
  } finally {
    await session.endSession()
  }
}

/** What is not known by itself is not found by those who look for a part of it, or for a code without its system. */
async function* inspectTerms(
  all: { group: Group; rows: Rows }[],
  { term, unit, system }: Collections,
): AsyncIterable<Finding> {
  const kinds = [
    [term, termsOf, 'has a text that is not found by a part of it'],
    [unit, unitsOf, 'is in a unit that is not known'],
    [system, systemsOf, 'has a code of a system that is not known'],
  ] as const
  for (const [collection, idsOf, what] of kinds) {
    const found = all.map(({ group, rows }) => ({ group, ids: idsOf(rows).map(({ _id }) => _id) }))
    const $in = [...new Set(found.flatMap(({ ids }) => ids))]
    const there = await (collection as typeof term)
      .find({ _id: { $in } })
      .project({ _id: 1 })
      .toArray()
    const known = new Set(there.map(({ _id }) => _id))
    for (const { group, ids } of found)
      if (ids.some(id => !known.has(id))) yield findingOn(group, what)
  }
}

/** An event tells of a version, and does not say whose. */
async function* inspectOutbox({ resource, outbox }: Collections): AsyncIterable<Finding> {
  const tenants = await resource.distinct('t')
  for await (const { _id, event } of outbox.find()) {
    const { type, resource: id, version } = event
    const ids = tenants.map(tenant => idOf(nameOf(tenant, type, id), version))
    if (await resource.findOne({ _id: { $in: ids } }, { projection: { _id: 1 } })) continue
    yield {
      tenant: '' as Finding['tenant'],
      on: `event ${_id}`,
      what: 'tells of a version that is not there',
    }
  }
}
