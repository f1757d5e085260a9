import type { DeviceModel, ModbusRegister, ModbusTcpConnection, WordType } from '../../collectors/contract.ts';
import type { FieldServer } from './modbus-server.ts';

/** A counter of one to four words in litres, whose raw value is its face value. */
export const litres = (name: string, address: number, type: WordType = 'u16', fc: 3 | 4 = 3): ModbusRegister => ({
  name,
  quantity: 'volume.forward',
  kind: 'counter',
  carrier: 'water',
  unit: 'L',
  scale: '1',
  fc,
  address,
  type,
  order: type === 'u16' ? 'AB' : type === 'u32' ? 'ABCD' : 'ABCDEFGH',
});

export const modbusModel = (
  registers: readonly ModbusRegister[],
  limits: { readonly maxWords?: number; readonly noGaps?: boolean } = {},
): Extract<DeviceModel, { readonly protocol: 'modbus' }> => ({
  protocol: 'modbus',
  id: 'test-meter',
  vendor: 'Test',
  model: 'Meter',
  source: { document: 'none: made for a test', confidence: 'C' },
  maxWords: 60,
  ...limits,
  registers,
});

export const lineTo = (server: Pick<FieldServer, 'host' | 'port'>, timeoutMs = 100): ModbusTcpConnection => ({
  kind: 'modbus-tcp',
  id: 'line',
  host: server.host,
  port: server.port,
  timeoutMs,
  pauseMs: 0,
});
