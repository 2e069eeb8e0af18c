import { createRouter, createWebHistory } from 'vue-router'
import { session } from './api/session'
import type { Perm } from './api/types'

declare module 'vue-router' {
  interface RouteMeta { /** Shown without a session and without the shell. */ open?: boolean; perm?: Perm; /** Whole window, no shell. */ bare?: boolean }
}

/** Where somebody lands who asked for nothing in particular. */
function home(): string {
  return session.user && !session.may('desk') ? '/me' : '/desk'
}

export const router = createRouter({
  history: createWebHistory(),
  routes: [
    { path: '/', redirect: () => home() },
    { path: '/login', component: () => import('./login/LoginPage.vue'), meta: { open: true } },
    { path: '/setup', component: () => import('./login/SetupPage.vue'), meta: { open: true } },
    { path: '/demo', component: () => import('./demo/DemoPage.vue'), meta: { open: true } },
    { path: '/demo/wechat', component: () => import('./demo/PhonePage.vue'), meta: { open: true } },
    { path: '/demo/mail', component: () => import('./demo/MailPage.vue'), meta: { open: true } },
    { path: '/desk/:conv(\\d+)?', component: () => import('./desk/DeskPage.vue'), meta: { perm: 'desk' } },
    { path: '/wall', component: () => import('./wall/WallPage.vue'), meta: { perm: 'wall' } },
    { path: '/admin', redirect: '/admin/users' },
    { path: '/admin/:page', component: () => import('./admin/AdminPage.vue') },
    { path: '/me', component: () => import('./me/MePage.vue') },
    { path: '/:rest(.*)*', component: () => import('./ui/NotFound.vue') },
  ],
})

router.beforeEach(to => {
  if (to.meta.open || session.token) return true
  return { path: '/login', query: to.redirectedFrom?.path === '/' ? {} : { next: to.fullPath } }
})
