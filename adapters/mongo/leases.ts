/** Names that one process has for a while, by the clock of the database. */
import type { Store } from '../../resources/store.ts'
import type { Connection } from './connection.ts'
import { atEdge } from './errors.ts'

export function createLeases({
  collections: { lease: leases },
  primary,
}: Pick<Connection, 'collections' | 'primary'>): Pick<Store, 'lease' | 'leases'> {
  return {
    async lease(name, holder, ms) {
      try {
        const mine = { $or: [{ $eq: ['$holder', literal(holder)] }, { $not: [isHeld] }] }
        const until = { $dateAdd: { startDate: '$$NOW', unit: 'millisecond', amount: ms } }
        const set = {
          holder: { $cond: [mine, literal(holder), '$holder'] },
          until: { $cond: [mine, until, '$until'] },
        }
        const after = await leases.findOneAndUpdate({ _id: name }, [{ $set: set }], {
          upsert: true,
          returnDocument: 'after',
          maxTimeMS: patience,
        })
        return after?.holder === holder
      } catch (error) {
        throw atEdge(error)
      }
    },
    async leases(start) {
      try {
        const found = await primary.read(() =>
          leases
            .find(
              { _id: { $gte: start, $lt: `${start}\uffff` }, $expr: isHeld },
              { maxTimeMS: patience },
            )
            .toArray(),
        )
        return found.map(({ _id, holder }) => ({ name: _id, holder }))
      } catch (error) {
        throw atEdge(error)
      }
    },
  }
}

/** ms: it is asked for again soon. */
const patience = 5000

const isHeld = { $gt: ['$until', '$$NOW'] }

/** A text that begins with $ would be the name of a field. */
const literal = (text: string) => ({ $literal: text })
