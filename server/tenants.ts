import type { Tenant } from '../resources/store.ts'

/** Whose data a request is about. There is one tenant until sign-in tells them apart. */
export const tenantOf = (): Tenant => 'default' as Tenant

/** Where the program keeps what it needs for a tenant: no request reaches it. */
export const spaceOf = (tenant: Tenant): Tenant => `${tenant}~` as Tenant

export const isSpace = (tenant: Tenant): boolean => tenant.endsWith('~')

/** Where the program keeps what is of no tenant. */
export const ownSpace = spaceOf('' as Tenant)
