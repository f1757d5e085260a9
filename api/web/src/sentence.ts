import type { TraceNode } from '../../../pipeline/answers.ts';
import { useSpeech } from './language.tsx';
import { useSite } from './site.tsx';

/** A series whose first value has no date holds from the first day that is counted. */
const ALWAYS = '1970-01-01';

/** A step of a trace in the reader's language, from its parts; a pair of readings speaks for itself by its formula. */
export function useSentence(): (node: TraceNode) => string {
  const { text, nameOf } = useSpeech();
  const { site, points, institutions } = useSite();
  const known = [...points, ...institutions, ...site.premises, site];
  const nameById = (id: string): string => {
    const found = known.find((one) => one.id === id);
    return found ? nameOf(found.name) : id === 'unallocated' ? text.unallocated : id;
  };
  const { sentence } = text;
  return (node) => {
    const terms = node.terms.length;
    switch (node.kind) {
      case 'institution':
      case 'site':
      case 'premises':
        return sentence.sum(nameById(node.id), terms);
      case 'item':
        return sentence.sum(text.items[node.id] ?? node.id, terms);
      case 'point':
        return sentence.point(nameById(node.id), terms);
      case 'formula':
        return sentence.formula(nameById(node.id), terms);
      case 'meter':
        return node.meter ? sentence.meter(node.meter.serial, terms) : node.label;
      case 'share': {
        const point = nameById(node.terms[0]?.id ?? node.id);
        const { ratio, basis, since } = node.share ?? { ratio: '?', basis: '?', since: '?' };
        return sentence.share(
          point,
          ratio,
          text.basis[basis] ?? basis,
          since === ALWAYS ? text.always : text.since(since),
        );
      }
      case 'span':
        return node.label;
    }
  };
}
