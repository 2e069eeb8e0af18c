import { describe, expect, it, vi } from 'vitest'

vi.hoisted(() => Object.assign(globalThis, { location: { hash: '' } })) // the session looks there for a token

import { ApiError } from '@/api/client'
import { away, landing, percent, seats, type DemoLogin } from './cockpit'

const login = (login: string, role: DemoLogin['role']): DemoLogin => ({ login, name: login, role, password: 'x' })

describe('the cockpit', () => {
  it('shows two agents, those who lead, then the others', () => {
    const list = [login('a1', 'agent'), login('a2', 'agent'), login('a3', 'agent'), login('admin', 'admin'), login('boss', 'supervisor'), login('eye', 'auditor')]
    expect(seats(list).map((l) => l.login)).toEqual(['a1', 'a2', 'boss', 'admin', 'a3', 'eye'])
  })
  it('opens where each role works', () => {
    expect([landing(login('a', 'agent')), landing(login('b', 'supervisor')), landing(login('c', 'admin'))]).toEqual(['/desk', '/wall', '/admin/routing'])
  })
  it('tells a restart from a server without the demo', () => {
    expect(away(new ApiError(0, 'offline', ''))).toBe('down')
    expect(away(new ApiError(503, 'unavailable', ''))).toBe('down')
    expect(away(new ApiError(404, 'not_found', ''))).toBe('none')
  })
  it('knows how far something is', () => {
    expect(percent({ running: true, done: 34, total: 120 })).toBe(28)
    expect(percent({ running: false, done: 0, total: 0 })).toBe(0)
  })
})
