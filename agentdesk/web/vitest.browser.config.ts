import { defineConfig } from 'vitest/config'

// Browser tests: a real installation, a real Chromium. One file after the other: two cores.
export default defineConfig({
  test: { include: ['e2e/**/*.test.ts'], fileParallelism: false, testTimeout: 120_000, hookTimeout: 120_000, environment: 'node' },
})
