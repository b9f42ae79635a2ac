/** Distances as the database computes them. */
import type { Document } from 'mongodb'
import { radians, radius } from '../../../resources/search/near.ts'
import type { Point } from '../../../resources/search/query.ts'

/** Metres from a point to the position `$$this`, as metresBetween computes it. */
export function metresFrom({ latitude, longitude }: Point): Document {
  const half = (a: string, b: number) => ({
    $sin: { $divide: [{ $multiply: [{ $subtract: [a, b] }, radians] }, 2] },
  })
  const north = half('$$this.lat', latitude)
  const east = half('$$this.lon', longitude)
  const cosines = [Math.cos(latitude * radians), { $cos: { $multiply: ['$$this.lat', radians] } }]
  const square = {
    $add: [{ $multiply: [north, north] }, { $multiply: [...cosines, east, east] }],
  }
  return { $multiply: [2 * radius, { $asin: { $min: [1, { $sqrt: square }] } }] }
}
