export { createModbusCollector, type ModbusOptions } from './collector.ts';
export type { OpenTransport, ReadFault, ReadRequest, ReadResult, Transport } from './transport.ts';
