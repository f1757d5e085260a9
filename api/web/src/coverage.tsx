import { useSpeech } from './language.tsx';

/** Of a period that runs: the last readings are always a little old. */
const RUNNING = 0.995;
/** Of a period that is over: what is shown as 100.0 %. */
const WHOLE = 0.9995;

/** How much of the period is evidenced, where it is not all of it: such figures compare with no others. */
export function Coverage({ of, running = false }: { readonly of: number; readonly running?: boolean }) {
  const { text } = useSpeech();
  if (of >= (running ? RUNNING : WHOLE)) return null;
  return (
    <span className="partial small" data-coverage={of}>
      {text.coverage} {coverageText(of)}
    </span>
  );
}

export const isWhole = (coverage: number): boolean => coverage >= WHOLE;

/** Rounded down: what is not whole never reads as 100.0 %. */
export const coverageText = (of: number): string => `${(Math.floor(of * 1_000) / 10).toFixed(1)} %`;
