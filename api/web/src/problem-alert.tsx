import { Alert, Button } from 'antd';
import type { Problem } from './api.ts';
import { useSpeech } from './language.tsx';

interface ProblemAlertProps {
  readonly problem: Problem;
  /** There is nothing older to show. */
  readonly isBare: boolean;
  readonly again?: (() => void) | undefined;
  readonly className?: string;
}

/** That an answer did not come, in the language of the reader, with what the server said of it. */
export function ProblemAlert({ problem, isBare, again, className = '' }: ProblemAlertProps) {
  const { text } = useSpeech();
  const isSilent = problem.code === 'NO_ANSWER';
  return (
    <Alert
      className={className}
      type={isBare ? 'error' : 'warning'}
      showIcon
      title={isSilent ? text.noAnswer : text.failed}
      description={
        <>
          <div>{isSilent ? text.noAnswerCure : problem.detail}</div>
          {problem.cure !== undefined && <div>{problem.cure}</div>}
          {!isBare && <div>{text.olderShown}</div>}
        </>
      }
      action={again && <Button onClick={again}>{text.retry}</Button>}
    />
  );
}
