import type { MissingAnswer } from '../../../pipeline/answers-parts.ts';
import { useSpeech } from './language.tsx';

/** What would make it possible, each said once: three comparisons that wait for one forecast wait for the same. */
export function Cures({ missing }: { readonly missing: readonly MissingAnswer[] }) {
  const { nameOf } = useSpeech();
  return [...new Set(missing.map(({ cure }) => nameOf(cure)))].map((cure) => (
    <div key={cure} className="small" data-cure>
      {cure}
    </div>
  ));
}
