/** The parts of `src/allocator/` that tests take and the package does not export: renaming a file there changes this one alone. */
export { addonFiles, libcOf, prebuiltSystems } from '../../../src/allocator/addon-files.js'
export { addonMissing, permissionFlags } from '../../../src/allocator/addon-missing.js'
export type { AddonSurroundings } from '../../../src/allocator/addon-missing.js'
export { addonOrNull, loadAddonBinding, pathOfAddon } from '../../../src/allocator/binding.js'
export { loadFfiBinding } from '../../../src/allocator/ffi-binding.js'
export { ITEM_KINDS, PART_KINDS } from '../../../src/allocator/heap-walk.js'
export type { PartKind, RawHolder, RawNative, RawOwner, RawPart, RawShared } from '../../../src/allocator/heap-walk.js'
export { MALLCTL_TYPES } from '../../../src/allocator/mallctl.js'
export { PRELOAD_HINT, openAllocator } from '../../../src/allocator/open.js'
export type { OpenAllocatorOptions } from '../../../src/allocator/open.js'
export { SLOT, SLOT_COUNT, liveBytes } from '../../../src/allocator/port.js'
export type {
  Allocator,
  AllocatorName,
  BindingFacts,
  BindingKind,
  Mallctl,
  MallctlType,
  NativeBinding,
} from '../../../src/allocator/port.js'
export type { EndedTwin, ForkedTwin, TwinBinding } from '../../../src/allocator/twin-binding.js'
export { unavailableAllocator } from '../../../src/allocator/unavailable.js'
