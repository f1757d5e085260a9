export * from './aborted.ts';
export * from './clock.ts';
export * from './events.ts';
export * from './logger.ts';
export * from './persist.ts';
export * from './runs.ts';
export * from './shutdown.ts';
