import { fileURLToPath } from 'node:url'
import vue from '@vitejs/plugin-vue'
import components from 'unplugin-vue-components/vite'
import { ElementPlusResolver } from 'unplugin-vue-components/resolvers'
import { defineConfig } from 'vitest/config'

const server = process.env.ZONGJI_URL ?? 'http://127.0.0.1:8080'

/**
 * The desk is what people open all day: what it needs to begin comes in two files, each with one style sheet. A group
 * takes along what its modules import; the first takes what every page needs.
 */
const groups = [
  { name: 'app', test: /\/src\/(main\.ts|App\.vue|ui\/Shell\.vue)/, priority: 2 },
  { name: 'desk', test: /\/src\/desk\/DeskPage\.vue/, priority: 1 },
]

// Element Plus comes in per component: the resolver imports each used El… tag with its own CSS.
export default defineConfig({
  plugins: [vue(), components({ dirs: [], dts: false, resolvers: [ElementPlusResolver({ importStyle: 'css' })] })],
  resolve: { alias: { '@': fileURLToPath(new URL('./src', import.meta.url)) } },
  server: {
    proxy: {
      '/api': server,
      '/ws': { target: server, ws: true },
      '/f/': server,
      '/c/': server,
      '/widget.js': server,
    },
  },
  define: { __VUE_I18N_LEGACY_API__: false, __INTLIFY_PROD_DEVTOOLS__: false },
  build: {
    target: 'es2022', emptyOutDir: true, manifest: true, chunkSizeWarningLimit: 800,
    rolldownOptions: { output: { codeSplitting: { groups } } },
  },
  test: { environment: 'node', include: ['src/**/*.test.ts'], setupFiles: ['./vitest.setup.ts'] },
})
