import admin from './admin.en'
import desk from './desk.en'
import demo from './demo.en'
import shell from './shell.en'
import wall from './wall.en'

export default { ...shell, desk, admin, wall, demo }
