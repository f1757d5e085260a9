import type { OverheardFrame } from './rtu-frame.ts';
import type { ReadRequest } from './transport.ts';

/** A request whose answer never came, and may still come. */
interface LostRequest {
  readonly fc: number;
  readonly words: number;
  readonly sentAt: number;
}

/** What a line remembers over its reopenings, because its replies carry no number. All times ms. */
export interface RtuMemory {
  /** How long the line must be quiet before it is asked again: the longest reply time seen, at least one time-out. */
  readonly silenceMs: () => number;
  readonly noteReplyTime: (ms: number) => void;
  readonly lost: (request: ReadRequest, sentAt: number) => void;
  /** The unit has answered something that nothing lost could have: by order of the line, what was lost before is settled. */
  readonly settled: (unit: number) => void;
  readonly owes: (unit: number, now: number) => boolean;
  /** Nothing came while the line was quiet. */
  readonly quiet: () => void;
  /** The request itself; or, where a late reply to a lost one could be taken for its answer, one that tells the two apart. */
  readonly tellingApart: (request: ReadRequest, now: number) => ReadRequest;
  /** Whether an overheard frame may be a late reply of ours; its delay is then remembered. */
  readonly isOurs: (frame: OverheardFrame, now: number) => boolean;
}

/** Beyond this a late reply is not waited for: `tellingApart` guards against it. */
const LONGEST_SILENCE_TIMEOUTS = 4;
/** What was lost so long ago is owed by no line. */
const FORGET_TIMEOUTS = 60;
const FORGET_MS = 60_000;
const MOST_LOST = 32;
const MAX_WORDS = 125;

export function createRtuMemory(timeoutMs: number): RtuMemory {
  const lostOf = new Map<number, LostRequest[]>();
  const forgetMs = Math.max(FORGET_MS, FORGET_TIMEOUTS * timeoutMs);
  let longest = 0;

  const noteReplyTime = (ms: number): void => {
    longest = Math.max(longest, ms);
  };
  const owed = (unit: number, now: number): readonly LostRequest[] => {
    const lost = lostOf.get(unit);
    if (!lost) return [];
    const rest = lost.filter(({ sentAt }) => now - sentAt < forgetMs);
    if (rest.length === 0) lostOf.delete(unit);
    else if (rest.length < lost.length) lostOf.set(unit, rest);
    return rest;
  };
  return {
    silenceMs: () => Math.min(Math.max(longest, timeoutMs), LONGEST_SILENCE_TIMEOUTS * timeoutMs),
    noteReplyTime,
    lost: ({ unit, fc, words }, sentAt) =>
      void lostOf.set(unit, [...(lostOf.get(unit) ?? []), { fc, words, sentAt }].slice(-MOST_LOST)),
    settled: (unit) => void lostOf.delete(unit),
    owes: (unit, now) => owed(unit, now).length > 0,
    quiet: () => {
      longest /= 2;
    },
    tellingApart: (request, now) => {
      const lost = owed(request.unit, now);
      const isLost = (words: number): boolean => lost.some((l) => l.fc === request.fc && l.words === words);
      if (!isLost(request.words)) return request;
      // shorter ones first: what reads fewer words at the same place is most likely allowed
      const shorter = Array.from({ length: request.words - 1 }, (_, i) => request.words - 1 - i);
      const longer = Array.from({ length: MAX_WORDS - request.words }, (_, i) => request.words + 1 + i);
      const words = [...shorter, ...longer].find((n) => !isLost(n));
      return words === undefined ? request : { ...request, words };
    },
    isOurs: ({ unit, fc, words }, now) => {
      const late = owed(unit, now).find((l) => l.fc === (fc & 0x7f) && (l.words === words || fc > 0x7f));
      if (late) noteReplyTime(now - late.sentAt);
      return late !== undefined;
    },
  };
}
