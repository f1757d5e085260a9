import { type LocalText, say } from '#domain';

/** Edits (insert, delete, replace, swap of neighbours) between two short texts, letter case ignored. */
export function distance(left: string, right: string): number {
  const [a, b] = [left.toLowerCase(), right.toLowerCase()];
  let before: number[] = [];
  let above = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    for (let j = 1; j <= b.length; j++) {
      const same = a[i - 1] === b[j - 1];
      let cost = Math.min((above[j] ?? 0) + 1, (row[j - 1] ?? 0) + 1, (above[j - 1] ?? 0) + (same ? 0 : 1));
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]) {
        cost = Math.min(cost, (before[j - 2] ?? 0) + 1);
      }
      row.push(cost);
    }
    [before, above] = [above, row];
  }
  return above[b.length] ?? 0;
}

/** The candidate that was probably meant, if one is near. */
export function nearest(text: string, candidates: readonly string[]): string | undefined {
  const ranked = candidates
    .map((candidate) => ({ candidate, edits: distance(text, candidate) }))
    .sort((x, y) => x.edits - y.edits);
  const best = ranked[0];
  return best && best.edits <= Math.max(1, Math.floor(text.length / 3)) ? best.candidate : undefined;
}

/** "Did you mean …?", else the list of what is possible, cut to a readable length. */
export function suggest(text: string, candidates: readonly string[]): LocalText {
  const near = nearest(text, candidates);
  if (near !== undefined) return say(`是否想写 "${near}"？`, `Did you mean "${near}"?`);
  if (candidates.length === 0)
    return say('文件里还没有可引用的内容，请先定义它', 'Nothing of this kind is defined: define it first');
  const shown = candidates.slice(0, 12).join(', ') + (candidates.length > 12 ? ', …' : '');
  return say(`可写：${shown}`, `Write one of ${shown}`);
}
