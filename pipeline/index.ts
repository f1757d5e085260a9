export * from './answers.ts';
export * from './answers-rules.ts';
export { dumpBooks } from './rollup/dump.ts';
export { keepHouse, keepSettled } from './housekeeping.ts';
export { createWorker, type Worker, type WorkerOptions } from './ledger/worker.ts';
export { carriersOf, convertAnswer, factorsAnswer, rowUsedOf } from './judging/catalogue-answers.ts';
export { openService, type ServiceOptions } from './open-service.ts';
export type * from './service.ts';
export type * from './service-rules.ts';
