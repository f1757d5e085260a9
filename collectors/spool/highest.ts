import { closeSync, constants, openSync, readSync, writeSync } from 'node:fs';

/**
 * The next number as it stood after the last commit, in a file of its own beside the spool. It is written after the commit, and
 * so never ahead of it: where it says more than the spool has, the spool has lost the end of its write-ahead log.
 */
export interface Highest {
  /** 0 where it is of another spool, or says nothing. */
  readonly read: (src: string) => number;
  readonly write: (src: string, next: number) => void;
  readonly close: () => void;
}

const LENGTH = 8 + 1 + 16;

export function openHighest(spool: string): Highest {
  const file = openSync(`${spool}-next`, constants.O_RDWR | constants.O_CREAT, 0o600);
  return {
    read: (src) => {
      const bytes = Buffer.alloc(LENGTH);
      const text = bytes.toString('latin1', 0, readSync(file, bytes, 0, LENGTH, 0));
      const [, known, digits] = /^([0-9a-f]{8}) (\d{16})$/.exec(text) ?? [];
      return known === src ? Number(digits) : 0;
    },
    write: (src, next) => {
      try {
        writeSync(file, `${src} ${String(next).padStart(16, '0')}`, 0, 'latin1');
      } catch {
        // a full disk: what is committed stands, and the next commit writes it anew
      }
    },
    close: () => closeSync(file),
  };
}
