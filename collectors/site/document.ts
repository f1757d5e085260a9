import { isMap, isNode, isPair, isScalar, isSeq, LineCounter, type Node, type Pair, parseDocument, visit } from 'yaml';
import { isKept, say } from '#domain';
import { type Path, type Problem, formatPath, type Report } from './problem.ts';

/** A YAML text with the places of its parts. */
export interface SiteDocument {
  readonly value: unknown;
  /** False where the text is no YAML, so that what follows would only be noise. */
  readonly readable: boolean;
  readonly report: Report;
  readonly problems: readonly Problem[];
}

export function readDocument(text: string, file: string): SiteDocument {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false, uniqueKeys: true });
  const problems: Problem[] = [];
  const add = (offset: number, problem: Omit<Problem, 'file' | 'line' | 'column'>): void => {
    const { line, col } = lines.linePos(offset);
    problems.push({ file, line, column: col, ...problem });
  };
  visit(document, {
    Scalar: (_, node) => {
      if (typeof node.value === 'number' && loses(node.value, node.source ?? '')) node.value = node.source;
      if (typeof node.value === 'string' && !isKept(node.value)) add(startOf(node) ?? 0, { path: '', ...UNKEPT });
    },
  });
  for (const error of document.errors) add(error.pos[0], { path: '', ...explain(error) });
  const report: Report = (path, code, wrong, instead, onKey = false) =>
    add(offsetOf(document.contents, path, onKey), { code, path: formatPath(path), wrong, instead });
  const readable = document.errors.every((error) => error.code === 'DUPLICATE_KEY');
  if (!readable) return { value: undefined, readable, report, problems };
  try {
    return { value: document.toJS(), readable, report, problems };
  } catch (error) {
    // an alias without its anchor, or aliases that multiply without end: yaml throws a ReferenceError
    const message = error instanceof Error ? error.message : String(error);
    add(0, { path: '', ...explain({ code: 'ALIAS', message }) });
    return { value: undefined, readable: false, report, problems };
  }
}

/** Numbers that would not be written the same again: 0042, 1e5, 0x1f, more than 15 digits. They stay text: serial numbers look like that. */
const loses = (value: number, source: string): boolean =>
  /^[-+]?0[\dxo]|e/i.test(source) || (Number.isInteger(value) && !Number.isSafeInteger(value));

/** Where the value of a path stands, or its key; of a path that does not exist, the nearest part that does. */
function offsetOf(root: unknown, path: Path, onKey: boolean): number {
  let node: unknown = root;
  let offset = startOf(root) ?? 0;
  for (const [i, part] of path.entries()) {
    const found = child(node, part);
    if (found === undefined) return offset;
    const last = i === path.length - 1;
    const key = isPair(found) ? startOf(found.key) : undefined;
    node = isPair(found) ? found.value : found;
    const own = startOf(node);
    const blockBelowKey = isPair(found) && (isMap(node) || isSeq(node)) && !node.flow;
    offset = (last && onKey) || blockBelowKey ? (key ?? own ?? offset) : (own ?? key ?? offset);
  }
  return offset;
}

function child(node: unknown, part: string | number): Pair | Node | undefined {
  if (isSeq(node) && typeof part === 'number') {
    const item = node.items[part];
    return isNode(item) ? item : undefined;
  }
  if (!isMap(node)) return undefined;
  return node.items.find((pair) => isScalar(pair.key) && String(pair.key.value) === String(part));
}

const startOf = (node: unknown): number | undefined => (isNode(node) ? node.range?.[0] : undefined);

const UNKEPT: Pick<Problem, 'code' | 'wrong' | 'instead'> = {
  code: 'TEXT_INVALID',
  wrong: say(
    '文字里有不能保存的字符（NUL 或半个字符）',
    'The text has a character that cannot be kept (NUL, or half of one)',
  ),
  instead: say('请重新输入这段文字', 'Type the text anew'),
};

function explain({
  code,
  message,
}: {
  readonly code: string;
  readonly message: string;
}): Pick<Problem, 'code' | 'wrong' | 'instead'> {
  const what = message.split('\n')[0] ?? message;
  if (code === 'TAB_AS_INDENT') {
    return {
      code: 'YAML_TAB',
      wrong: say('缩进里有制表符', 'A tab stands in the indentation'),
      instead: say('请用空格缩进', 'Indent with spaces'),
    };
  }
  if (code === 'DUPLICATE_KEY') {
    return {
      code: 'YAML_DUPLICATE_KEY',
      wrong: say('同一个键写了两次', 'The same key stands here twice'),
      instead: say('请删去其中一个，或合并两者', 'Remove one of them, or merge them'),
    };
  }
  const quote =
    code === 'UNEXPECTED_TOKEN' || code === 'MISSING_CHAR' || code === 'BLOCK_AS_IMPLICIT_KEY'
      ? say('；含逗号、冒号或 # 的文字请加引号', '; put quotes around a text with a comma, a colon or a #')
      : say('', '');
  return {
    code: 'YAML_SYNTAX',
    wrong: say(`这里不是有效的 YAML：${what}`, `This is not YAML: ${what}`),
    instead: say(`请检查缩进和引号${quote.zh}`, `Check indentation and quotes${quote.en}`),
  };
}
