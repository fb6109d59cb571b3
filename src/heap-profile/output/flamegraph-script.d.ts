/** The script of the flame graph's page, which tools/build-page.mjs bundles from client/. Its hash is in the page's policy. */
export declare const FLAMEGRAPH_SCRIPT: string
