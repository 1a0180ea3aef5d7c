import { Undo2 } from 'lucide-react';
import { Button } from '../ui/button.tsx';
import { Notice } from '../ui/notice.tsx';
import { forgetSource, takeBack, useFormSource, type FormSource, type Missing } from './form-source.ts';
import styles from './form-source-notice.module.css';

/** Where the recipe in the form came from, when a run or a link filled it, with the way back. */
export function FormSourceNotice() {
  const source = useFormSource((state) => state.source);
  const canGoBack = useFormSource((state) => state.before !== null);
  return (
    <div role="status">
      {source && (
        <Notice kind={source.kind === 'broken-link' ? 'warning' : 'info'} onDismiss={forgetSource}>
          <SourceWords source={source} />
          {canGoBack && (
            <p className={styles['back']}>
              <Button small icon={Undo2} onClick={takeBack}>
                Bring back what stood here
              </Button>
            </p>
          )}
        </Notice>
      )}
    </div>
  );
}

function SourceWords({ source }: { source: FormSource }) {
  switch (source.kind) {
    case 'run':
      return (
        <p>
          The recipe below is that of {source.runName}; change what you like and start.
          {source.missing.length > 0 && ` ${missingWords(source.missing)}`}
        </p>
      );
    case 'link':
      return (
        <p>
          The recipe below came with the link; no rows and no student came with it. Look it over and start.
        </p>
      );
    case 'broken-link':
      return (
        <>
          <p>The recipe in this link cannot be used, so that yours stands as it was:</p>
          <ul className={styles['problems']}>
            {source.problems.map((problem) => (
              <li key={problem}>{problem}</li>
            ))}
          </ul>
          <p>Ask for the link again: it may have been cut off.</p>
        </>
      );
    default:
      return source satisfies never;
  }
}

function missingWords(missing: readonly Missing[]): string {
  const names = missing.map((one) => (one === 'rows' ? 'its rows' : 'its student')).join(' and ');
  const words = `${names} ${missing.length === 1 && missing[0] === 'student' ? 'is' : 'are'} no longer here`;
  return `${words.charAt(0).toUpperCase()}${words.slice(1)}: what is chosen now is trained instead.`;
}
