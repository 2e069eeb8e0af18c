import { defineConfig } from 'vite'

/** One classic script without dependencies; styles are inlined into the shadow root. */
export default defineConfig({
  build: {
    target: 'es2022',
    cssTarget: 'chrome125', // else colour schemes are rewritten for browsers without any
    outDir: 'dist',
    emptyOutDir: false,
    lib: { entry: 'src/main.ts', formats: ['iife'], name: 'ZongjiWidget', fileName: () => 'widget.js' },
  },
})
