import { CARRIER_LABELS, type Institution, type Point, say } from '#domain';
import { resolveAllocations } from './allocations.ts';
import type { Path } from './problem.ts';
import type { PointEntry } from './schema.ts';
import { checkCycles, checkReference, type Scope } from './scope.ts';
import { textOf } from './series.ts';

type Term = NonNullable<Point['terms']>[number];

export function resolvePoints(scope: Scope, institutions: readonly Institution[]): readonly Point[] {
  const points = scope.file.points.map((entry, i): Point => {
    const path: Path = ['points', i];
    if (entry.premises !== undefined) checkReference(scope, 'premises', entry.premises, [...path, 'premises']);
    checkRole(scope, entry, path);
    checkItem(scope, entry, path);
    const terms = entry.formula === undefined ? undefined : termsOf(scope, entry, path);
    const allocations = resolveAllocations(scope, entry, path, institutions);
    const { id, carrier, premises, role, parent, item } = entry;
    return { id, name: textOf(entry.name), carrier, premises, role, parent, item, terms, allocations };
  });
  checkPointCycles(scope, points);
  return points;
}

function checkRole(scope: Scope, entry: PointEntry, path: Path): void {
  if (entry.role === 'sub' && entry.parent === undefined) {
    const mains = scope.file.points.filter((p) => p.carrier === entry.carrier && p.role === 'main').map((p) => p.id);
    scope.report(
      [...path, 'role'],
      'SUB_WITHOUT_PARENT',
      say(`分项测点 "${entry.id}" 没有 parent`, `The sub point "${entry.id}" has no parent`),
      say(
        `请写它所属的测点，例如 parent: ${mains[0] ?? '…'}`,
        `Write the point that it breaks down: parent: ${mains[0] ?? '…'}`,
      ),
    );
  }
  if (entry.parent !== undefined) checkParent(scope, entry, entry.parent, [...path, 'parent']);
  if (entry.role === 'formula' && entry.formula === undefined) {
    scope.report(
      [...path, 'role'],
      'FORMULA_MISSING',
      say(`计算测点 "${entry.id}" 没有 formula`, `The formula point "${entry.id}" has no formula`),
      say('请写 formula: a - b', 'Write formula: a - b'),
    );
  }
  if (entry.role !== 'formula' && entry.formula !== undefined) foreignKey(scope, [...path, 'formula'], entry.role);
  if (entry.role === 'formula' && (entry.meters?.length ?? 0) > 0) foreignKey(scope, [...path, 'meters'], entry.role);
  if (entry.role !== 'formula' && entry.meters === undefined && entry.formula === undefined) {
    scope.report(
      path,
      'METERS_MISSING',
      say(`测点 "${entry.id}" 没有表`, `The point "${entry.id}" has no meters`),
      say('请写 meters；还没装表时写 meters: []', 'Write meters, or meters: [] while none is mounted'),
    );
  }
}

const foreignKey = (scope: Scope, path: Path, role: string): void =>
  scope.report(
    path,
    'KEY_FOREIGN',
    say(`role 为 ${role} 的测点没有 ${path.at(-1)}`, `A point with the role ${role} has no ${path.at(-1)}`),
    say('请删去，或改 role', 'Remove it, or change the role'),
    true,
  );

function checkParent(scope: Scope, entry: PointEntry, parent: string, path: Path): void {
  if (entry.role !== 'sub') {
    foreignKey(scope, path, entry.role);
    return;
  }
  const other = scope.file.points.find(({ id }) => id === parent);
  if (!checkReference(scope, 'points', parent, path) || !other || other.carrier === entry.carrier) return;
  scope.report(
    path,
    'CARRIER_DIFFERS',
    say(
      `"${entry.id}" 计量${CARRIER_LABELS[entry.carrier].zh}，parent "${parent}" 计量${CARRIER_LABELS[other.carrier].zh}`,
      `"${entry.id}" measures ${entry.carrier}, its parent "${parent}" ${other.carrier}`,
    ),
    say(`请写一个计量${CARRIER_LABELS[entry.carrier].zh}的测点`, `Write a point of ${entry.carrier}`),
  );
}

function checkItem(scope: Scope, entry: PointEntry, path: Path): void {
  if (entry.item === undefined || entry.carrier === 'electricity') return;
  scope.report(
    [...path, 'item'],
    'ITEM_FOREIGN',
    say(
      `只有用电分项，"${entry.id}" 计量${CARRIER_LABELS[entry.carrier].zh}`,
      `Items are of electricity; "${entry.id}" measures ${entry.carrier}`,
    ),
    say('请删去 item', 'Remove the item'),
    true,
  );
}

/** "p-main - p-canteen + p-solar": points apart by signs that stand alone. */
function termsOf(scope: Scope, entry: PointEntry, path: Path): readonly Term[] {
  const at: Path = [...path, 'formula'];
  const words = (entry.formula ?? '').trim().split(/\s+/);
  const tokens = words[0] === '+' || words[0] === '-' ? words : ['+', ...words];
  const terms: Term[] = [];
  for (let i = 0; i < tokens.length; i += 2) {
    const [sign, point] = [tokens[i], tokens[i + 1]];
    if ((sign !== '+' && sign !== '-') || point === undefined) {
      scope.report(
        at,
        'FORMULA_INVALID',
        say(`公式在 "${sign}" 处读不懂`, `The formula cannot be read at "${sign}"`),
        say(
          '请写测点和前后有空格的 + 或 -，例如 p-main - p-canteen',
          'Write points with + or - and spaces between: p-main - p-canteen',
        ),
      );
      return terms;
    }
    const other = scope.file.points.find(({ id }) => id === point);
    if (checkReference(scope, 'points', point, at) && other && other.carrier !== entry.carrier) {
      scope.report(
        at,
        'CARRIER_DIFFERS',
        say(
          `"${entry.id}" 计量${CARRIER_LABELS[entry.carrier].zh}，"${point}" 计量${CARRIER_LABELS[other.carrier].zh}`,
          `"${entry.id}" is ${entry.carrier}, "${point}" is ${other.carrier}`,
        ),
        say('公式里只能有同一种能源', 'A formula holds one carrier'),
      );
    }
    terms.push({ point, sign: sign === '+' ? 1 : -1 });
  }
  return terms;
}

function checkPointCycles(scope: Scope, points: readonly Point[]): void {
  const report = (key: 'parent' | 'formula', id: string, around: readonly string[]): void =>
    scope.report(
      ['points', points.findIndex((point) => point.id === id), key],
      key === 'parent' ? 'PARENT_CYCLE' : 'FORMULA_CYCLE',
      say(`测点互相引用：${around.join(' → ')}`, `Points that lead back to themselves: ${around.join(' → ')}`),
      say('请去掉其中一个引用', 'Remove one of the references'),
    );
  const parents = new Map(points.map((point) => [point.id, point.parent === undefined ? [] : [point.parent]]));
  checkCycles(parents, (id, around) => report('parent', id, around));
  const terms = new Map(points.map((point) => [point.id, (point.terms ?? []).map((term) => term.point)]));
  checkCycles(terms, (id, around) => report('formula', id, around));
}
