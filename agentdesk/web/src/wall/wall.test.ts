import { describe, expect, it } from 'vitest'
import { alone, change, fill, heat, slotMs, sortAgents, staff, wait, type Slot, type WallAgent } from './wall'

const slot = (at: number, arrived: number): Slot => ({ at, arrived, answered: 0, handed_over: 0, taken: 0, closed: 0, wait_p50_ms: 0, rated: 0, stars: 0 })

describe('the curve', () => {
  const start = 1_000 * slotMs
  it('has a point for each quarter until now, with zeros where nothing happened', () => {
    const got = fill([slot(start + slotMs, 3)], start, start + 3.5 * slotMs)
    expect(got.map((s) => s.arrived)).toEqual([0, 3, 0, 0])
    expect(got[3]!.at).toBe(start + 3 * slotMs)
  })
  it('puts a time inside a quarter into it', () => { expect(fill([slot(start + 7 * 60_000, 2)], start, start + 1).map((s) => s.arrived)).toEqual([2]) })
  it('never has more points than a long day', () => { expect(fill([], start, start + 1000 * slotMs)).toHaveLength(100) })
})

describe('figures', () => {
  it('turns warm at two thirds of the goal and hot at it', () => {
    expect([10, 39, 40, 60, 90].map((s) => heat(s, 60))).toEqual(['calm', 'calm', 'warm', 'hot', 'hot'])
    expect(heat(900, 0)).toBe('calm')
  })
  it('compares with yesterday only when there was one', () => {
    expect(change(150, 100)).toBe(50)
    expect(change(5, 0)).toBeNull()
    expect(change(5, undefined)).toBeNull()
  })
  it('says what the bot did alone', () => {
    expect(alone({ ...slot(0, 10), handed_over: 3 })).toBe(70)
    expect(alone(slot(0, 0))).toBeNull()
  })
  it('writes waits short', () => { expect([47, 185, 3729].map(wait)).toEqual(['0:47', '3:05', '1:02:09']) })
})

describe('agents', () => {
  const agent = (id: number, state: 'ready' | 'break' | 'offline', online: boolean, load = 0): WallAgent => ({ id, name: `A${id}`, status: { user: id, state, online, since: 0, load, capacity: 5, chats: 0 } })
  it('stand with those at work first, the busier before the idle', () => {
    expect(sortAgents([agent(1, 'offline', false), agent(2, 'break', true), agent(3, 'ready', true), agent(4, 'ready', true, 3)]).map((a) => a.id)).toEqual([4, 3, 2, 1])
  })
  it('are counted by what they do now', () => {
    expect(staff([agent(1, 'ready', false), agent(2, 'break', true), agent(3, 'ready', true)])).toEqual({ ready: 1, away: 1, online: 2 })
  })
})
