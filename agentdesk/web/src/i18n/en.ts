import admin from './admin.en'
import channel from './channel.en'
import desk from './desk.en'
import demo from './demo.en'
import shell from './shell.en'
import wall from './wall.en'

export default { ...shell, channel, desk, admin, wall, demo }
