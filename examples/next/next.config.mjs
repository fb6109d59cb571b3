export default {
  // The package is loaded from node_modules, with its addon, and is no part of the bundle.
  serverExternalPackages: ['cache-attribution'],
}
