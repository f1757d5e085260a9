/** One read of one unit: only functions 3 and 4 exist. */
export interface ReadRequest {
  readonly unit: number;
  readonly fc: 3 | 4;
  readonly address: number;
  readonly words: number;
}

/**
 * Why a read gave no words. After `timeout`, `framing` and `foreign` (another unit spoke instead) what comes next on the
 * connection cannot be trusted to answer what was asked next, so the line must be reopened; `closed`: it is closed already;
 * `exception`: the device said no.
 */
export type ReadFault =
  | { readonly kind: 'timeout' }
  | { readonly kind: 'framing'; readonly detail: string }
  | { readonly kind: 'foreign'; readonly unit: number; readonly detail: string }
  | { readonly kind: 'closed'; readonly detail: string }
  | { readonly kind: 'exception'; readonly code: number };

export type ReadResult =
  | { readonly ok: true; readonly words: readonly number[] }
  | { readonly ok: false; readonly fault: ReadFault };

/** An open connection. One request at a time: the line sees to it. */
export interface Transport {
  /** Resolves in any case, at the latest when the transport's time-out has passed or it is closed. */
  readonly read: (request: ReadRequest) => Promise<ReadResult>;
  readonly isOpen: () => boolean;
  /** At once and for good; a read in flight ends as `closed`. Idempotent. */
  readonly close: () => void;
}

/** Told of each frame of a unit that nobody had asked: another unit or another master is on the line. */
export type HeardForeign = (unit: number, detail: string) => void;

/**
 * Opens a connection or throws (DeviceError). Where replies carry no transaction id (RTU, RTU over TCP) it must first let
 * the line fall silent and throw away what comes (architecture.md, Collectors). `heard` is told of what comes outside of
 * a read; a read that a foreign unit spoiled says so by its fault.
 */
export type OpenTransport = (signal: AbortSignal, heard?: HeardForeign) => Promise<Transport>;
