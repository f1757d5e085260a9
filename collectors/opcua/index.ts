export { createOpcUaCollector, createOpcUaCollectors, type OpcUaOptions } from './collector.ts';
export type { MonitoredNode, OpenSession, RefusedNode, Session } from './session.ts';
export type { Sample } from './sample.ts';
