// The sample shop: says its texts in English when asked, lets things be
// pressed, and loads the widget as any customer's page would.
const query = new URLSearchParams(location.search)

if (query.get('lang') === 'en') {
  document.documentElement.lang = 'en'
  document.title = 'Yunqiao L5 refrigerator'
  for (const el of document.querySelectorAll('[data-en]')) el.textContent = el.dataset.en
}

for (const swatch of document.querySelectorAll('.swatches button')) {
  swatch.addEventListener('click', () => {
    document.querySelector('.swatches .on')?.classList.remove('on')
    swatch.classList.add('on')
    document.querySelector('.fridge').style.setProperty('--door', swatch.dataset.door)
  })
}

const count = document.querySelector('#count')
for (const step of document.querySelectorAll('.count button')) {
  step.addEventListener('click', () => { count.textContent = String(Math.min(9, Math.max(1, Number(count.textContent) + Number(step.dataset.step)))) })
}

const cart = document.querySelector('#cart')
document.querySelector('#add').addEventListener('click', () => { cart.textContent = String(Number(cart.textContent) + Number(count.textContent)) })
document.querySelector('#ask').addEventListener('click', () => window.Zongji?.open())

// load puts the widget into the page; the demo knows the key of the shop's channel.
async function load() {
  const key = query.get('channel') || (await (await fetch('/api/v1/demo')).json()).channel
  const script = document.createElement('script')
  script.async = true
  script.src = '/widget.js'
  script.dataset.channel = key
  document.body.append(script)
  nudge(script)
  if (query.get('member')) member(script)
}

// member logs a customer in whom the shop knows on WeChat too: its server signs who he is.
function member(script) {
  const who = new URLSearchParams({ unionid: query.get('member'), name: query.get('name') ?? '' })
  script.addEventListener('load', async () => {
    const { identity } = await (await fetch(`/api/v1/demo/wechat/member?${who}`)).json()
    window.Zongji?.identify(identity)
    window.Zongji?.open()
  })
}

// nudge points at the bubble until the visitor has opened it once.
function nudge(script) {
  const hint = document.querySelector('#nudge')
  hint.addEventListener('click', () => window.Zongji.open())
  script.addEventListener('load', () => {
    window.Zongji.on('open', () => { hint.hidden = true })
    setTimeout(() => { hint.hidden = !!document.querySelector('zongji-widget')?.shadowRoot?.querySelector('[data-testid=zj-message]') }, 800)
  })
}
load().catch(() => setTimeout(() => location.reload(), 2000))
