// Gives what `faultless steps --json` says to Cucumber's language service: `steps.cjs STEPS.json
// FILE.feature…`. Each sentence has to become a suggestion, and each step of the features has to be
// known. How many of each goes to stdout.
const fs = require('node:fs')
const { createRequire } = require('node:module')
const own = createRequire(process.cwd() + '/package.json')
const { buildSuggestions, getGherkinDiagnostics, CucumberExpressions } =
  own('@cucumber/language-service')
const { ExpressionFactory, ParameterType, ParameterTypeRegistry } = CucumberExpressions

const [file, ...features] = process.argv.slice(2)
const { expressions, parameterTypes } = JSON.parse(fs.readFileSync(file, 'utf8'))
const registry = new ParameterTypeRegistry()
for (const { name, regexp, examples } of parameterTypes) {
  const whole = new RegExp(`^(?:${regexp})$`)
  const strange = examples.filter((example) => !whole.test(example))
  if (strange.length > 0) throw new Error(`{${name}} does not match ${strange}`)
  const type = new ParameterType(name, [regexp], Object, (text) => text, true, false)
  registry.defineParameterType(type)
}
const factory = new ExpressionFactory(registry)
const known = expressions.map(({ expression }) => factory.createExpression(expression))
const suggestions = buildSuggestions(registry, [], known)
for (const feature of features) {
  const unknown = getGherkinDiagnostics(fs.readFileSync(feature, 'utf8'), known)
  if (unknown.length > 0) throw new Error(`${feature}: ${JSON.stringify(unknown)}`)
}
console.log(`${suggestions.length} suggestions, ${features.length} features`)
