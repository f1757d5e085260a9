export * from './check.ts';
export * from './load.ts';
export { formatProblem, type Problem } from './problem.ts';
export type { Models } from './scope.ts';
export { schemaText } from './shape.ts';
export { readTextFile } from './text-file.ts';
