// Reads Cucumber messages as report tools do: `messages.mjs FILE PAGE.html`. Each message has to be
// valid by the official schema; the official HTML formatter makes the page; and what the official
// JUnit formatter makes of them goes to stdout.
import fs from 'node:fs'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { pathToFileURL } from 'node:url'

// The packages lie where the script is started, not where it is.
const packages = `${process.cwd()}/node_modules`
const load = (path) => import(pathToFileURL(`${packages}/${path}`))
const { default: Ajv } = await load('ajv/dist/2020.js')
const schema = fs.readFileSync(`${packages}/@cucumber/messages/messages.schema.json`, 'utf8')
const validate = new (Ajv.default ?? Ajv)({ strict: false }).compile(JSON.parse(schema))

const [file, page] = process.argv.slice(2)
const envelopes = fs.readFileSync(file, 'utf8').split('\n').filter(Boolean).map((l) => JSON.parse(l))
for (const [at, envelope] of envelopes.entries()) {
  if (!validate(envelope)) {
    console.error(`${file}:${at + 1}: ${JSON.stringify(validate.errors)}`)
    process.exit(1)
  }
}
const { CucumberHtmlStream } = await load('@cucumber/html-formatter/dist/src/index.js')
await pipeline(Readable.from(envelopes), new CucumberHtmlStream(), fs.createWriteStream(page))

const { JUnitXmlPrinter } = await load('@cucumber/junit-xml-formatter/dist/index.js')
const printer = new JUnitXmlPrinter({}, (text) => process.stdout.write(text))
envelopes.forEach((envelope) => printer.update(envelope))
