// pm2: pm2 start ecosystem.config.cjs; then `npx cache-attribution attribute "$(pm2 pid service)"`.
module.exports = {
  apps: [
    {
      name: 'service',
      script: 'server.js',
      env: {
        LD_PRELOAD: 'libjemalloc.so.2',
        NODE_OPTIONS: '--import cache-attribution/auto',
      },
    },
  ],
}
