/** What the spool's thread is asked and what it answers. Bytes travel by transfer, not by copy. */
export type SpoolRequest =
  | { readonly kind: 'append'; readonly groups: readonly AppendGroup[] }
  | { readonly kind: 'read'; readonly from: number; readonly limit: number; readonly devices: boolean }
  | ({ readonly kind: 'acknowledge' } & Acknowledgement)
  | { readonly kind: 'trim'; readonly below: number; readonly before: number; readonly limit: number }
  | { readonly kind: 'skip'; readonly below: number }
  | { readonly kind: 'close' };

export interface Acknowledgement {
  /** First seq not yet acknowledged, after this. */
  readonly acknowledged: number;
  /** Acknowledged ranges above it. */
  readonly sent: Ranges;
  /** Frames [from, to) to remove with it. */
  readonly forget?: Ranges[number] | undefined;
}

type Ranges = readonly (readonly [from: number, to: number])[];

export type AppendGroup =
  /** Three lines per frame: site, device, and the rest of the JSON from `"at"` on. The file adds v, src and seq. */
  | { readonly kind: 'drafts'; readonly at: number; readonly lines: string; readonly count: number }
  /** Finished values, taken as they are. */
  | { readonly kind: 'values'; readonly at: number; readonly devices: readonly string[]; readonly block: Bytes };

export interface Bytes {
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** End of each value in `bytes`. */
  readonly ends: Uint32Array<ArrayBuffer>;
}

/** A run of frames: the i-th has seq `from + i`. */
export interface FrameBlock extends Bytes {
  readonly from: number;
  /** Epoch ms at which the file took each. */
  readonly appendedAt: Float64Array<ArrayBuffer>;
  readonly devices?: readonly string[] | undefined;
}

export interface SpoolState {
  readonly src: string;
  /** First seq still kept. */
  readonly low: number;
  /** The next seq. */
  readonly next: number;
  /** First seq not yet acknowledged. */
  readonly acknowledged: number;
  /** Acknowledged ranges above it, ascending. */
  readonly sent: Ranges;
  /** Numbers of frames that the file has lost, ascending: never given again. */
  readonly gaps: Ranges;
  /** How many of them were found lost since it was opened. */
  readonly lost: number;
  /** When the oldest frame not yet acknowledged was taken; undefined as well where it cannot be read. */
  readonly oldestAt: number | undefined;
  /** Size of the file and its write-ahead log. */
  readonly bytes: number;
}

export type SpoolReply =
  | { readonly ok: true; readonly state: SpoolState; readonly block?: FrameBlock; readonly removed?: number }
  | { readonly ok: false; readonly failure: SpoolFailure };

/** A failure as data, because errors lose their class between threads. `code` is SQLite's extended result code or ours. */
export interface SpoolFailure {
  readonly reason: 'sqlite' | 'not-a-spool' | 'too-new' | 'sqlite-too-old' | 'io';
  readonly code: number | string;
  readonly message: string;
}

export class SpoolFileError extends Error {
  readonly failure: SpoolFailure;
  constructor(failure: SpoolFailure) {
    super(failure.message);
    this.failure = failure;
  }
}
