import { describe, expect, test } from 'vitest';
import { totalText } from '../../../../api/cli/commands/costs.ts';

const row = (fen: number | null, billedFen: number | null) => ({ fen, billedFen });

describe('the total of costs', () => {
  test('is told alone where every row has its cost by tariff, whatever the bills beside it', () => {
    expect(totalText('en', { totalFen: 150, rows: [row(100, 130), row(50, null)] })).toBe('total: 1.50 CNY');
  });

  test('tells the rows that are not in it, and what their bills come to', () => {
    const answer = { totalFen: 100, rows: [row(100, null), row(null, 2_500_000), row(null, 987_600), row(null, null)] };
    expect(totalText('en', answer)).toBe(
      'total: 1.00 CNY, without 3 rows that have no cost by tariff; bills among them: 34876.00 CNY',
    );
    expect(totalText('zh', answer)).toBe('合计: 1.00 元，不含 3 行没有按价计的费用；其中账单 34876.00 元');
  });
});
