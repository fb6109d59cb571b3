/** The parts of `src/heap-profile/symbols/` that tests take and the package does not export: renaming a file there changes this one alone. */
export { demangle } from '../../../src/heap-profile/symbols/demangle.js'
export { functionsAt } from '../../../src/heap-profile/symbols/elf-symbols.js'
export { ElfFile } from '../../../src/heap-profile/symbols/elf.js'
export { linesAt, readLines } from '../../../src/heap-profile/symbols/lines.js'
