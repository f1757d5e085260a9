import { z } from 'zod';

/**
 * One poll of one device, one log record (architecture.md, The frame). `seq` counts per `src` without gaps; register
 * values are meter-face integers in base units (or in counts, where the register's scale is not whole); flags: `g` gauge,
 * `u` uncertain. A register that could not be read is absent.
 */
export interface Frame {
  readonly v: 1;
  /** Id of the spool, 8 hexadecimal digits, new whenever a spool is created. */
  readonly src: string;
  readonly site: string;
  readonly device: string;
  readonly seq: number;
  /** Epoch ms of the device's or server's clock where it has one, else of the reply. */
  readonly at: number;
  /** Epoch ms of the reply, where it differs from `at` by more than 60 s. */
  readonly got?: number | undefined;
  readonly r: readonly FrameEntry[];
}

export type FrameEntry =
  | readonly [register: string, value: number]
  | readonly [register: string, value: number, flags: string];

/** What a collector offers to the spool, which adds `v`, `src` and `seq`. */
export type FrameDraft = Omit<Frame, 'v' | 'src' | 'seq'>;

export const MAX_FRAME_BYTES = 64 * 1024;
export const MAX_FRAME_ENTRIES = 512;
/** A thousand frames a second for thirty years: no spool comes to a greater number, and up to it all between would be missing. */
export const MAX_SEQ = 1e12;
export const ID_PATTERN = /^[a-z0-9][a-z0-9._-]{0,62}$/;
export const REGISTER_PATTERN = /^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$/;
export const FLAGS_PATTERN = /^(g|u|gu|ug)$/;

/**
 * Shape of a frame. Values are plain numbers here: that a value is a safe integer, a known register, a possible time is
 * judged reading by reading at admission (ledger.md, 3.1), so that one bad reading does not take its neighbours along.
 */
export const frameSchema = z.strictObject({
  v: z.literal(1),
  src: z.string().regex(/^[0-9a-f]{8}$/),
  site: z.string().regex(ID_PATTERN),
  device: z.string().regex(ID_PATTERN),
  seq: z.int().nonnegative().max(MAX_SEQ),
  at: z.int(),
  got: z.int().optional(),
  r: z
    .array(
      z.union([
        z.tuple([z.string().max(64), z.number()]),
        z.tuple([z.string().max(64), z.number(), z.string().regex(FLAGS_PATTERN)]),
      ]),
    )
    .max(MAX_FRAME_ENTRIES),
});
