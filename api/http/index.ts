export type { ApiContext } from './context.ts';
export { type ApiServer, buildApp, createServer } from './server.ts';
export { createIntakeServer, type IntakeServer } from './intake/server.ts';
