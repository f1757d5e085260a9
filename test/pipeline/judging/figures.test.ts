import { describe, expect, it } from 'vitest';
import { figuresOf } from '../../../pipeline/judging/figures.ts';
import { loadCatalogue } from '../../../rules/catalogue/index.ts';
import { rateTables } from '../../../rules/conversion/index.ts';
import { kWh, m3, quantity, yearOf } from '../../rules/facts.ts';

const tables = rateTables(loadCatalogue());

describe('totals of a period', () => {
  it('leave out what is resold, water as well as energy: they are what the indicators divide', () => {
    const quantities = [
      quantity('electricity', kWh(90_000)),
      quantity('electricity', kWh(10_000), 'resold'),
      quantity('water', m3(700)),
      quantity('water', m3(300), 'resold'),
    ];
    const { answer } = figuresOf('year', yearOf(quantities), [], tables);
    const numerator = (metric: string) => answer.indicators.find((one) => one.metric === metric)?.numerator;
    expect(numerator('energy-per-area')).toEqual({ value: answer.totals.kgce, unit: 'kgce' });
    expect(numerator('water-per-person')).toEqual({ value: answer.totals.waterM3, unit: 'm3' });
  });
});
