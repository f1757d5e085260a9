export type { ApiContext } from './context.ts';
export { type ApiServer, buildApp, createServer } from './server.ts';
