export type { ApiContext, LineState, SpoolDepth } from './context.ts';
export { eventSchema, type EventAnswer, parseEventBody, showEvent } from './event-shape.ts';
export { type ImportReadings, type ImportReport, importReportSchema, type ReadingsUpload } from './import-port.ts';
export { powerNow, type PowerAnswer } from './power.ts';
export { type ApiServer, buildApp, createServer, type ServerOptions } from './server.ts';
