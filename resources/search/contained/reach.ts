import type { Resource } from '../../resource.ts'
import type { Extract, Page, Version } from '../../store.ts'
import type { Query } from '../query.ts'
import type { Container } from '../rows.ts'

/** How containers are reached, and read. */
export interface ContainerReach {
  search(query: Query): Promise<Page>
  read(type: string, id: string, number: number): Promise<Version>
  /** `container`: of one that does not stand alone. */
  extract(resource: Resource, container?: Container): Extract
  /** As much time is over as a search may take. */
  isLate(): boolean
  /** Lets others have their turn. Rejects with a 503 when it is late. */
  pause(): Promise<void>
}
