import { useEffect } from 'react';
import { siteUrl } from '../../base/site.ts';
import { hashOf } from '../routes.ts';
import { studio } from '../state/studio.ts';
import { currentRun, liveRun, useStudio } from '../state/studio-store.ts';
import { Dialog } from '../ui/dialog.tsx';
import { machineWords, proofWords } from './machine-words.ts';
import styles from './machine-dialog.module.css';

/** What this machine offers, and what the run uses of it. */
export function MachineDialog({ onClose }: { onClose: () => void }) {
  const machine = useStudio((state) => state.machine);
  const engine = useStudio((state) => (liveRun(state) ?? currentRun(state))?.engine ?? null);
  // A run may have found out more since the page was opened.
  useEffect(() => void studio.probe(), []);
  return (
    <Dialog title="This machine" onClose={onClose}>
      {machine === null ? (
        <p>Looking at what this machine offers …</p>
      ) : (
        <dl className={styles['facts']}>
          <dt>Graphics</dt>
          <dd>{machine.gpu.description}</dd>
          {machine.gpu.kind !== 'none' && (
            <>
              <dt>Held against the CPU</dt>
              <dd>{proofWords(machine.gpu)}</dd>
            </>
          )}
          <dt>Trains on</dt>
          <dd>{machineWords(machine)}</dd>
          <dt>CPU threads</dt>
          <dd>
            {machine.threads}
            {machine.crossOriginIsolated
              ? ''
              : ', of which one can be used: the page is not cross-origin isolated'}
          </dd>
          {engine && (
            <>
              <dt>This run</dt>
              <dd>
                {engine.engine} on {engine.adapter}. {engine.reason}
              </dd>
            </>
          )}
        </dl>
      )}
      <p>
        <a href={hashOf('bench')} onClick={onClose}>
          Benchmark
        </a>
      </p>
      <p>
        <a href={siteUrl('licences.txt').href} target="_blank" rel="noreferrer">
          Licences of the software and fonts in the studio
        </a>
      </p>
    </Dialog>
  );
}
