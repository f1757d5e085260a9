import type { EventSpec } from '#platform';

/** Events of the Modbus collector. Labels come from bounded sets; ids and addresses stand in the log line only. */
export const LINE_OPENED: EventSpec = { level: 'info', message: 'Modbus line opened', labels: ['connection'] };
export const LINE_NOT_OPENED: EventSpec = {
  level: 'warn',
  message: 'Modbus line could not be opened',
  labels: ['connection'],
};
/** `debug` after a request that was not answered as asked: that has been said. */
export const LINE_OPENED_AGAIN: EventSpec = { ...LINE_OPENED, level: 'debug' };
/** `debug` while the reason stays the same: counted in full, logged once. */
export const LINE_NOT_OPENED_AGAIN: EventSpec = { ...LINE_NOT_OPENED, level: 'debug' };
export const LINE_POISONED: EventSpec = {
  level: 'info',
  message: 'Modbus line closed after a request that was not answered as asked; it is reopened',
  labels: ['connection', 'reason'],
};
/** `debug` from the second time on: what does not answer is told by its own events. */
export const LINE_POISONED_AGAIN: EventSpec = { ...LINE_POISONED, level: 'debug' };
/** `unit` spoke, or was asked by another master, though we had not asked it. */
export const FOREIGN_HEARD: EventSpec = {
  level: 'warn',
  message: 'Something else speaks on the Modbus line: a second master, or two units with one address',
  labels: ['connection'],
};
/** `debug` from the second time on: counted in full, logged once per unit. */
export const FOREIGN_HEARD_AGAIN: EventSpec = { ...FOREIGN_HEARD, level: 'debug' };
/** `registers` names what is absent from the frame because of it. */
export const REQUEST_FAILED: EventSpec = {
  level: 'warn',
  message: 'Modbus request failed: its registers are absent from the frame',
  labels: ['connection', 'reason'],
};
/** `debug` from the second time in a row on: counted in full, logged once. */
export const REQUEST_FAILED_AGAIN: EventSpec = { ...REQUEST_FAILED, level: 'debug' };
export const READ_SPLIT: EventSpec = {
  level: 'info',
  message: 'The device refused a range: from now on it is read in two halves',
  labels: ['connection'],
};
export const READING_REFUSED: EventSpec = {
  level: 'warn',
  message: 'A register was read but holds no usable value: it is absent from the frame',
  labels: ['connection', 'reason'],
};
export const READING_REFUSED_AGAIN: EventSpec = { ...READING_REFUSED, level: 'debug' };
export const DEVICE_LOST: EventSpec = {
  level: 'warn',
  message: 'A device stopped answering',
  labels: ['connection', 'state'],
};
export const DEVICE_RECOVERED: EventSpec = {
  level: 'info',
  message: 'A device answers again',
  labels: ['connection'],
};
export const POLLS_SKIPPED: EventSpec = {
  level: 'warn',
  message: 'The line was too slow for the interval: polls were skipped',
  labels: ['connection'],
};
/** `debug` from the second time in a row on: counted in full, logged once. */
export const POLLS_SKIPPED_AGAIN: EventSpec = { ...POLLS_SKIPPED, level: 'debug' };
