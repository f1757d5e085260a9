export * from './check.ts';
export * from './face.ts';
export * from './load.ts';
export * from './resolve.ts';
export * from './schema.ts';
