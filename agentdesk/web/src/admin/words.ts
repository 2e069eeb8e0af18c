/**
 * The server says what is wrong with a field in English. In Chinese the usual
 * sentences are put into words here; all others stand as they are.
 */
const usual: [RegExp, string][] = [
  [/^is empty: fill it in$/, '请填写'],
  [/^has (\d+) characters: at most (\d+) are allowed$/, '有 $1 个字，最多 $2 个'],
  [/^has more than (\d+) characters$/, '超过 $1 个字'],
  [/^is (-?\d+): (-?\d+) to (-?\d+) are allowed$/, '应在 $2 到 $3 之间（现为 $1）'],
  [/^is "?(.*?)"?: allowed are (.+)$/, '“$1”不可用，可选：$2'],
  [/^is "?(.*?)"?: write 是 or 否 \(yes or no\)$/, '“$1”应写 是 或 否'],
  [/^there is no such (?:team|queue)(?:: .*)?$/, '不存在，请重新选择'],
  [/^there is no (?:team|skill|calendar|queue) "?([^":]+)"?(?:: .*)?$/, '“$1”不存在'],
  [/^\w+ (.+) has this key: choose another$/, '标识已被“$1”使用'],
  [/^another .* has this (?:key|name): choose another$/, '已被使用，请换一个'],
  [/^(.+) has this login already: choose another$/, '账号已被“$1”使用'],
  [/^another entry has the same question: edit that one$/, '已有相同的标准问题，请编辑那一条'],
  [/^is the same as in line (\d+)$/, '与第 $1 行重复'],
  [/^still holds (.+): customers would see it, write the value$/, '还留有 $1，客户会直接看到，请写成实际内容'],
  [/^must be 1 to 40 of a–z 0–9 _ - and begin with a letter or digit$/, '1–40 位小写字母、数字、_ 或 -，以字母或数字开头'],
  [/^must be 2 to 64 of A–Z a–z 0–9 \. _ @ -$/, '2–64 位字母、数字或 . _ @ -'],
  [/^must have at most 32 characters without spaces and slashes$/, '最多 32 个字，不含空格和斜杠'],
  [/^must be a colour like .*$/, '应为颜色值，例如 #1677ff'],
  [/^must be at most three ages in seconds, ascending$/, '最多三个，且依次增大'],
  [/^the fallbacks come back to this queue.*$/, '后备队列绕回了自己'],
  [/^has (\d+) questions: at most (\d+) are allowed$/, '有 $1 条，最多 $2 条'],
]

/** A field's error in the language of the screen. */
export function fieldWords(message: string, lang: string): string {
  if (lang === 'en') return message
  for (const [re, zh] of usual) if (re.test(message)) return message.replace(re, zh)
  return message
}
