export { checkFacts, type FactsCheck, type FactsCheckOptions, factsSchemaText, isFactsFile } from './check.ts';
export { loadFacts } from './load.ts';
