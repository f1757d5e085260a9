export type { ApiContext } from './context.ts';
export { type ApiServer, buildApp, createServer, type ServerOptions } from './server.ts';
export { createIntakeServer, type IntakeServer } from './intake/server.ts';
