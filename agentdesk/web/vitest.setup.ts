/** What the modules under test expect of a browser when they load. */
class Store {
  private map = new Map<string, string>()
  get length() { return this.map.size }
  key(i: number) { return [...this.map.keys()][i] ?? null }
  getItem(k: string) { return this.map.get(k) ?? null }
  setItem(k: string, v: string) { this.map.set(k, String(v)) }
  removeItem(k: string) { this.map.delete(k) }
  clear() { this.map.clear() }
}
Object.assign(globalThis, { localStorage: new Store(), sessionStorage: new Store() })
globalThis.location ??= { hash: '', search: '', pathname: '/', protocol: 'http:', host: 'localhost' } as Location
globalThis.navigator ??= { language: 'zh-CN' } as Navigator
