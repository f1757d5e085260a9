/** Published figures that the rows must reproduce, kept apart from the rows themselves. */
export const ELECTRICITY_UP_IN_2023 = [
  '350000', // 福建
  '360000', // 江西
  '430000', // 湖南
  '440000', // 广东
  '450000', // 广西
  '500000', // 重庆
  '510000', // 四川
  '520000', // 贵州
  '530000', // 云南
  '630000', // 青海
];

/** Change of 2023 against 2022 as printed, per cent. The press prints −8.0 for the northeast; the values give −7.9. */
export const ELECTRICITY_CHANGE_2023 = {
  'grid:north': -6.1,
  'grid:northeast': -7.9,
  'grid:east': -2.1,
  'grid:central': -2.3,
  'grid:northwest': -5.4,
  'grid:south': 4.5,
  'grid:southwest': 9,
  '000000': -1.1,
} as const;

export const RESIDUAL_CHANGE_2023 = 4.1;

/** 冀晋津蒙皖 and 闽桂青川滇, as the press lists them for 2022. */
export const ELECTRICITY_EXTREMES_2022 = {
  highest: ['120000', '130000', '140000', '150000', '340000'],
  lowest: ['350000', '450000', '510000', '530000', '630000'],
};

/** Targets of the 14th plan as derived from the base of 2020. */
export const PLAN_14_DERIVED = {
  'energy-per-area': 17.556,
  'energy-per-person': 309.79,
  'water-per-person': 20.238,
} as const;

/**
 * JS/T 303-2026, table A.1: heating value (MJ per kg or m³) × kgCO2/TJ (IPCC 2006) × kg/L gives the printed factor.
 */
export const JST_303_FORMULAS = [
  { carrier: 'fuel-oil', heat: 41.816, perTJ: 77.4, density: true },
  { carrier: 'petrol', heat: 43.07, perTJ: 69.3, density: true },
  { carrier: 'diesel', heat: 42.652, perTJ: 74.1, density: true },
  { carrier: 'kerosene', heat: 43.07, perTJ: 71.9, density: true },
  { carrier: 'natural-gas', heat: 38.931, perTJ: 56.1, density: false },
  { carrier: 'lpg', heat: 50.179, perTJ: 63.1, density: false },
  { carrier: 'coke-oven-gas', heat: 17.981, perTJ: 44.4, density: false },
  { carrier: 'piped-gas', heat: 15.758, perTJ: 44.4, density: false },
] as const;
