import { believedOf, faceOf, linkOf } from './path.ts';
import { sequencesOf } from './sequence.ts';
import type { Link } from './path.ts';
import type { Point } from './sequence.ts';
import type { Bracket } from './brackets.ts';
import type { Meter } from './mountings.ts';
import type { EventBodyJson } from './input.ts';

export interface Finding {
  readonly kind: 'outlier' | 'pending' | 'break' | 'gap' | 'conflict';
  readonly from: number;
  readonly to: number;
  readonly fromValue: bigint;
  readonly toValue: bigint;
  readonly explained: boolean;
}

/** Two believed neighbours and what lies between them. */
export interface Joint {
  readonly a: Point;
  readonly b: Point;
  readonly link: Link;
}

/** What is believed of a mounting, and what follows from it. */
export interface Judgement {
  readonly meter: Meter;
  readonly modulus: bigint | undefined;
  /** In time order; at a reset the same instant may stand twice. */
  readonly believed: readonly Point[];
  readonly joints: readonly Joint[];
  readonly findings: readonly Finding[];
}

const single = (kind: 'outlier' | 'pending', { at, value }: Point): Finding => ({
  kind,
  from: at,
  to: at,
  fromValue: value,
  toValue: value,
  explained: false,
});

const leftOutFindings = (points: readonly Point[], believed: readonly number[]): Finding[] => {
  const end = believed.at(-1) ?? -1;
  return points.flatMap((point, i) => (believed.includes(i) ? [] : [single(i < end ? 'outlier' : 'pending', point)]));
};

const jointFindings = ({ a, b, link }: Joint, slotMs: number): Finding[] => {
  const between = { from: a.at, to: b.at, fromValue: a.value, toValue: b.value };
  if (link.kind === 'break') return [{ kind: 'break', ...between, explained: link.explained }];
  return unevidenced(a.at, b.at, slotMs) ? [{ kind: 'gap', ...between, explained: false }] : [];
};

/** Some slot boundary strictly between the readings has one of them more than a slot's length away (ledger.md, 5). */
const unevidenced = (a: number, b: number, slotMs: number): boolean => {
  for (let t = Math.floor(a / slotMs) * slotMs + slotMs; t < b; t += slotMs)
    if (t - a > slotMs || b - t > slotMs) return true;
  return false;
};

export const judge = (
  meter: Meter,
  brackets: readonly Bracket[],
  bodies: readonly EventBodyJson[],
  slotMs: number,
): Judgement => {
  const face = faceOf(meter.json);
  const { parts, conflicts } = sequencesOf(meter, brackets, bodies);
  const judged = parts.map((points) => {
    const indices = believedOf(face, points);
    const believed = indices.flatMap((i) => points[i] ?? []);
    const joints = believed.slice(1).flatMap((b, i): Joint[] => {
      const a = believed[i];
      return a === undefined ? [] : [{ a, b, link: linkOf(face, a, b) }];
    });
    return { believed, joints, leftOut: leftOutFindings(points, indices) };
  });
  const joints = judged.flatMap((part) => part.joints);
  const conflictFindings = conflicts.map(({ at, value, other }): Finding => {
    return { kind: 'conflict', from: at, to: at, fromValue: value, toValue: other?.value ?? value, explained: false };
  });
  return {
    meter,
    modulus: face.modulus,
    believed: judged.flatMap((part) => part.believed),
    joints,
    findings: [
      ...judged.flatMap((part) => part.leftOut),
      ...joints.flatMap((joint) => jointFindings(joint, slotMs)),
      ...conflictFindings,
    ],
  };
};
