/** Which C library this Node uses. */
export type Libc = 'glibc' | 'musl'
