export * from './contract.ts';
export * from './devices/index.ts';
export * from './modbus/index.ts';
export * from './plan.ts';
export * from './supervisor.ts';
