export * from './check.ts';
export * from './load.ts';
export { formatPath, formatProblem, type Problem } from './problem.ts';
export { type SiteFileInput, siteFileSchema } from './schema.ts';
export type { Models } from './scope.ts';
export { schemaText, siteJsonSchema } from './shape.ts';
