/**
 * From what was sampled to what there is.
 *
 * jemalloc samples each allocated byte with the same chance, so an allocation of `size` bytes is sampled with the chance
 * `1 − exp(−size / interval)`, and each that was sampled stands for the inverse of that. A dump has only sums for each
 * stack; jemalloc ≥ 5.3 (`opt.prof_unbias`) writes them so that this formula, applied to each row by itself, gives back
 * what it kept track of per allocation. Older versions leave the mean size of a row as an approximation.
 *
 * Rule: each row of a dump is unbiased by itself, threads' rows too; rows of threads need not add up to that of all.
 */

/** By what the objects and bytes of one row are to be multiplied; 1 for an empty row. */
export function unbiasFactor(objects: number, bytes: number, intervalBytes: number): number {
  if (objects === 0) return 1
  return -1 / Math.expm1(-bytes / objects / intervalBytes)
}
