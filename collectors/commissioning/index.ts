export { type Candidate, candidatesOf, DOUBTS, type Expected } from './candidates.ts';
export { type Largest, largestRequest, timeReplies, type Timing } from './pace.ts';
export { hexOf } from './physical.ts';
export { type DevicePlan, type LinePlan, linePlans, VERDICTS } from './plan.ts';
export { type DeviceReading, QUALITIES, readModbusDevice, type ReadValue } from './read-device.ts';
export { readOpcUaDevice } from './read-opcua.ts';
export { checkUnit, GATEWAY_CODES, parseUnits, rangesOf, scanUnits, UNIT_ANSWERS, type UnitAnswer } from './scan.ts';
export { type Ask, type LineSession, lineSession } from './session.ts';
