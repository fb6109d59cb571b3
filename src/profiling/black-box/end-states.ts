/** The states of an end, as the file has them. */
export const END_STATES = { closed: 1, exit: 2 } as const
