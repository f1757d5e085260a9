import type { EventSpec } from '#platform';

/** Events of the OPC UA collector. Labels come from bounded sets; ids and nodes stand in the log line only. */
export const SERVER_CONNECTED: EventSpec = { level: 'info', message: 'OPC UA session opened', labels: ['connection'] };
export const SERVER_NOT_CONNECTED: EventSpec = {
  level: 'warn',
  message: 'OPC UA session could not be opened',
  labels: ['connection'],
};
/** `debug` while the reason stays the same: counted in full, logged once. */
export const SERVER_NOT_CONNECTED_AGAIN: EventSpec = { ...SERVER_NOT_CONNECTED, level: 'debug' };
export const SERVER_LOST: EventSpec = {
  level: 'warn',
  message: 'OPC UA session lost: what happened meanwhile is a gap',
  labels: ['connection'],
};
export const NAMESPACE_MISSING: EventSpec = {
  level: 'error',
  message: 'The server has no such namespace: its device is not read',
  labels: ['connection'],
};
/** A value that was not taken: absent from the frame, never a zero. */
export const VALUE_REFUSED: EventSpec = {
  level: 'warn',
  message: 'A value was refused: its register is absent from the frame',
  labels: ['connection', 'reason'],
};
/** `debug` from the second time in a row on: counted in full, logged once. */
export const VALUE_REFUSED_AGAIN: EventSpec = { ...VALUE_REFUSED, level: 'debug' };
export const VALUE_UNCERTAIN: EventSpec = {
  level: 'info',
  message: 'A value is uncertain by the word of the server: taken, and marked',
  labels: ['connection'],
};
export const ITEM_REFUSED: EventSpec = {
  level: 'warn',
  message: 'The server does not monitor a node: its register is only read at the interval',
  labels: ['connection'],
};
export const VALUES_LOST: EventSpec = {
  level: 'warn',
  message: 'Values were lost before they could become frames',
  labels: ['connection', 'reason'],
};
/** `debug` from the second time in a row on: counted in full, logged once, or the log would lose what is left of the time. */
export const VALUES_LOST_AGAIN: EventSpec = { ...VALUES_LOST, level: 'debug' };
export const DEVICE_LOST: EventSpec = {
  level: 'warn',
  message: 'A device stopped answering',
  labels: ['connection', 'state'],
};
export const DEVICE_RECOVERED: EventSpec = { level: 'info', message: 'A device answers again', labels: ['connection'] };
export const DEVICE_STALE: EventSpec = {
  level: 'warn',
  message: 'A device answers, but the source times of its values stand still',
  labels: ['connection'],
};
/** reason: restarted, stepped-forward, stepped-back, stands-still, apart, together (server-clock.ts). */
export const SERVER_CLOCK: EventSpec = {
  level: 'warn',
  message: 'The clock of the server did what a clock should not, or the server started anew',
  labels: ['connection', 'reason'],
};
/** reason: stepped-back (a time that was there before comes again), ahead (of our clock). */
export const SOURCE_CLOCK: EventSpec = {
  level: 'warn',
  message: 'The source times of a device jumped: its readings bear the times that it gives',
  labels: ['connection', 'reason'],
};
export const GAP_FILLED: EventSpec = {
  level: 'info',
  message: "A gap was filled from the server's history",
  labels: ['connection'],
};
export const GAP_STAYS: EventSpec = {
  level: 'warn',
  message: 'The server keeps no history of the time when nobody listened: it stays a gap',
  labels: ['connection'],
};
export const GAP_WAITS: EventSpec = {
  level: 'info',
  message: "The server's history could not be read to its end: it is tried again later",
  labels: ['connection', 'reason'],
};
export const LIBRARY_SPOKE: EventSpec = { level: 'debug', message: 'Message of the OPC UA library' };
