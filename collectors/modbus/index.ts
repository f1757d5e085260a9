export { createModbusCollector, type ModbusOptions } from './collector.ts';
export type { OpenTransport } from './transport.ts';
