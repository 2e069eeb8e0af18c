import admin from './admin.zh-CN'
import channel from './channel.zh-CN'
import desk from './desk.zh-CN'
import demo from './demo.zh-CN'
import mail from './mail.zh-CN'
import shell from './shell.zh-CN'
import wall from './wall.zh-CN'

export default { ...shell, channel, desk, mail, admin, wall, demo }
