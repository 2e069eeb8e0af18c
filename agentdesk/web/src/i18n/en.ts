import admin from './admin.en'
import channel from './channel.en'
import desk from './desk.en'
import demo from './demo.en'
import mail from './mail.en'
import shell from './shell.en'
import wall from './wall.en'

export default { ...shell, channel, desk, mail, admin, wall, demo }
