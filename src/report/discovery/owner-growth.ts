/** A discovery with how each of its owners grows, as several observations show it. Pure. */
import type { OwnerGrowth } from '../trends/types.js'
import { ownerIdentity, ownerKey } from './owner-identity.js'
import type { Discovery, Owner } from './types.js'

/** The same discovery; owners that were followed have `growth`. */
export function withGrowth(discovery: Discovery, growth: readonly OwnerGrowth[]): Discovery {
  const trends = new Map(growth.map((each) => [ownerKey(each), each.trend]))
  return {
    ...discovery,
    owners: discovery.owners.map((owner): Owner => {
      const identity = ownerIdentity(owner)
      const trend = identity === null ? undefined : trends.get(ownerKey(identity))
      return trend === undefined ? owner : { ...owner, growth: trend }
    }),
  }
}

/** The same without: what follows from a history is not kept in it. Reports of others may lack owners. */
export function withoutGrowth(discovery: Discovery): Discovery {
  const owners = (discovery as Partial<Discovery> | null)?.owners
  if (!Array.isArray(owners)) return discovery
  return {
    ...discovery,
    owners: (owners as readonly (Owner | null)[]).map((owner): Owner => {
      if (owner === null || typeof owner !== 'object') return owner as unknown as Owner
      const { growth: _growth, ...rest } = owner
      return rest
    }),
  }
}
