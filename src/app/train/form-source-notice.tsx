import { Undo2 } from 'lucide-react';
import { useEffect } from 'react';
import { navigate } from '../routes.ts';
import { wantFromHub } from '../state/wanted-from-hub.ts';
import { Button } from '../ui/button.tsx';
import { Notice } from '../ui/notice.tsx';
import {
  forgetSource,
  takeBack,
  useFormSource,
  type FormSource,
  type Missing,
} from '../state/form-source.ts';
import styles from './form-source-notice.module.css';

/** Where the recipe in the form came from, when a run or a link filled it, with the way back. */
export function FormSourceNotice({ live }: { live: boolean }) {
  const source = useFormSource((state) => state.source);
  // What was filled in for a run has served once a run begins.
  useEffect(() => {
    if (live) forgetSource();
  }, [live]);
  const canGoBack = useFormSource((state) => state.before !== null);
  return (
    <div className={styles['status']} role="status">
      {source && (
        <Notice kind={source.kind === 'broken-link' ? 'warning' : 'info'} onDismiss={forgetSource}>
          <SourceWords source={source} />
          {live && source.kind !== 'broken-link' && <p>It waits in the form until this run has ended.</p>}
          {canGoBack && (
            <p className={styles['back']}>
              <Button small icon={Undo2} onClick={takeBack}>
                Bring back what was here
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
          The form has the recipe of {source.runName}: change what you like and start.
          {source.missing.length > 0 && ` ${missingWords(source.missing)}`}
        </p>
      );
    case 'link':
      return <LinkWords source={source} />;
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

/** What a link brought, and what of it is still to be fetched: by the person's own press. */
function LinkWords({ source: { wanted, took } }: { source: FormSource & { kind: 'link' } }) {
  const names = { student: 'student', data: 'rows' };
  const kept = (['student', 'data'] as const).filter((key) => wanted[key] === null && !took.includes(key));
  return (
    <>
      <p>
        The form has the recipe and the seed of the link
        {took.map((key) => `, and its ${names[key]}`).join('')}.
        {kept.length > 0 &&
          ` ${kept.length === 2 ? 'Rows and student are' : kept[0] === 'data' ? 'Rows are' : 'The student is'} your own, as chosen here.`}
      </p>
      {(['student', 'data'] as const).map((key) => {
        const place = wanted[key];
        if (place === null) return null;
        return (
          <p key={key}>
            Its {names[key]} {key === 'student' ? 'is' : 'are'} <code translate="no">{place}</code>, not here
            yet. Nothing is fetched until you say so:{' '}
            <Button
              small
              onClick={() => {
                wantFromHub(key, place);
                navigate(key);
              }}
            >
              {key === 'student' ? 'To Student, to look it up' : 'To Data, to look them up'}
            </Button>
          </p>
        );
      })}
    </>
  );
}

function missingWords(missing: readonly Missing[]): string {
  const names = missing.map((one) => (one === 'rows' ? 'its rows' : 'its student')).join(' and ');
  const words = `${names} ${missing.length === 1 && missing[0] === 'student' ? 'is' : 'are'} no longer here`;
  return `${words.charAt(0).toUpperCase()}${words.slice(1)}: what is chosen now is trained instead.`;
}
