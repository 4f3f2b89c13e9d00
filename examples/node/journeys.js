'use strict'

// Journeys: what tenantry is for, each on an SQLite file of its own. Prints what happened; decides nothing itself.

const fs = require('node:fs')
const os = require('node:os')
const path = require('node:path')
const { Stage } = require('./stage')

const JOURNEYS = { fully: require('./fully') }

const USAGE = `usage: journeys [JOURNEY ...]

Plays the journeys, all of them if none is named, each on an SQLite file that it creates and removes at the end.

journeys: ${Object.keys(JOURNEYS).join(', ')}
`

async function main (wanted) {
  if (wanted.length === 1 && wanted[0] === '--help') return process.stdout.write(USAGE)
  const directory = fs.mkdtempSync(path.join(os.tmpdir(), 'tenantry-journeys-'))
  try {
    for (const [place, name] of (wanted.length ? wanted : Object.keys(JOURNEYS)).entries()) {
      if (!Object.hasOwn(JOURNEYS, name)) throw new Error(`there is no journey \`${name}\`; try --help`)
      if (place > 0) process.stdout.write('\n\n')
      const stage = new Stage()
      await stage.open(path.join(directory, `${place}.db`))
      await JOURNEYS[name](stage)
      await stage.engine.close()
    }
  } finally {
    fs.rmSync(directory, { recursive: true })
  }
}

main(process.argv.slice(2)).catch((error) => {
  process.stderr.write(`journeys: ${error.message}\n`)
  process.exitCode = 1
})
