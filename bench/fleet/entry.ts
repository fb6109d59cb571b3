/** The buffer of an entry in a replica's cache. */
export const ENTRY_BYTES = 10_240
