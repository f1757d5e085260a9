import { type FrameDraft, ID_PATTERN, invariantError, MAX_FRAME_BYTES, MAX_FRAME_ENTRIES } from '#domain';
import type { AppendGroup, Bytes } from './protocol.ts';

/**
 * Drafts as lines of text for the spool's thread, which alone knows the next `seq`. A draft that could never be a frame is
 * a collector's defect: the whole call is refused and nothing of it written.
 */
export function encodeDrafts(drafts: readonly FrameDraft[], at: number): AppendGroup {
  const lines: string[] = [];
  for (const draft of drafts) {
    const rest = JSON.stringify({ at: draft.at, got: draft.got, r: draft.r }).slice(1);
    const fault = faultOf(draft, rest);
    if (fault) {
      throw invariantError('FRAME_MALFORMED', `a collector offered a frame that ${fault}`, {
        place: `${draft.site}/${draft.device}`,
        cure: 'Report this with the site file: collectors must only offer well-formed frames.',
      });
    }
    lines.push(draft.site, draft.device, rest);
  }
  return { kind: 'drafts', at, lines: lines.join('\n'), count: drafts.length };
}

/** Longest head that the thread puts before `rest`: two ids of 63 bytes, 16 digits of seq, and the keys. */
const HEAD_BYTES = 256;

function faultOf(draft: FrameDraft, rest: string): string | undefined {
  if (!ID_PATTERN.test(draft.site) || !ID_PATTERN.test(draft.device)) return 'has no proper site or device id';
  if (!Number.isSafeInteger(draft.at)) return 'has no proper time';
  if (draft.r.length > MAX_FRAME_ENTRIES) return `has ${draft.r.length} entries, more than ${MAX_FRAME_ENTRIES}`;
  if (draft.r.some((entry) => !Number.isFinite(entry[1]))) return 'holds a value that is not a finite number';
  // A character of the basic plane takes at most three bytes.
  if (rest.length * 3 + HEAD_BYTES > MAX_FRAME_BYTES && Buffer.byteLength(rest) + HEAD_BYTES > MAX_FRAME_BYTES) {
    return `is longer than ${MAX_FRAME_BYTES} bytes`;
  }
  return undefined;
}

export function packValues(values: readonly Uint8Array[]): Bytes {
  const ends = new Uint32Array(values.length);
  let end = 0;
  values.forEach((value, i) => {
    end += value.length;
    ends[i] = end;
  });
  const bytes = new Uint8Array(end);
  values.forEach((value, i) => bytes.set(value, ends[i - 1] ?? 0));
  return { bytes, ends };
}

export function unpackValues({ bytes, ends }: Bytes): readonly Uint8Array[] {
  const whole = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return Array.from(ends, (end, i) => whole.subarray(ends[i - 1] ?? 0, end));
}
