import { createContext, use } from 'react';
import type { InstitutionAnswer, PointAnswer } from '../../../pipeline/answers.ts';
import type { Answer, FigureRef } from './api.ts';

export interface SiteInfo {
  readonly id: string;
  readonly name: { readonly zh: string; readonly en: string };
  readonly zone: string;
  /** The server's clock in the zone of the site. */
  readonly now: string;
  readonly premises: readonly { readonly id: string; readonly name: { readonly zh: string; readonly en: string } }[];
}

/** What every panel knows of the site it shows. */
export interface SiteView {
  readonly site: SiteInfo;
  readonly points: readonly PointAnswer[];
  readonly institutions: readonly InstitutionAnswer[];
  /** Of points and institutions: while they have not come, the site is not empty. */
  readonly lists: Answer<unknown>['state'];
  /** Opens the trace of a figure. */
  readonly trace: (figure: FigureRef) => void;
}

export const SiteContext = createContext<SiteView | undefined>(undefined);

export function useSite(): SiteView {
  const view = use(SiteContext);
  if (!view) throw new Error('a panel stands outside its site');
  return view;
}

const ORDER = [
  'electricity',
  'water',
  'natural-gas',
  'heat',
  'cooling',
  'steam',
  'coal',
  'petrol',
  'diesel',
  'lpg',
] as const;

/** Carriers that have points, in the order of the guide. */
export const carriersOf = (points: readonly PointAnswer[]): readonly PointAnswer['carrier'][] =>
  carriersEver(points.filter(({ ended }) => !ended));

/** Also of points that have ended: what they metered before stays in the totals. */
export const carriersEver = (points: readonly PointAnswer[]): readonly PointAnswer['carrier'][] =>
  ORDER.filter((carrier) => points.some((point) => point.carrier === carrier));
